"""The progress bar: in a kernel, on a terminal, in a log file."""

import io

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.helpers import refused
from tlcourse import progress as module
from tlcourse.progress import clock, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def screen(monkeypatch):
    """Return a function that puts a screen in the place of stderr.

    The test itself has to call it: pytest sets stderr anew after the fixtures.
    """

    def put(kind=Terminal):
        written = kind()
        monkeypatch.setattr("sys.stderr", written)
        return written

    return put


def test_it_passes_every_item_on_and_draws_nothing_where_it_is_not_shown(screen):
    assert list(progress("abc", "Letters")) == ["a", "b", "c"]
    assert list(progress(3)) == [0, 1, 2]
    terminal = screen()
    assert list(progress(3, "Training", show=False)) == [0, 1, 2]
    assert terminal.getvalue() == ""


def test_a_terminal_gets_a_bar_and_one_line_that_stays(screen, monkeypatch):
    terminal = screen()
    monkeypatch.setattr(module._Terminal, "every", 0)
    list(progress(4, "Training"))
    drawn = terminal.getvalue()
    assert "| 2/4" in drawn
    assert drawn.splitlines()[-1].strip().startswith("Training: 4 of 4, ")


def test_the_note_stands_behind_the_bar(screen):
    terminal = screen()
    with progress(2, "Training") as bar:
        bar.update(note="loss 0.9")
        bar.update(note="loss 0.7")
    assert terminal.getvalue().rstrip().endswith("loss 0.7")


def test_a_loop_that_is_left_early_says_so_and_an_error_passes_through(screen):
    terminal = screen()
    for number in progress(9, "Looking"):
        if number == 2:
            break
    assert "Looking: 2 of 9, stopped after" in terminal.getvalue()
    with pytest.raises(ZeroDivisionError):
        for _ in progress(3):
            _ = 1 / 0
    assert "0 of 3, stopped" in terminal.getvalue()


def test_in_a_log_a_short_loop_is_silent_and_a_long_one_plain(screen, monkeypatch):
    log = screen(io.StringIO)
    list(progress(3, "Training"))
    assert log.getvalue() == ""
    monkeypatch.setattr(module._Log, "every", 0)
    list(progress(iter("ab"), "Training"))
    assert log.getvalue().splitlines()[:2] == ["Training: 1", "Training: 2"]
    assert "\r" not in log.getvalue()


def test_a_kernel_gets_one_output_that_ends_as_a_plain_line():
    code = (
        "import time\nfrom tlcourse.progress import progress\n"
        "for _ in progress(3, 'A < B'): time.sleep(0.2)\n"
        "for _ in progress(5, 'Stop'): 1 / 0"
    )
    notebook = new_notebook(cells=[new_code_cell(code)])
    NotebookClient(notebook, timeout=60, allow_errors=True).execute()
    first, second, error = notebook.cells[0].outputs
    assert first.data["text/plain"].startswith("A < B: 3 of 3, ")
    assert first.data["text/html"].startswith("<span>A &lt; B: 3 of 3, ")
    assert second.data["text/plain"].startswith("Stop: 0 of 5, stopped after ")
    assert error.output_type == "error"


@pytest.mark.parametrize("steps", [-1, True, 2.5])
def test_a_bad_count_gets_one_clear_sentence(steps):
    refused("needs a number of steps", progress, steps)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (125, "2 min 5 s"), (3840, "1 h 4 min")],
)
def test_durations_in_words(seconds, words):
    assert clock(seconds) == words
