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


REDRAWN = """
from IPython.display import display
handle = display({'text/plain': 'begun'}, raw=True, display_id=True)
handle.update({'text/plain': 'finished'}, raw=True)"""
PROGRESS = """
import time
from tlcourse.progress import progress
for _ in progress(3, 'Looking'): time.sleep(0.15)"""
UNKNOWN = "UsageError: Line magic function `%no_such_magic` not found.\n"


def shown(text, **more):
    return new_output("display_data", data={"text/plain": text, **more})


LOOKED = "<span>Looking: 3 of 3, 1 min 2 s</span>"
PASSES = {
    "other numbers": ("print('12 apples, 0.93')", printed("7 apples, 1e-05\n")),
    "an output redrawn in place as it ends": (REDRAWN, shown("finished")),
    "a last value that a semicolon hides": ("40 + 2;",),
    "the course's progress bar": (
        PROGRESS,
        shown("Looking: 3 of 3, 9.1 s", **{"text/html": LOOKED}),
    ),
}
FAILS = {
    "other words": ("pears", "print('12 apples')", printed("12 pears\n")),
    "an output redrawn in place as it began": ("begun", REDRAWN, shown("begun")),
    "an unknown magic": ("no_such_magic", "%no_such_magic", printed(UNKNOWN, "stderr")),
    # At once: the cell's time limit is longer than the one of the subprocess.
    "a dead kernel": ("kernel died", "import os; os._exit(1)"),
}


@pytest.mark.parametrize("case", PASSES.values(), ids=PASSES)
def test_a_cell_passes(judge, case):
    code, text = judge(*case)
    assert code == 0, text


@pytest.mark.parametrize("case", FAILS.values(), ids=FAILS)
def test_a_cell_fails_with_words(judge, case):
    words, *cell = case
    code, text = judge(*cell)
    assert code == 1 and words in text, text


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_too_much_memory_fails(judge):
    code, text = judge("print('held:', len(b'x' * 100_000_000))", printed("held: 1\n"))
    assert code == 0 and re.search(r"lesson.ipynb +\d+ s +[12]\d\d MB", text), text
    code, text = judge("len(b'x' * 2_000_000_000);")
    assert code == 1 and "may hold 1900 at most" in text
