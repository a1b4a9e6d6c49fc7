"""Would every lesson run without a network? Behind ``tlcourse doctor --offline``.

A Python of its own, from which nothing can be reached, does for each lesson what could
want the network: its set-up cell, its imports, and each call by which it loads a model
or data. With ``--run`` it runs the lessons whole, in kernels from which nothing can be
reached either.
"""

import ast
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tlcourse import network_cut, offline_folder
from tlcourse.lessons import NUMBERS, notebook
from tlcourse.progress import progress
from tlcourse.setup_check import Check, Report

# What loads something. A call whose words are known only in the middle of a lesson is
# left out: it loads one of the bundled backbones, whose checksums doctor compares.
LOADING = (
    "tl.backbones.load", "tl.backbones.file", "tl.datasets.load", "tl.datasets.folder",
    "tl.evidence", "texts.load", "bert.load", "gpt.load", "multilingual.load",
)  # fmt: skip
FETCH = "where there is a network: tlcourse prefetch"
AGAIN = "install the course again: pip install --force-reinstall --no-deps tlcourse"


class OfflineReport(Report):
    """The lines of ``tlcourse doctor --offline``."""

    @property
    def verdict(self):
        """One sentence that sums up."""
        bad = sum(not check.ok for check in self)
        if not bad:
            return "Every lesson would run without a network."
        things = "One thing needs" if bad == 1 else f"{bad} things need"
        return f"{things} your attention: do what stands beside ✗, then check again."


def report(folder=None, run=False, lessons=tuple(NUMBERS)):
    """Try every lesson with the network cut off; gives an `OfflineReport`.

    Parameters
    ----------
    folder : path, optional
        One that ``tlcourse prefetch --to`` has filled: the lessons get nothing but what
        is in it, and not what this computer has already.
    run : bool
        Whether each lesson runs from top to bottom: about 20 minutes.
    lessons : sequence of str
        Names of lessons; all unless told.
    """
    with tempfile.TemporaryDirectory() as desk, contextlib.ExitStack() as stack:
        lines = []
        if folder is not None:
            stack.enter_context(offline_folder.homes_in(Path(desk)))
            lines = list(_folder(folder))
        how, results = _try_lessons(lessons, desk, run)
        lines.append(Check("Network", True, how))
        for name in lessons:
            missing = "Python was ended there, most often because the memory was full."
            problem, mend = results.get(name, (missing, "close other programs"))
            done = "runs" if run else "loads all it needs"
            title = notebook(name).stem.replace("_", " ")
            lines.append(Check(title, not problem, problem or done, mend))
        return OfflineReport(lines)


def _folder(folder):
    """Check a filled folder, and copy its models and data to where lessons look."""
    mend = "tlcourse prefetch --to FOLDER, where there is a network"
    spoilt = offline_folder.faults(folder)
    state = f"{len(offline_folder.sums(folder))} files as its checksums say"
    if spoilt:
        state = f"missing or damaged: {', '.join(spoilt[:5])}"
    else:
        offline_folder.take_from(folder)
    yield Check("Folder", not spoilt, state, mend if spoilt else "")
    problem = offline_folder.wheels_problem(folder)
    state = problem or "all that this Python needs to install the course"
    yield Check("Wheels", not problem, state, mend if problem else "")


def _try_lessons(lessons, desk, run):
    """Start the Python without a network; how it was cut off, and what came of each."""
    how = "cut off: Python refuses every connection to another computer"
    command = [sys.executable, "-m", "tlcourse.offline_check", *lessons]
    command += ["--run"] if run else []
    if words := network_cut.namespace():
        how = "cut off by the system: there is no way to another computer"
        command = [*words, *command, "--namespace"]
    # What is tried here is not a learner's work.
    own = {"PYTHONIOENCODING": "utf-8", "TLCOURSE_RECORD": f"{desk}/learner.json"}
    process = subprocess.Popen(
        command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        encoding="utf-8", env={**os.environ, **own},
    )  # fmt: skip
    results = {}
    with process, progress(len(lessons), "Without a network, lessons") as bar:
        for line in process.stdout:
            name, problem, mend = json.loads(line)
            results[name] = problem, mend
            bar.update()
    return how, results


def problem_of(error):
    """Give an exception as one line, and what to do about it."""
    from tlcourse.language.files import ModelNotAvailable

    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if isinstance(error, ImportError):
        return said, AGAIN
    if isinstance(error, (ModelNotAvailable, OSError)):
        if "pip install" in said:  # it says itself what to do
            return said, ""
        return said.partition(" and cannot be fetched")[0], FETCH
    return f"{type(error).__name__}: {said}", AGAIN


# --- in the Python without a network --------------------------------------------------


def load_all(name, done):
    """Do what a lesson loads; ``done``, a set of calls, is not done twice."""
    from IPython.core.inputtransformer2 import TransformerManager

    stored = json.loads(notebook(name).read_text("utf-8"))["cells"]
    sources = [
        TransformerManager().transform_cell("".join(cell["source"]))
        for cell in stored
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    ]
    scope = {"__name__": "__main__"}
    exec(sources[0], scope)  # the set-up cell
    for source in sources[1:]:
        tree = ast.parse(source)
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                exec(ast.unparse(node), scope)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in LOADING:
                _load(node, scope, done)


def _load(node, scope, done):
    words = [*node.args, *(each.value for each in node.keywords)]
    names = [x.id for word in words for x in ast.walk(word) if isinstance(x, ast.Name)]
    values = sorted((name, repr(scope.get(name))) for name in names)
    call = ast.unparse(node)
    if not set(names) <= set(scope) or (call, *values) in done:
        return
    eval(call, scope)
    done.add((call, *values))


def run_whole(name):
    """Run a lesson from top to bottom; what went wrong in a sentence, or ""."""
    path = str(notebook(name))
    command = [sys.executable, "-m", "tlcourse", "run", path]
    cut_first = {**os.environ, "PYTHONSTARTUP": network_cut.__file__}
    pipes = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(command, env=cut_first, encoding="utf-8", **pipes)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return said[-1].removeprefix("tlcourse: ") if said else "it stopped"


def main(words):
    """Try each lesson and print what came of it, a line of JSON each."""
    if "--namespace" in words:
        network_cut.wake_loopback()
    network_cut.cut()
    told, done = sys.stdout, set()
    for name in (word for word in words if word in NUMBERS):
        problem = mend = ""
        if "--run" in words:
            problem = run_whole(name)
            mend = FETCH if problem else ""
        else:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    load_all(name, done)
            except Exception as error:
                problem, mend = problem_of(error)
        print(json.dumps([name, problem, mend]), file=told, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
