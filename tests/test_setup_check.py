"""The check behind ``tlcourse doctor`` and lesson 00."""

import hashlib
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tlcourse import setup_check
from tlcourse.setup_check import Check, Report, report

ROOT = Path(__file__).parent.parent


def one(name):
    (check,) = [check for check in report() if check.name == name]
    return check


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder with one backbone's weights and card; return the weight file."""
    path = tmp_path / "mobilenet_glyphs.weights.h5"
    path.write_bytes(b"numbers")
    card = {"sha256": hashlib.sha256(b"numbers").hexdigest()}
    (tmp_path / "mobilenet_glyphs.json").write_text(json.dumps(card))
    monkeypatch.setattr(setup_check, "where", lambda kind: tmp_path)
    return path


def test_it_looks_at_everything():
    names = [check.name for check in report()]
    assert names[0] == "Python"
    for name in ("tensorflow", "keras", "Memory", "Backbone weights"):
        assert name in names
    assert "Pictures in scikit-learn" in names and "Pictures in scikit-image" in names


def test_this_computer_is_ready():
    assert report().ok, repr(report())


def test_tensorflow_is_not_imported():
    code = (
        "import sys; from tlcourse.setup_check import report; report()\n"
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_good_weights(weights):
    assert one("Backbone weights").ok


@pytest.mark.parametrize("harm", ["cut", "gone", "no card", "bad card"])
def test_spoilt_weights_are_named_with_a_way_to_mend(weights, harm):
    card = weights.with_name("mobilenet_glyphs.json")
    if harm == "cut":
        weights.write_bytes(b"numb")
    elif harm == "gone":
        weights.unlink()
    elif harm == "bad card":
        card.write_text("[]")
    else:
        card.unlink()
    check = one("Backbone weights")
    assert not check.ok and check.mend
    assert "none found" in check.state or "mobilenet_glyphs" in check.state


def test_an_old_and_a_missing_package(monkeypatch):
    real = metadata.version
    versions = {"keras": "3.2.0"}
    monkeypatch.setattr(
        metadata, "version", lambda name: versions.get(name, real(name))
    )
    check = one("keras")
    assert not check.ok and "3.2.0, but the course needs >=3" in check.state
    assert check.mend.startswith('pip install "keras>=3')

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert one("keras").state == "not installed"


@pytest.mark.parametrize("version", [(3, 10, 1), (3, 14, 0)])
def test_a_python_that_does_not_fit(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    check = one("Python")
    assert not check.ok and "3.11 to 3.13" in check.mend


def test_little_memory(monkeypatch):
    monkeypatch.setattr(setup_check, "free_memory", lambda: 4e8)
    check = one("Memory")
    assert not check.ok and "0.4 GB free" in check.state and "close" in check.mend
    monkeypatch.setattr(setup_check, "free_memory", lambda: None)
    assert one("Memory").ok


def test_the_memory_of_a_container_counts(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "memory.current").write_text("1500000000\n")
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 100000000\n")
    monkeypatch.setattr(setup_check, "CGROUP", str(tmp_path))
    assert setup_check.free_memory() == 600_000_000


def test_colab_needs_no_jupyterlab(monkeypatch):
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    assert "jupyterlab" not in [check.name for check in report()]


def test_the_report_as_text_and_as_a_table():
    shown = Report([Check("A", True, "1"), Check("B", False, "<2>", "do this")])
    assert not shown.ok and Report(shown[:1]).ok
    assert repr(shown).splitlines()[:3] == [
        "✓ A  1",
        "✗ B  <2>",
        "     To mend: do this",
    ]
    assert shown.verdict.startswith("One thing needs")
    page = shown._repr_html_()
    assert "&lt;2&gt;" in page and "✗ B" in page and "<caption>" in page
    assert "To mend" in page and "To mend" not in Report(shown[:1])._repr_html_()


def test_the_table_gathers_the_packages_that_are_fine():
    shown = Report(
        [
            Check("Python", True, "3.12.1"),
            Check("keras", True, "3.15", package=True),
            Check("numpy", True, "2.4", package=True),
            Check("scipy", False, "not installed", "pip", package=True),
        ]
    )
    page = shown._repr_html_()
    assert "✓ 2 packages" in page and "keras 3.15, numpy 2.4" in page
    assert "✗ scipy" in page
