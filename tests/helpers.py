"""What many tests do: read a lesson, check an answer, look at a picture, ask a kernel.

A lesson goes by its name, as everywhere: "choosing".
"""

import ast
import dataclasses
import functools
import io
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from queue import Empty

import numpy as np
import pytest
import scipy.stats
from PIL import Image

import tlcourse as tl
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.quiet import import_keras

ROOT = Path(__file__).parents[1]
# ImageNet weights as Keras caches them; only where this project is made.
CACHED_WEIGHTS = ROOT.resolve().parent / "shared" / "keras_home"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(lesson, kind="code"):
    """Give the text of each of a lesson's cells of a kind, code or markdown."""
    stored = json.loads(notebook(lesson).read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in stored if cell["cell_type"] == kind]


def the_cell(lesson, words):
    """Give the text of the one cell of code that has these words."""
    [found] = [cell for cell in cells(lesson) if words in cell]
    return found


def defined(lesson, *names, **given):
    """Run a lesson's own functions, by names, and nothing else that its cells do.

    Name those of the lesson that they call too, and give what else they take from
    it besides its imports (``pair=views``). Returns a dict of all these by name.
    """
    python = re.sub(r"^( *)%.*", r"\1pass", "\n".join(cells(lesson)), flags=re.M)
    tops = ast.parse(python).body
    wanted = [top for top in tops if getattr(top, "name", None) in names]
    missing = set(names) - {top.name for top in wanted}
    assert not missing, f"{lesson} has no function {missing}"
    parts = (part for top in wanted for part in ast.walk(top))
    used = {part.id for part in parts if isinstance(part, ast.Name)}
    imports = [
        top
        for top in tops
        if isinstance(top, ast.Import | ast.ImportFrom)
        and any((each.asname or each.name) in used for each in top.names)
    ]
    scope = {}
    exec(compile(ast.Module(imports, []), f"imports of {lesson}", "exec"), scope)
    scope.update(given)
    exec(compile(ast.Module(wanted, []), f"functions of {lesson}", "exec"), scope)
    return scope


def failure(name, answer):
    """Give what fails, as (the property, what was found instead), or None."""
    return checking.first_failure(lessons.exercise(name), answer)


def solved(name, **names):
    """Give the answer of an exercise's solution, which takes names from the lesson."""
    exec(lessons.exercise(name).solution, names)
    return names["answer"]


def naive_start(name, **names):
    """Give the answer with which the lesson's cell begins."""
    names["check"] = lambda *what: None
    exec(the_cell(name.partition(".")[0], f'check("{name}"'), names)
    return names["answer"]


def refused(words, call, *given, **options):
    """Hold that a call raises a ValueError in these words, and give its message."""
    with pytest.raises(ValueError, match=words) as caught:
        call(*given, **options)
    return str(caught.value)


def assert_same(ours, theirs, atol=0):
    """Hold that the arrays of two lists have the same numbers, one by one."""
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


def transfer(backbone, task, plan=0, epochs=20, **options):
    """Train by a plan, a schedule, or the last so many blocks."""
    if isinstance(plan, int):
        plan = tl.FreezePlan.last(backbone, plan)
    return tl.transfer(backbone, task, plan, epochs, show_progress=False, **options)


class Later:
    """An answer of a table that is only made when its test runs."""

    def __init__(self, make):
        self.make = make


def pixels(picture):
    """Give a Picture's pixels, an array of shape (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))


def words_in(axes):
    """Give what is written inside axes, a list of str."""
    return [text.get_text() for text in axes.texts]


def interval(values):
    """Give both ends of the 95 % interval of a mean.

    Where two things shared their draws, give their differences: pairs count.
    """
    values = np.asarray(values, float)
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * scipy.stats.sem(values)
    return values.mean() - half, values.mean() + half


@functools.cache
def load_backbone(source, **options):
    """Give the course's MobileNet, loaded once a session; "random" is no source."""
    source = None if source == "random" else source
    return tl.backbones.load("mobilenet", source=source, **options)


def write_lesson(folder, checks, quiz):
    """Write a lesson named trial: its checks.py and its quiz.md."""
    lesson = folder / "trial"
    lesson.mkdir()
    (lesson / "checks.py").write_text(checks)
    (lesson / "quiz.md").write_text(quiz)


def python(code, *words, without_course=False, **variables):
    """Run code in a new process, of this checkout or where the course is unknown."""
    options = ["-c", code]
    if without_course:
        options = ["-I", "-c", f"import sys; sys.modules['tlcourse'] = None\n{code}"]
    command = [sys.executable, *options, *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)


def run(*command, **settings):
    """Run a command; return what it printed, or fail with it."""
    command = [str(part) for part in command]
    outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    settings |= {"stdin": subprocess.DEVNULL, "timeout": 1200, **outputs}
    done = subprocess.run(command, **settings)
    assert done.returncode == 0, done.stdout
    return done.stdout


def started(code, *words, **variables):
    """Start code in a new process of this checkout; a Popen with pipes."""
    command = [sys.executable, "-c", code, *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, env=env, text=True, **pipes)


class Kernel:
    """A kernel that runs code and gets the messages a browser's widgets would send."""

    def __init__(self, client):
        self.client = client

    def messages(self, request, until_idle=True, seconds=60.0):
        """What the kernel publishes for a request, or for all in some seconds."""
        end, found = time.monotonic() + seconds, []
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=0.1)
            except Empty:
                continue
            found.append(message)
            content = message["content"]
            mine = message["parent_header"].get("msg_id") == request
            if until_idle and mine and content.get("execution_state") == "idle":
                return found
        if until_idle:
            raise TimeoutError(f"The kernel is not idle after {seconds} s.")
        return found

    def run(self, code):
        """Run code; return the outputs as (message type, content)."""
        found = self.messages(self.client.execute(textwrap.dedent(code)))
        kinds = ("stream", "display_data", "update_display_data", "error")
        return [(m["msg_type"], m["content"]) for m in found if m["msg_type"] in kinds]

    def value(self, expression):
        """What an expression prints."""
        outputs = self.run(f"print({expression})")
        assert {kind for kind, _ in outputs} == {"stream"}, outputs
        # A busy kernel may send a line and its end one after the other.
        return "".join(content["text"] for _, content in outputs).strip()

    def move(self, model_id, **state):
        """Send what the browser sends when a control is moved; the message's id."""
        return self._send(model_id, method="update", state=state, buffer_paths=[])

    def click(self, model_id):
        """Send what the browser sends when a button is clicked; the message's id."""
        return self._send(model_id, method="custom", content={"event": "click"})

    def _send(self, model_id, **data):
        session = self.client.session
        message = session.msg("comm_msg", {"comm_id": model_id, "data": data})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]


def short_backbone():
    """The first blocks, at 32 px: TensorFlow takes long to trace all of them."""
    whole = load_backbone("glyphs", input_size=32)
    end = whole.model.get_layer(whole.blocks[2].output).output
    part = import_keras().Model(whole.model.input, end)
    return dataclasses.replace(whole, model=part, blocks=whole.blocks[:3])
