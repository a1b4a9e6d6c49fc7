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


def test_nbgrader_knows_each_exercise_cell(path):
    for cell in cells(path):
        exercise = re.search(r'^check\("(.+)", answer\)', "".join(cell["source"]), re.M)
        # nbgrader's tools refuse a dot in a name. Nobody grades here: `tlcourse
        # release` adds the cell that does.
        assert cell["metadata"].get("nbgrader") == (
            exercise
            and {
                "grade": False,
                "grade_id": exercise[1].replace(".", "-"),
                "locked": False,
                "schema_version": 3,
                "solution": True,
                "task": False,
            }
        )


KERAS = re.compile(
    r"keras|\.(fit|compile|predict|evaluate|get_layer|get_weights|set_weights)\("
    r"|\.(trainable|layers|momentum|class_names)\b"
)


def test_a_lesson_is_short_and_speaks_keras_more_than_tl(path):
    words = sum(len("".join(x["source"]).split()) for x in cells(path, "markdown"))
    assert words <= 2000 and len(cells(path)) <= 30
    lines = [line for x in cells(path) for line in "".join(x["source"]).splitlines()]
    ours = [line for line in lines if re.search(r"\btl\.", line)]
    keras = [line for line in lines if KERAS.search(line) and line not in ours]
    assert len(keras) >= len(ours)


GLOSSARY = LESSONS[0].with_name("glossary.md").read_text("utf-8")
WORDS = re.findall("^## (.+)$", GLOSSARY, re.M)


def linked_words(text):
    """Words of the glossary in a text, and whether each is a link at first use."""
    other = r"```.*?```|^#.*?$|`[^`]*`|\$[^$]*\$|\[[^\]]*\]\((?!glossary)[^)]*\)"
    text = re.sub(other, " ", text, flags=re.M | re.S)
    for word in WORDS:
        first = re.search(rf"(?<![\w-]){word}(?![\w-])", text, re.I)
        if first:
            slug = word.replace(" ", "-")
            after = text[first.end() :].lstrip("*")
            yield word, after.startswith(f"](glossary.md#{slug})")


def test_words_are_linked_to_the_glossary_at_first_use(path):
    prose = "\n\n".join("".join(x["source"]) for x in cells(path, "markdown"))
    prose = prose.partition("## Set-up")[2].partition("## Where to read on")[0]
    links = dict(linked_words(prose))
    missing = [word for word, link in links.items() if not link]
    assert not missing
    assert "glossary.md#[" not in prose  # a link in a link
    targets = set(re.findall(r"glossary\.md#([\w-]+)", prose))
    assert targets <= {word.replace(" ", "-") for word in WORDS}
