"""What README.md and CONTRIBUTING.md promise is there."""

import json
import re

import pytest

from tests.helpers import LESSONS, ROOT, cells
from tlcourse import address
from tlcourse.lessons import NUMBERS

README = (ROOT / "README.md").read_text("utf-8")
GITHUB = "https://colab.research.google.com/github"
COLAB = "{}/{}/blob/{}/notebooks/".format(GITHUB, *address.current())


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.name)
def test_every_lesson_has_its_row_and_its_badge_there_and_in_itself(path):
    badge = COLAB + path.name
    place = f"(notebooks/{path.name})"
    (row,) = [line for line in README.splitlines() if place in line]
    assert f"]({badge})" in row
    text = path.read_text("utf-8")
    assert set(re.findall(re.escape(COLAB) + r"[\w.]+", text)) == {badge}


MEASURED = json.loads((ROOT / "tests/benchmarks/lessons.json").read_text("utf-8"))
MAPS = {
    "README": README.splitlines(),
    "lesson 00": "\n".join(cells("start", "markdown")).splitlines(),
}


@pytest.mark.parametrize("place", MAPS)
@pytest.mark.parametrize("name", NUMBERS)
def test_the_memory_of_every_lesson_is_measured_and_stated_in_both_maps(name, place):
    measured = MEASURED["lessons"][name]
    assert measured["date"] and "Keras" in measured["machine"]
    assert measured["peak_mb"] < 1900  # of the 2048 that Binder gives
    begins = re.compile(rf"\| \[?{NUMBERS[name]}\b")
    (row,) = [line for line in MAPS[place] if begins.match(line)]
    assert f"| {measured['peak_mb'] / 1024:.1f} |" in row


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_inside_the_project_and_make_commands_lead_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (ROOT / link).exists(), link
    rules = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", text):
        assert re.search(rf"^{target}:", rules, re.MULTILINE), target


def test_the_addresses_in_the_readme_are_of_lessons_that_exist():
    named = re.findall(r"notebooks/(\d\d_\w+\.ipynb)", README)
    assert LESSONS and set(named) == {path.name for path in LESSONS}


def test_the_licences_are_there():
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    prose = (ROOT / "LICENSE-CC-BY-4.0").read_text("utf-8")
    assert "https://creativecommons.org/licenses/by/4.0/" in prose
