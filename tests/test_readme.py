"""What README.md and CONTRIBUTING.md promise is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
COLAB = (
    "https://colab.research.google.com/github/tlcourse/tlcourse/blob/main/notebooks/"
)


def test_there_are_lessons():
    assert LESSONS


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_has_its_row_and_its_badge(lesson):
    (row,) = [line for line in README.splitlines() if f"(notebooks/{lesson})" in line]
    assert f"]({COLAB}{lesson})" in row


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_carries_its_own_badge(lesson):
    text = (ROOT / "notebooks" / lesson).read_text("utf-8")
    assert set(re.findall(re.escape(COLAB) + r"[\w.]+", text)) == {COLAB + lesson}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_inside_the_project_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text("utf-8"))
    for link in links:
        if not link.startswith("http"):
            assert (ROOT / link).exists(), link


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_make_commands_exist(page):
    rules = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", (ROOT / page).read_text("utf-8")):
        assert re.search(rf"^{target}:", rules, re.MULTILINE), target


def test_the_addresses_in_the_readme_are_of_lessons_that_exist():
    named = re.findall(r"notebooks/(\d\d_\w+\.ipynb)", README)
    assert set(named) == set(LESSONS)


def test_the_licences_are_there():
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    prose = (ROOT / "LICENSE-CC-BY-4.0").read_text("utf-8")
    assert "https://creativecommons.org/licenses/by/4.0/" in prose
