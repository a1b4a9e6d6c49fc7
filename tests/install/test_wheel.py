"""The wheel, in an empty environment, used from a folder of its own, with no network.

uv installs it, TensorFlow and the rest: from its cache, where `make` has just put them.
"""

import os
import sys
import zipfile

import pytest

from tests.helpers import ROOT, run

# Nobody listens there, so whatever asks the network fails at once.
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
NO_NETWORK = dict.fromkeys(PROXIES, "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def newcomer(wheel, tmp_path_factory):
    """An environment with the wheel and nothing else; returns a way to run it."""
    home = tmp_path_factory.mktemp("newcomer")
    run(sys.executable, "-m", "venv", "--without-pip", home / "env")
    programs = home / "env" / ("Scripts" if os.name == "nt" else "bin")
    install = (sys.executable, "-m", "uv", "pip", "install", "--quiet")
    run(*install, "--python", programs / "python", wheel)
    desk = home / "desk"
    desk.mkdir()
    own = ("PYTHON", "JUPYTER", "KERAS", "TF_", "VIRTUAL_ENV")
    variables = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    variables |= {"HOME": str(home), "KERAS_HOME": str(home / "keras"), **NO_NETWORK}

    def tlcourse(*words):
        return run(programs / "tlcourse", *words, cwd=desk, env=variables)

    tlcourse.desk = desk
    return tlcourse


def test_the_wheel_carries_lessons_data_and_weights_and_nothing_else(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    for pattern in (
        "notebooks/*.ipynb",
        "notebooks/fr/*",
        "notebooks/instructor/*.md",
        "datasets/*/card.md",
    ):
        wanted = [path.relative_to(ROOT) for path in ROOT.glob(pattern)]
        assert wanted
        for path in wanted:
            assert f"tlcourse/_bundled/{path.as_posix()}" in inside
    for folder in ("weights", "slides/deck/static"):
        for path in (ROOT / "tlcourse" / folder).iterdir():
            assert f"tlcourse/{folder}/{path.name}" in inside
    for name in inside:
        assert name.startswith(("tlcourse/", "tlcourse-")), name
        assert "checkpoint" not in name and "__pycache__" not in name, name
    assert wheel.stat().st_size < 30e6


def test_doctor_finds_everything_and_lesson_01_runs_from_another_folder(newcomer):
    assert "Everything is ready" in newcomer("doctor")
    assert "Written:" in newcomer("run", "01")
    (page,) = newcomer.desk.glob("01_*.html")
    assert page.stat().st_size > 50_000
    assert sorted(path.name for path in newcomer.desk.iterdir()) == [page.name]
