"""Lessons for those who go by headings and links, such as readers of screens."""

import json
import re
from pathlib import Path

import pytest

from tests.helpers import LESSONS, ROOT

NOTEBOOKS = ROOT / "notebooks"
PAGES = [*LESSONS, NOTEBOOKS / "glossary.md", *sorted(NOTEBOOKS.glob("[a-z][a-z]/*.*"))]
pytestmark = pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.relative_to(NOTEBOOKS).as_posix()
)


def prose(path):
    """The Markdown of a page, without its blocks of code."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join(
            "".join(x["source"]) for x in cells if x["cell_type"] == "markdown"
        )
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(path):
    """Level and words of each heading of a page."""
    found = re.findall(r"^(#+) (.+)$", prose(path), re.MULTILINE)
    return [(len(signs), words) for signs, words in found]


def test_headings_are_in_order_and_each_has_words_of_its_own(path):
    levels, words = zip(*headings(path), strict=True)
    assert levels[0] == 1 and levels.count(1) == 1
    for before, after in zip(levels, levels[1:], strict=False):
        assert after <= before + 1, words
    assert len(set(words)) == len(words)  # or a link to one would be to two


def test_links_lead_to_files_and_headings_that_are_there(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"https?:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert Path(target).is_file(), link
        # As JupyterLab, GitHub and Sphinx make them of these headings.
        anchors = [words.replace(" ", "-") for _, words in headings(target)]
        assert not anchor or anchor in anchors, link


def test_links_say_where_they_lead(path):
    for words in re.findall(r"(?<!!)\[([^\]]+)\]\(", prose(path)):
        assert words.strip("*` ").lower() not in ("here", "link", "ici", "this")
