"""The check behind ``tlcourse doctor`` and lesson 00."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from importlib import metadata

import pytest

from tests.helpers import python
from tlcourse import resources, setup_check
from tlcourse.fetching import sha256
from tlcourse.setup_check import Check, Report, report


def one(name):
    (check,) = [check for check in report() if check.name == name]
    return check


def test_it_looks_at_everything_but_jupyterlab_on_colab_and_is_content(monkeypatch):
    found = report()
    assert found.ok and found[0].name == "Python", repr(found)
    pictures = {"Pictures in scikit-learn", "Pictures in scikit-image"}
    names = {"tensorflow", "keras", "Memory", "Backbone weights"} | pictures
    assert names <= {check.name for check in found}
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    assert "jupyterlab" not in [check.name for check in report()]


@pytest.mark.parametrize("harm", ["cut", "gone", "no card", "bad card"])
def test_spoilt_weights_are_named_with_a_way_to_mend(harm, tmp_path, monkeypatch):
    weights = tmp_path / "mobilenet_glyphs.weights.h5"
    weights.write_bytes(b"numbers")
    card, checksum = tmp_path / "mobilenet_glyphs.json", sha256(weights)
    card.write_text(json.dumps({"sha256": checksum}))
    monkeypatch.setattr(setup_check, "where", lambda kind: tmp_path)
    assert one("Backbone weights").ok
    spoil = {"cut": lambda: weights.write_bytes(b"numb"), "gone": weights.unlink}
    spoil |= {"bad card": lambda: card.write_text("[]"), "no card": card.unlink}
    spoil[harm]()
    check = one("Backbone weights")
    assert not check.ok and check.mend
    assert "none found" in check.state or "mobilenet_glyphs" in check.state


def test_a_package_and_a_python_that_do_not_fit_are_told(monkeypatch):
    for version in ((3, 10, 1), (3, 14, 0)):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "version_info", version)
            check = one("Python")
        assert not check.ok and "3.11 to 3.13" in check.mend
    monkeypatch.setattr(metadata, "version", lambda name: "3.2.0")
    check = one("keras")
    assert not check.ok and "3.2.0, but the course needs >=3" in check.state
    assert check.mend.startswith('pip install "keras>=3')

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert one("keras").state == "not installed"


def test_the_memory_of_a_container_counts_and_little_is_told(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "memory.current").write_text("1500000000\n")
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 100000000\n")
    monkeypatch.setattr(resources, "CGROUP", str(tmp_path))
    assert resources.available_memory() == 600_000_000
    monkeypatch.setattr(setup_check, "available_memory", lambda: 4e8)
    check = one("Memory")
    assert not check.ok and "0.4 GB free" in check.state and "close" in check.mend
    monkeypatch.setattr(setup_check, "available_memory", lambda: None)
    assert one("Memory").ok


def test_the_report_as_text_and_as_a_table_that_gathers_what_is_fine():
    shown = Report([Check("A", True, "1"), Check("B", False, "<2>", "do this")])
    assert not shown.ok and Report(shown[:1]).ok
    assert repr(shown).startswith("✓ A  1\n✗ B  <2>\n     To mend: do this\n")
    assert shown.verdict.startswith("One thing needs")
    page = shown._repr_html_()
    assert "&lt;2&gt;" in page and "✗ B" in page and "<caption>" in page
    assert "To mend" in page and "To mend" not in Report(shown[:1])._repr_html_()
    fine = [Check("keras", True, "3.15", package=True)]
    fine.append(Check("numpy", True, "2.4", package=True))
    scipy = Check("scipy", False, "not installed", "pip", package=True)
    page = Report([Check("Python", True, "3.12.1"), *fine, scipy])._repr_html_()
    assert "✓ 2 packages" in page and "keras 3.15, numpy 2.4" in page
    assert "✗ scipy" in page


def doctor(name, **variables):
    """Give doctor's line of a name, and what stands under it, in a new process."""
    code = "from tlcourse.setup_check import report\n"
    code += f"print(*((c.ok, c.state, c.mend) for c in report() if c.name == {name!r}))"
    done = python(code, **variables)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The Python of another, empty environment."""
    folder = tmp_path_factory.mktemp("other")
    venv.create(folder)
    return shutil.which("python", path=folder / "bin") or str(folder / "Scripts/python")


@pytest.mark.parametrize(
    ("kernel", "variables", "words"),
    [
        ("another", {"PYTHONPATH": ""}, "another environment, .*, without tlcourse"),
        ("another", {}, "with tensorflow missing, keras missing, .* other packages"),
        ("none", {}, "which is not there or does not answer"),
        ("damaged", {}, "cannot be read"),
    ],
)
def test_doctor_checks_the_notebooks_kernel(kernel, variables, words, other, tmp_path):
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    first = {"another": other, "none": "/no/python"}.get(kernel)
    command = [first, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": "", "env": variables}))
    if kernel == "damaged":
        spec.write_text("{")
    ok, state, mend = doctor("Kernel of notebooks", JUPYTER_PATH=str(tmp_path))
    assert not ok and re.search(words, state), state
    variables = os.environ | {"JUPYTER_PATH": str(tmp_path)}
    subprocess.run(shlex.split(mend), env=variables, check=True)
    ok, state, _ = doctor("Kernel of notebooks", JUPYTER_PATH=str(tmp_path))
    assert ok and state == "this Python"


def test_doctor_reads_keras_s_settings(tmp_path):
    name, settings = "Keras's settings", tmp_path / "keras.json"
    assert doctor(name, KERAS_HOME=str(tmp_path))[0]  # there are none
    for order in ("channels_last", "channels_first"):
        settings.write_text(json.dumps({"image_data_format": order}))
        ok, state, mend = doctor(name, KERAS_HOME=str(tmp_path))
        assert ok == (order == "channels_last") and order in state
    assert str(settings) in mend and '"channels_last"' in mend
