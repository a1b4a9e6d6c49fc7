"""The lessons as they are stored."""

import json
import re

import pytest

from tests.helpers import LESSONS
from tests.notebooks.stored import without_views

pytestmark = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def cells(path, kind="code"):
    notebook = json.loads(path.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_it_ran_in_a_fresh_kernel_that_all_have_and_github_can_show_it(path):
    counts = [cell["execution_count"] for cell in cells(path) if cell["source"]]
    assert counts == list(range(1, len(counts) + 1))
    notebook = json.loads(path.read_text("utf-8"))
    metadata = notebook["metadata"]
    assert metadata["kernelspec"]["name"] == "python3" and "widgets" not in metadata
    assert without_views(notebook) == 0, f"python tests/notebooks/stored.py {path}"
    assert path.stat().st_size < 3e6


def test_no_errors_no_warnings_and_no_folders_of_ours(path):
    for cell in cells(path):
        expected = "raises-exception" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]:
            assert output["output_type"] != "error" or expected
            assert output.get("name") != "stderr", output["text"]
            if output["output_type"] == "error":
                continue
            shown = json.dumps(output.get("text", output.get("data")))
            assert not re.search(r"/(root|home|tmp|Users|work)/", shown), shown[:300]


CRAFT = ("00", "01", "02", "03", "04")  # in the form that DESIGN asks of all lessons
KERAS = re.compile(
    r"keras|\.(fit|compile|predict|evaluate|get_layer|get_weights|set_weights)\("
    r"|\.(trainable|layers|momentum|class_names)\b"
)


def test_a_lesson_is_short_and_speaks_keras_more_than_tl(path):
    if path.name[:2] not in CRAFT:
        return
    words = sum(len("".join(x["source"]).split()) for x in cells(path, "markdown"))
    assert words <= 2000 and len(cells(path)) <= 30
    lines = [line for x in cells(path) for line in "".join(x["source"]).splitlines()]
    ours = [line for line in lines if re.search(r"\btl\.", line)]
    keras = [line for line in lines if KERAS.search(line) and line not in ours]
    # Lesson 03 looks at drawings of many networks, and has its Keras elsewhere.
    assert len(keras) >= (0.6 if path.name.startswith("03") else 1) * len(ours)
