"""The command ``tlcourse``: open the lessons, run one, see what was done, check up."""

import argparse
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import webbrowser
from pathlib import Path

import tlcourse
from tlcourse import release, setup_check, slides
from tlcourse.progress import progress
from tlcourse.resources import draft_of, where

CELL_SECONDS = 600  # a cell that needs longer hangs; lessons take 90 s in all

STICK = "a folder that `tlcourse prefetch --to` has filled"


class Trouble(Exception):
    """Something that the user can mend; its message is the one sentence to print."""


def main(arguments=None):
    """Run the command and return its exit code (0 where all went well)."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot write ✓ gets a replacement, not a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    choice = _parser().parse_args(arguments)
    try:
        return choice.do(choice)
    except (Trouble, FileNotFoundError, FileExistsError) as problem:
        print(f"tlcourse: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="tlcourse", description=__doc__)
    parser.add_argument(
        "--version", action="version", version=f"tlcourse {tlcourse.__version__}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    lab = commands.add_parser("lab", help="copy the lessons here and open JupyterLab")
    lab.add_argument(
        "folder",
        nargs="?",
        default="tlcourse-lessons",
        help="where your copies go (default: %(default)s); your work is kept",
    )
    lab.add_argument("--from", dest="source", metavar="FOLDER", help=STICK)
    lab.add_argument("--no-browser", action="store_true", help="only print the address")
    lab.add_argument("--port", type=int, help="default: the first free one from 8888")
    lab.set_defaults(do=_lab)

    run = commands.add_parser("run", help="run a lesson without a browser; write HTML")
    run.add_argument("lesson", help="its number, such as 01, or a notebook file")
    run.add_argument(
        "--timeout",
        type=float,
        default=CELL_SECONDS,
        help="seconds that one cell may take (default: %(default)s)",
    )
    run.set_defaults(do=_run)

    done = commands.add_parser("record", help="what you have done, lesson by lesson")
    done.set_defaults(do=_record)

    certificate = commands.add_parser("certificate", help="write a page to print of it")
    certificate.add_argument("--name", required=True, help="as it should stand there")
    certificate.add_argument(
        "--out",
        default="tlcourse-certificate.html",
        metavar="FILE",
        help="default: %(default)s",
    )
    certificate.set_defaults(do=_certificate)

    fetch = commands.add_parser(
        "prefetch", help="fetch what lessons can use from the network"
    )
    names = {"nargs": "*", "metavar": "NAME", "action": "extend"}
    fetch.add_argument("--imagenet", help="models of keras.applications", **names)
    fetch.add_argument("--data", help="data sets, such as flowers", **names)
    fetch.add_argument(
        "--to", metavar="FOLDER", help="fill a folder for a room without a network"
    )
    fetch.set_defaults(do=_prefetch)

    doctor = commands.add_parser("doctor", help="is this computer ready?")
    doctor.add_argument(
        "--offline",
        action="store_true",
        help="does every lesson find all it needs with the network cut off?",
    )
    doctor.add_argument("--from", dest="source", metavar="FOLDER", help=STICK)
    doctor.add_argument(
        "--run", action="store_true", help="with --offline: run the lessons, 20 minutes"
    )
    doctor.set_defaults(do=_doctor)

    copies = commands.add_parser(
        "release", help="write the students' copies, for nbgrader or to hand out"
    )
    copies.add_argument("--out", required=True, metavar="FOLDER", help="a new folder")
    copies.add_argument(
        "--without-solutions",
        action="store_true",
        help="the copies open no solutions; who reads the installed package's files "
        "still finds them",
    )
    copies.set_defaults(do=_release)

    show = commands.add_parser("slides", help="write a lesson as slides, one HTML file")
    show.add_argument("lesson", help="its number, such as 01, or a notebook file")
    show.add_argument(
        "--out", metavar="FILE", help="default: NN_title.slides.html here"
    )
    show.set_defaults(do=_slides)
    return parser


def _prefetch(choice):
    from tlcourse import offline_folder, prefetch  # what follows loads Keras

    imagenet = prefetch.IMAGENET if choice.imagenet is None else choice.imagenet
    data = prefetch.DATA if choice.data is None else choice.data
    try:
        if choice.to:
            return 0 if offline_folder.fill(choice.to, imagenet, data) else 1
        return 0 if prefetch.prefetch(prefetch.keras_files(imagenet, data)) else 1
    except (prefetch.UnknownName, offline_folder.FolderTrouble) as problem:
        raise Trouble(problem) from None


# --- what was done --------------------------------------------------------------------


def _record(choice):
    from tlcourse import overview, record

    print(overview.my_progress())
    print(f"\nThe file: {record.file()}")
    return 0


def _certificate(choice):
    from tlcourse import certificate

    path = Path(choice.out)
    try:
        with _writing(path):
            certificate.write(choice.name, path)
    except ValueError as problem:
        raise Trouble(problem) from None
    print(f"Written: {path.resolve()}\nOpen it in a browser and print it: one A4 page.")
    return 0


# --- for instructors ------------------------------------------------------------------


def _release(choice):
    with _writing(choice.out):
        names = release.release(choice.out, choice.without_solutions)
    print(
        f"{len(names)} lessons are in {Path(choice.out).resolve()}: see README.md there"
    )
    return 0


def _slides(choice):
    lesson = find_lesson(choice.lesson)
    page = Path(choice.out or f"{lesson.stem}.slides.html")
    with _writing(page):
        slides.write(lesson, page)
    print(f"Written: {page.resolve()} (it needs no network; F: full screen, S: notes)")
    return 0


@contextlib.contextmanager
def _writing(path):
    try:
        yield
    except OSError as problem:
        if problem.errno is None:  # our own, in a sentence
            raise
        raise Trouble(f"{path} cannot be written ({problem.strerror}).") from None


# --- doctor ---------------------------------------------------------------------------


def _doctor(choice):
    if not choice.offline and (choice.run or choice.source):
        raise Trouble("--from and --run belong to tlcourse doctor --offline.")
    report = _offline(choice) if choice.offline else setup_check.report()
    text = repr(report)
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        for sign, colour in {"✓": 32, "✗": 31}.items():
            coloured = f"\033[{colour}m{sign}\033[0m"
            text = re.sub(f"^{sign}", coloured, text, flags=re.MULTILINE)
    print(text)
    return 0 if report.ok else 1


def _offline(choice):
    from tlcourse import offline_check, offline_folder

    try:
        return offline_check.report(choice.source, choice.run)
    except offline_folder.FolderTrouble as problem:
        raise Trouble(problem) from None


# --- lab ------------------------------------------------------------------------------


def copy_lessons(folder):
    """Copy the lessons into a folder, and never over work that is there.

    A hidden file in the folder remembers which edition of each lesson was copied. A
    copy that nobody touched follows a newer edition; a copy that the user changed is
    kept, and the newer edition is put beside it under a new name. Where a lesson's
    number has changed, an untouched copy takes the new one. Nothing is deleted. The
    course's own ``notebooks`` folder is left as it is. Gives sentences about the
    lessons kept.
    """
    folder, source = Path(folder), where("notebooks")
    if folder.exists() and folder.samefile(source):
        return []
    memory = folder / ".tlcourse" / "lessons.json"
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        copied = _read_memory(memory)
        # The glossary, too, and what is translated, in folders such as fr.
        lessons = [*source.glob("*.[im]*"), *source.glob("[a-z][a-z]/*.[im]*")]
        names = sorted(lesson.relative_to(source).as_posix() for lesson in lessons)
        gone = sorted(copied.keys() - set(names))
        sentences = [_follow(old, names, folder, copied) for old in gone]
        sentences += [_copy_lesson(name, source, folder, copied) for name in names]
        with draft_of(memory) as draft:
            draft.write_text(json.dumps(copied, indent=1), "utf-8")
    except OSError as problem:
        raise Trouble(
            f"the lessons cannot be copied to {folder} ({problem.strerror}). "
            "Name a folder of yours: tlcourse lab FOLDER"
        ) from None
    return [sentence for sentence in sentences if sentence]


def _read_memory(memory):
    try:
        return dict(json.loads(memory.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _follow(old, names, folder, copied):
    """Give the copy of a lesson that left the course its new name, if nobody worked."""
    before, mine = copied.pop(old), folder / old
    if not mine.exists():
        return None
    new = next((name for name in names if _unnumbered(name) == _unnumbered(old)), None)
    if new is None:
        return f"{old} is no longer a lesson of the course. Your copy was kept."
    if _hash(mine) != before or (folder / new).exists():
        return f"The lesson {old} is now {new}. Your {old} was kept."
    mine.rename(folder / new)
    copied[new] = before
    return None


def _unnumbered(name):
    return re.sub(r"(^|/)\d\d_", r"\1", name)


def _copy_lesson(name, source, folder, copied):
    """Bring one lesson; ``copied`` (lesson name to hash) is brought up to date."""
    lesson, mine = source / name, folder / name
    newest, before = _hash(lesson), copied.get(name)
    copied[name] = newest
    if not mine.exists() or _hash(mine) == before:
        with draft_of(mine) as draft:  # an interrupt must not leave half a lesson
            shutil.copyfile(lesson, draft)
        return None
    if before == newest or _hash(mine) == newest:
        return None  # the user's work on this very edition
    number = 2
    while (beside := mine.with_name(f"{mine.stem}_{number}{mine.suffix}")).exists():
        number += 1
    with draft_of(beside) as draft:
        shutil.copyfile(lesson, draft)
    newer = beside.relative_to(folder).as_posix()
    return f"Your {name} was kept; the newer lesson is {newer}."


def _hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _lab(choice):
    folder = Path(choice.folder)
    if choice.source:
        _take_from(choice.source)
    for sentence in copy_lessons(folder):
        print(sentence)
    lesson = next(iter(sorted(folder.glob("00_*.ipynb"))), None)
    port = free_port([choice.port] if choice.port else range(8888, 8988))
    token = secrets.token_hex(16)
    place = f"lab/tree/{lesson.name}" if lesson else "lab"
    print(f"The lessons are in {folder.resolve()}")
    print(f"JupyterLab: http://localhost:{port}/{place}?token={token}")
    print("Stop it with Ctrl-C. Your work stays in that folder.", flush=True)
    command, extra = lab_command(folder, place, port, choice.no_browser)
    # The token goes through the environment: other users can read a command line.
    environment = {**os.environ, **extra, "JUPYTER_TOKEN": token}
    if sys.platform == "win32":  # no exec there that keeps the terminal
        return subprocess.call(command, env=environment)
    os.execve(command[0], command, environment)


def _take_from(source):
    from tlcourse import offline_folder

    try:
        count = offline_folder.take_from(source)
    except offline_folder.FolderTrouble as problem:
        raise Trouble(problem) from None
    print(f"{count} files of models and data were copied from {source}.")


def lab_command(folder, place, port, no_browser=False):
    """Return the command line that serves a folder, and variables to add for it."""
    private = Path(folder).resolve() / ".tlcourse"
    command = [sys.executable, "-m", "jupyterlab"]
    command += [
        f"--ServerApp.root_dir={Path(folder).resolve()}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",  # or the printed address would be wrong
        "--ServerApp.answer_yes=True",  # Ctrl-C asks nothing
        f"--LabApp.default_url=/{place}",
        f"--LabApp.workspaces_dir={private / 'workspaces'}",  # no tabs of other work
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container's only user is often root
    if no_browser or not has_screen():
        command.append("--no-browser")
    # Defaults for the learner: no question about news, uploads of up to 1 GB where a
    # server would drop what exceeds 10 MB. Their own settings win.
    paths = [str(Path(__file__).parent / "lab"), os.environ.get("JUPYTER_CONFIG_PATH")]
    joined = os.pathsep.join(filter(None, paths))
    return command, {"JUPYTER_CONFIG_PATH": joined, "TLCOURSE_LAB": "yes"}


def has_screen():
    """Tell whether a browser can be opened for the person at this terminal."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


