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
import urllib.parse
import urllib.request

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import tlcourse
from tests.helpers import ROOT
from tlcourse import cli
from tlcourse.setup_check import Check, Report


def write(path, *cells):
    code = [new_code_cell(cell) for cell in cells]
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), *code]), path)
    return path


def command(*words, **variables):
    """What starts a command of this checkout in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    line = [sys.executable, "-m", "tlcourse", *words]
    return {"args": line, "env": environment, "stdout": subprocess.PIPE, "text": True}


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


def test_lessons_are_copied_and_one_nobody_touched_follows_a_newer(bundled, desk):
    before = sorted(bundled.rglob("*"))
    assert cli.copy_lessons(bundled) == []
    assert sorted(bundled.rglob("*")) == before  # the course's own are left alone
    assert cli.copy_lessons("mine") == []
    copies = sorted((desk / "mine").glob("*.ipynb"))
    names = [path.name for path in copies]
    assert names == ["00_start_here.ipynb", "01_why_transfer.ipynb"]
    newer = write(bundled / "01_why_transfer.ipynb", "print('better')")
    assert cli.copy_lessons("mine") == []
    assert copies[1].read_bytes() == newer.read_bytes()


def test_translations_come_in_a_folder_of_their_own_and_work_on_them_is_kept(
    bundled, desk
):
    (bundled / "fr").mkdir()
    write(bundled / "fr" / "00_start_here.ipynb", "print('bonjour')")
    (bundled / "translations" / "fr").mkdir(parents=True)
    (bundled / "translations" / "fr" / "00_start_here.po").write_text("")
    assert cli.copy_lessons("mine") == []
    assert not (desk / "mine" / "translations").exists()
    mine = write(desk / "mine" / "fr" / "00_start_here.ipynb", "print('ma réponse')")
    before = mine.read_bytes()
    newer = write(bundled / "fr" / mine.name, "print('mieux')")
    (sentence,) = cli.copy_lessons("mine")
    assert sentence == (
        "Your fr/00_start_here.ipynb was kept; "
        "the newer lesson is fr/00_start_here_2.ipynb."
    )
    assert mine.read_bytes() == before
    beside = mine.with_stem("00_start_here_2")
    assert beside.read_bytes() == newer.read_bytes()
    assert cli.copy_lessons("mine") == []


def test_work_is_kept_and_a_newer_lesson_is_put_beside_it(bundled, desk):
    cli.copy_lessons("mine")
    mine = write(desk / "mine" / "01_why_transfer.ipynb", "print('my answer')")
    before = mine.read_bytes()
    assert cli.copy_lessons("mine") == cli.copy_lessons("mine") == []
    assert mine.read_bytes() == before
    assert len(list(mine.parent.glob("*.ipynb"))) == 2

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


def test_a_lesson_that_got_another_number_takes_the_untouched_copy_along(bundled, desk):
    cli.copy_lessons("mine")
    for old, new in (("01_why", "02_why"), ("00_start", "01_start")):
        (path,) = bundled.glob(f"{old}_*.ipynb")
        path.rename(path.with_name(path.name.replace(old, new)))
    write(bundled / "00_first_of_all.ipynb", "print('new')")
    write(bundled / "02_why_transfer.ipynb", "print('better')")
    before = write(desk / "mine" / "00_start_here.ipynb", "1 + 1").read_bytes()
    (sentence,) = cli.copy_lessons("mine")
    assert sentence == (
        "The lesson 00_start_here.ipynb is now 01_start_here.ipynb. "
        "Your 00_start_here.ipynb was kept."
    )
    names = sorted(path.name for path in (desk / "mine").glob("*"))
    assert names == [
        ".tlcourse", "00_first_of_all.ipynb", "00_start_here.ipynb",
        "01_start_here.ipynb", "02_why_transfer.ipynb",
    ]  # fmt: skip
    assert (desk / "mine" / "00_start_here.ipynb").read_bytes() == before
    for path in bundled.glob("*.ipynb"):
        assert (desk / "mine" / path.name).read_bytes() == path.read_bytes()
    assert cli.copy_lessons("mine") == []  # said once


def test_a_lesson_that_left_the_course_stays_with_its_learner(bundled, desk):
    cli.copy_lessons("mine")
    (bundled / "01_why_transfer.ipynb").unlink()
    (sentence,) = cli.copy_lessons("mine")
    assert sentence.startswith("01_why_transfer.ipynb is no longer a lesson")
    assert (desk / "mine" / "01_why_transfer.ipynb").exists()
    assert cli.copy_lessons("mine") == []


@pytest.mark.parametrize("memory", [None, "{", "[1]"])
def test_a_file_of_the_name_is_kept_though_nobody_remembers(bundled, desk, memory):
    folder = desk / "mine"
    (folder / ".tlcourse").mkdir(parents=True)
    if memory:
        (folder / ".tlcourse" / "lessons.json").write_text(memory)
    mine = write(folder / "01_why_transfer.ipynb", "print('something else')")
    before = mine.read_bytes()
    (sentence,) = cli.copy_lessons(folder)
    assert mine.read_bytes() == before and "was kept" in sentence


def test_the_screen_decides_about_the_browser(monkeypatch, tmp_path):
    for screen, no_browser in ((True, False), (True, True), (False, False)):
        with monkeypatch.context() as patch:
            patch.setattr(cli, "has_screen", lambda screen=screen: screen)
            line, _ = cli.lab_command(tmp_path, "lab", 8888, no_browser)
        assert ("--no-browser" in line) == (no_browser or not screen)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "CI", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not cli.has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cli.webbrowser, "get", lambda: None)
    assert cli.has_screen()
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4")
    assert not cli.has_screen()


def test_a_port_that_is_taken_is_passed_over_or_named(bundled, desk, capsys):
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 8888))
        except OSError:
            pass  # somebody else has it: just as good
        assert cli.free_port() > 8888
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


def test_two_labs_at_once_print_two_addresses_and_serve_lesson_00(tmp_path):
    labs = [
        subprocess.Popen(
            **command("lab", "--no-browser", str(tmp_path / name), PYTHONUNBUFFERED="1")
        )
        for name in ("mine", "yours")
    ]
    try:
        firsts = [[lab.stdout.readline() for _ in range(3)] for lab in labs]
        addresses = [
            next(line for line in lines if "http" in line).split()[-1]
            for lines in firsts
        ]
        ports = [urllib.parse.urlparse(address).port for address in addresses]
        assert ports[0] != ports[1]
        for address in addresses:
            assert "/lab/tree/00_start_here.ipynb?token=" in address
            assert "jupyter-config-data" in fetch(address)
        page = "lab/api/settings/@jupyterlab/apputils-extension:notification"
        settings = fetch(address.replace("lab/tree/00_start_here.ipynb", page))
        news = json.loads(settings)["schema"]["properties"]["fetchNews"]
        assert news["default"] == "false"
        with pytest.raises(urllib.error.HTTPError):
            fetch(address.split("?")[0].replace("lab/tree", "api/contents"))
    finally:
        for lab in labs:
            lab.terminate()
        for lab in labs:
            lab.wait(20)


@pytest.mark.parametrize(
    ("lesson", "stem", "words"),
    [
        ("1", "01_why_transfer", "two"),
        ("00_start_here", "00_start_here", "hello"),
        ("mine.ipynb", "mine", "of the learner"),
    ],
)
def test_run_writes_a_page_only_and_shows_a_bar_for_the_cells(
    bundled, desk, capsys, monkeypatch, lesson, stem, words
):
    write(desk / "mine.ipynb", "print('of the learner')")
    files = [*bundled.iterdir(), desk / "mine.ipynb"]
    before = [path.read_bytes() for path in files]
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    assert cli.main(["run", lesson]) == 0
    page = desk / f"{stem}.html"
    assert str(page) in capsys.readouterr().out
    for part in (words, f"<title>{stem}</title>"):
        assert part in page.read_text("utf-8")
    assert [path.read_bytes() for path in files] == before
    if lesson == "1":
        assert "0/2" in screen.getvalue()
        assert "Lesson 01, cells: 2 of 2" in screen.getvalue()


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("\n1 / 0  # oh\n2", "`1 / 0  # oh`: ZeroDivisionError: division by zero"),
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("run 07", "there is no lesson 07. There are: 00, 01."),
        ("run no.ipynb", "there is no file no.ipynb"),
        ("run broken.ipynb", "broken.ipynb is not a notebook"),
        ("run 01", "cannot be written"),
        ("lab taken", "cannot be copied to taken"),
        ("lab taken", "tlcourse lab FOLDER"),
    ],
)
def test_what_the_learner_can_mend_is_said(bundled, desk, capsys, arguments, words):
    (desk / "broken.ipynb").write_text("not JSON")
    (desk / "taken").write_text("a file")
    (desk / "01_why_transfer.html").mkdir()  # where the page would go
    assert cli.main(arguments.split()) == 1
    assert words in capsys.readouterr().err


def test_doctor_answers_with_its_exit_code_and_within_five_seconds(monkeypatch, capsys):
    for ok, code in ((True, 0), (False, 1)):
        told = Report([Check("Memory", ok, "7 GB", "" if ok else "close programs")])
        monkeypatch.setattr(cli.setup_check, "report", lambda told=told: told)
        assert cli.main(["doctor"]) == code
        printed = capsys.readouterr().out
        assert ("✓" if ok else "✗") in printed and ("close programs" in printed) != ok
    begun = time.monotonic()
    start = command("doctor", PYTHONIOENCODING="ascii")
    done = subprocess.run(**start, stderr=subprocess.PIPE)
    assert time.monotonic() - begun < 5
    assert "tensorflow" in done.stdout and not done.stderr


def test_the_version_and_a_missing_command(capsys):
    version = f"tlcourse {tlcourse.__version__}\n"
    for arguments, code, words in ((["--version"], 0, version), ([], 2, "COMMAND")):
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
    options = {"cwd": tmp_path, "env": env, "capture_output": True, "text": True}
    done = subprocess.run(["make", "lab", "PYTHON=false"], **options)
    assert done.returncode != 0
    assert done.stdout.startswith("tlcourse needs Python 3.11, 3.12 or 3.13")
    assert not (tmp_path / ".venv").exists()
