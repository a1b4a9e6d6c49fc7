"""The mends of conftest.py, each on a small notebook that nbval alone judges wrong."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

HERE = Path(__file__).parent
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=60"]


@pytest.fixture
def judge(tmp_path):
    """Run nbval with the mends over one cell; return exit code, text and seconds."""

    def run(source, *outputs):
        cell = new_code_cell(source, execution_count=1, outputs=list(outputs))
        nbformat.write(new_notebook(cells=[cell]), tmp_path / "lesson.ipynb")
        shutil.copy(HERE / "conftest.py", tmp_path)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *NBVAL]
        command += [f"--nbval-sanitize-with={HERE / 'sanitise.cfg'}", "lesson.ipynb"]
        how = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 50}
        done = subprocess.run(command, **how)
        return done.returncode, done.stdout

    return run


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def test_words_are_compared_and_numbers_are_not(judge):
    code, text = judge("print('12 apples, 0.93')", printed("7 apples, 1e-05\n"))
    assert code == 0, text
    code, text = judge("print('12 apples')", printed("12 pears\n"))
    assert code == 1 and "pears" in text


def test_an_unknown_magic_fails(judge):
    said = "UsageError: Line magic function `%no_such_magic` not found.\n"
    code, text = judge("%no_such_magic", printed(said, "stderr"))
    assert code == 1 and "no_such_magic" in text


def test_a_dead_kernel_fails_at_once(judge):
    # The time limit of the cell is longer than the one of this test's subprocess.
    code, text = judge("import os; os._exit(1)")
    assert code == 1 and "kernel died" in text


def test_an_output_redrawn_in_place_is_compared_as_it_ends(judge):
    source = (
        "from IPython.display import display\n"
        "handle = display({'text/plain': 'begun'}, raw=True, display_id=True)\n"
        "handle.update({'text/plain': 'finished'}, raw=True)"
    )
    ended = new_output("display_data", data={"text/plain": "finished"})
    code, text = judge(source, ended)
    assert code == 0, text
    begun = new_output("display_data", data={"text/plain": "begun"})
    assert judge(source, begun)[0] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_too_much_memory_fails(judge):
    code, text = judge("print('held:', len(b'x' * 100_000_000))", printed("held: 1\n"))
    assert code == 0 and re.search(r"lesson.ipynb +\d+ s +[12]\d\d MB", text), text
    code, text = judge("len(b'x' * 2_000_000_000);")
    assert code == 1 and "may hold 1900 at most" in text


def test_a_semicolon_hides_the_last_value(judge):
    code, text = judge("40 + 2;")
    assert code == 0, text


def test_the_progress_bar_of_the_course_is_stable(judge):
    source = (
        "import time\n"
        "from tlcourse.progress import progress\n"
        "for _ in progress(3, 'Looking'): time.sleep(0.15)"
    )
    html = "<span>Looking: 3 of 3, 1 min 2 s</span>"
    data = {"text/plain": "Looking: 3 of 3, 9.1 s", "text/html": html}
    code, text = judge(source, new_output("display_data", data=data))
    assert code == 0, text