_promises = []  # open sockets, each for a port on which a lab of ours begins to serve


def free_port(ports=range(8888, 8988)):
    """Return the first port of this computer that nobody serves on or is about to.

    Seconds pass before a server that was started takes its port. Until it ends, this
    process holds the UDP port of the same number, which says that the port is promised.
    """
    for port in ports:
        promise = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                promise.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                promise.close()
                continue
        promise.set_inheritable(True)  # exec makes this process the server
        _promises.append(promise)
        return port
    one, many = f"port {ports[0]} is", f"all ports from {ports[0]} are"
    taken = one if len(ports) == 1 else many
    raise Trouble(f"{taken} taken. Name another: tlcourse lab --port NUMBER")


# --- run ------------------------------------------------------------------------------


def find_lesson(name):
    """Return the notebook for a number such as ``01``, or for a file's name."""
    if name.endswith(".ipynb"):
        if Path(name).is_file():
            return Path(name)
        raise Trouble(f"there is no file {name} here.")
    lessons = sorted(where("notebooks").glob("[0-9][0-9]_*.ipynb"))
    for lesson in lessons:
        if name.zfill(2) == lesson.name[:2] or name == lesson.stem:
            return lesson
    numbers = ", ".join(lesson.name[:2] for lesson in lessons)
    raise Trouble(f"there is no lesson {name}. There are: {numbers}.")


