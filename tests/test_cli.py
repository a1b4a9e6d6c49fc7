"""The commands lab, run and doctor."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import tlcourse
from tlcourse import cli
from tlcourse.setup_check import Check, Report

ROOT = Path(__file__).parent.parent


def write(path, *cells):
    code = [new_code_cell(cell) for cell in cells]
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), *code]), path)
    return path


def command(*words, **variables):
    """What starts a command of this checkout in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return {"args": [sys.executable, "-m", "tlcourse", *words], "env": environment}


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """Two small lessons in the place of the course's own."""
    folder = tmp_path / "bundled"
    folder.mkdir()
    write(folder / "00_start_here.ipynb", "print('hello')")
    write(folder / "01_why_transfer.ipynb", "print('one')", "print('two')")
    monkeypatch.setattr(cli, "where", lambda kind: folder)
    return folder


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """The learner's current folder."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# --- lab: copying ---------------------------------------------------------------------


@pytest.fixture
def work(bundled, desk):
    """A copied lesson that the learner has changed, and what it holds."""
    cli.copy_lessons("mine")
    mine = write(desk / "mine" / "01_why_transfer.ipynb", "print('my answer')")
    return mine, mine.read_bytes()


def test_the_lessons_are_copied(bundled, desk):
    assert cli.copy_lessons("mine") == []
    copies = sorted(path.name for path in (desk / "mine").glob("*.ipynb"))
    assert copies == ["00_start_here.ipynb", "01_why_transfer.ipynb"]


def test_work_is_kept_and_nothing_is_said_about_it(work):
    mine, before = work
    for _ in range(2):
        assert cli.copy_lessons("mine") == []
    assert mine.read_bytes() == before
    assert len(list(mine.parent.glob("*.ipynb"))) == 2


def test_a_newer_lesson_is_put_beside_the_work(bundled, work):
    mine, before = work
    newer = write(bundled / mine.name, "print('better')")
    (sentence,) = cli.copy_lessons("mine")
    assert "01_why_transfer.ipynb was kept" in sentence
    beside = mine.with_stem("01_why_transfer_2")
    assert beside.name in sentence and beside.read_bytes() == newer.read_bytes()
    assert mine.read_bytes() == before
    assert cli.copy_lessons("mine") == []  # once is enough

    newest = write(bundled / mine.name, "print('best')")
    cli.copy_lessons("mine")
    assert beside.read_bytes() != newest.read_bytes()
    assert mine.with_stem("01_why_transfer_3").exists()


def test_a_copy_that_nobody_touched_follows_the_newer_lesson(bundled, desk):
    cli.copy_lessons("mine")
    newer = write(bundled / "01_why_transfer.ipynb", "print('better')")
    assert cli.copy_lessons("mine") == []
    copy = desk / "mine" / "01_why_transfer.ipynb"
    assert copy.read_bytes() == newer.read_bytes()


@pytest.mark.parametrize("memory", [None, "{", "[1]"])
def test_a_file_of_the_same_name_is_kept_though_nobody_remembers_it(
    bundled, desk, memory
):
    folder = desk / "mine"
    (folder / ".tlcourse").mkdir(parents=True)
    if memory:
        (folder / ".tlcourse" / "lessons.json").write_text(memory)
    mine = write(folder / "01_why_transfer.ipynb", "print('something else')")
    before = mine.read_bytes()
    (sentence,) = cli.copy_lessons(folder)
    assert mine.read_bytes() == before and "was kept" in sentence


def test_the_course_s_own_folder_is_left_as_it_is(bundled):
    before = sorted(bundled.rglob("*"))
    assert cli.copy_lessons(bundled) == []
    assert sorted(bundled.rglob("*")) == before


def test_a_folder_that_cannot_be_written(bundled, desk, capsys):
    (desk / "taken").write_text("a file")
    assert cli.main(["lab", "taken"]) == 1
    printed = capsys.readouterr().err
    assert "cannot be copied to taken" in printed and "tlcourse lab FOLDER" in printed


# --- lab: serving ---------------------------------------------------------------------


def test_the_screen_decides_about_the_browser(monkeypatch, tmp_path):
    for screen, no_browser in ((True, False), (True, True), (False, False)):
        monkeypatch.setattr(cli, "has_screen", lambda screen=screen: screen)
        line, _ = cli.lab_command(tmp_path, "lab", 8888, no_browser)
        assert ("--no-browser" in line) == (no_browser or not screen)


def test_no_screen_over_ssh_or_without_a_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "CI", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not cli.has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cli.webbrowser, "get", lambda: None)
    assert cli.has_screen()
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4")
    assert not cli.has_screen()


def test_a_port_that_is_taken_is_passed_over():
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 8888))
        except OSError:
            pass  # somebody else has it: just as good
        assert cli.free_port() > 8888


def test_a_port_that_was_asked_for_and_is_taken(bundled, desk, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        assert cli.main(["lab", "--port", port]) == 1
    assert f"port {port} is taken" in capsys.readouterr().err


def fetch(address, seconds=60):
    """Read an address, once the server is up."""
    ends = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as page:
                return page.read().decode()
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.3)


def test_lab_serves_lesson_00_and_prints_the_address(tmp_path):
    start = command("lab", "--no-browser", str(tmp_path / "my"), PYTHONUNBUFFERED="1")
    server = subprocess.Popen(**start, stdout=subprocess.PIPE, text=True)
    try:
        lines = [server.stdout.readline() for _ in range(3)]
        address = next(line for line in lines if "http" in line).split()[-1]
        assert "/lab/tree/00_start_here.ipynb?token=" in address
        assert "jupyter-config-data" in fetch(address)
        page = "lab/api/settings/@jupyterlab/apputils-extension:notification"
        settings = fetch(address.replace("lab/tree/00_start_here.ipynb", page))
        news = json.loads(settings)["schema"]["properties"]["fetchNews"]
        assert news["default"] == "false"
        with pytest.raises(urllib.error.HTTPError):
            fetch(address.split("?")[0].replace("lab/tree", "api/contents"))
    finally:
        server.terminate()
        server.wait(20)


# --- run ------------------------------------------------------------------------------


def test_run_writes_the_page(bundled, desk, capsys):
    assert cli.main(["run", "1"]) == 0
    page = (desk / "01_why_transfer.html").read_text("utf-8")
    assert "two" in page and "<title>01_why_transfer</title>" in page
    assert str(desk / "01_why_transfer.html") in capsys.readouterr().out


def test_run_shows_a_bar_for_the_cells(bundled, desk, monkeypatch):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    assert cli.main(["run", "01"]) == 0
    assert "0/2" in screen.getvalue()
    assert "Lesson 01, cells: 2 of 2" in screen.getvalue()


def test_the_lesson_itself_is_not_changed(bundled, desk):
    before = (bundled / "00_start_here.ipynb").read_bytes()
    assert cli.main(["run", "00_start_here"]) == 0
    assert (bundled / "00_start_here.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            "\nb = 1 / 0  # oh\nprint(b)",
            "`b = 1 / 0  # oh`: ZeroDivisionError: division by zero",
        ),
        ("import time; time.sleep(60)", "longer than 5 s"),
        ("import os; os._exit(1)", "Python was ended there"),
    ],
    ids=["an error", "hangs", "the kernel dies"],
)
def test_a_failing_cell_is_named(bundled, desk, capsys, cell, words):
    write(bundled / "02_x.ipynb", "print('before')", cell, "print('no')")
    assert cli.main(["run", "02", "--timeout", "5"]) == 1
    printed = capsys.readouterr().err
    assert "02_x.ipynb stopped at code cell 2 of 3" in printed and words in printed
    page = (desk / "02_x.html").read_text("utf-8")
    assert "before" in page and ("ZeroDivisionError" in page) == ("Zero" in words)


def test_a_notebook_of_the_learner_s(bundled, desk):
    write(desk / "mine.ipynb", "print('mine')")
    assert cli.main(["run", "mine.ipynb"]) == 0
    assert (desk / "mine.html").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("07", "there is no lesson 07. There are: 00, 01."),
        ("no.ipynb", "there is no file no.ipynb"),
        ("broken.ipynb", "broken.ipynb is not a notebook"),
    ],
)
def test_an_unknown_lesson(bundled, desk, capsys, name, words):
    (desk / "broken.ipynb").write_text("not JSON")
    assert cli.main(["run", name]) == 1
    assert words in capsys.readouterr().err


def test_a_folder_where_no_page_can_be_written(bundled, desk, capsys):
    (desk / "01_why_transfer.html").mkdir()
    assert cli.main(["run", "01"]) == 1
    assert "cannot be written" in capsys.readouterr().err


# --- doctor and the rest --------------------------------------------------------------


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_doctor_answers_with_its_exit_code(monkeypatch, capsys, ok, code):
    report = Report([Check("Memory", ok, "7 GB", "" if ok else "close programs")])
    monkeypatch.setattr(cli.setup_check, "report", lambda: report)
    assert cli.main(["doctor"]) == code
    printed = capsys.readouterr().out
    assert ("✓" if ok else "✗") in printed and ("close programs" in printed) != ok


def test_doctor_is_done_within_five_seconds():
    begun = time.monotonic()
    start = command("doctor", PYTHONIOENCODING="ascii")
    done = subprocess.run(**start, capture_output=True, text=True)
    assert time.monotonic() - begun < 5
    assert "tensorflow" in done.stdout and not done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [(["--version"], 0, f"tlcourse {tlcourse.__version__}\n"), ([], 2, "COMMAND")],
)
def test_the_version_and_a_missing_command(capsys, arguments, code, words):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == code
    assert words in "".join(capsys.readouterr())


@pytest.mark.skipif(not shutil.which("make"), reason="make is not here")
def test_make_says_one_clear_sentence_where_python_does_not_fit(tmp_path):
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    # Not as a part of the `make test` that we are in.
    env = {key: value for key, value in os.environ.items() if "MAKE" not in key}
    done = subprocess.run(
        ["make", "lab", "PYTHON=false"],
        cwd=tmp_path, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stdout.startswith("tlcourse needs Python 3.11, 3.12 or 3.13")
    assert not (tmp_path / ".venv").exists()