def _run(choice):
    from nbconvert import HTMLExporter

    lesson = find_lesson(choice.lesson)
    page = Path.cwd() / f"{lesson.stem}.html"
    # Better to know it now than after the lesson has run.
    if page.is_dir() or not os.access(page if page.exists() else page.parent, os.W_OK):
        raise Trouble(f"{page} cannot be written. Go to a folder of yours first.")
    notebook, problem = run_lesson(lesson, choice.timeout)
    resources = {"metadata": {"name": lesson.stem}}  # the title
    html, _ = HTMLExporter().from_notebook_node(notebook, resources=resources)
    page.write_text(html, "utf-8")
    print(f"Written: {page}")
    if problem:
        raise Trouble(problem)
    return 0


def run_lesson(lesson, timeout):
    """Run a notebook's cells in a kernel of its own, in the current folder.

    The file is not changed. Gives the notebook with the new outputs, up to where it
    came, and one sentence about what went wrong ("" if nothing did).
    """
    import nbformat
    from nbclient import NotebookClient, exceptions

    try:
        notebook = nbformat.read(lesson, as_version=4)
    except nbformat.reader.NotJSONError:
        raise Trouble(f"{lesson} is not a notebook.") from None
    cells = [pair for pair in enumerate(notebook.cells) if pair[1].cell_type == "code"]
    for _, cell in cells:
        cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook, timeout=timeout, kernel_name="python3", store_widget_state=False
    )
    bar = progress(cells, f"Lesson {lesson.stem[:2]}, cells")
    try:
        # The kernel's own log is no part of the lesson.
        with client.setup_kernel(cwd=str(Path.cwd()), stderr=subprocess.DEVNULL):
            for position, cell in bar:
                client.execute_cell(cell, position)
    except exceptions.CellExecutionError as problem:
        reason = f"{problem.ename}: {problem.evalue}".strip().splitlines()[0]
    except exceptions.CellTimeoutError:
        reason = f"it ran longer than {timeout:g} s. Give it more: --timeout SECONDS"
    except exceptions.DeadKernelError:
        reason = "Python was ended there, most often because the memory was full."
    else:
        return notebook, ""
    first_line = cell.source.strip().partition("\n")[0].strip()
    return notebook, (
        f"{lesson.name} stopped at code cell {bar.done + 1} of {len(cells)}, "
        f"which begins `{first_line}`: {reason}"
    )
