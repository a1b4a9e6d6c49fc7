"""The pages for instructors agree with the lessons, and learners do not get them."""

import re

import nbformat
import pytest

from tests.helpers import LESSONS, ROOT
from tlcourse import cli

FOLDER = ROOT / "notebooks" / "instructor"
SECTIONS = {
    path.name: [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    ]
    for path in LESSONS
}
DAYS = re.findall(
    r"\|---\|---\|---\|\n((?:\|.*\n)+)", (FOLDER / "schedules.md").read_text("utf-8")
)


def test_links_lead_somewhere():
    for page in FOLDER.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert (FOLDER / link).is_file(), link


@pytest.mark.parametrize("day", DAYS)
def test_a_schedule_adds_up_and_gives_lessons_the_minutes_they_state(day):
    clock = 9 * 60
    for row in day.splitlines():
        start, minutes, what = (cell.strip() for cell in row.strip("|").split("|"))
        assert start == f"{clock // 60}:{clock % 60:02}", row
        clock += int(minutes)
        lesson = re.search(r"\((?:\.\./)(\w+\.ipynb)\)", what)
        if lesson:
            stated = re.search(r"\*\*Time:\*\* (\d+)", SECTIONS[lesson[1]][0])[1]
            assert minutes == stated, row


def test_every_lesson_has_its_note_and_what_may_be_skipped_is_there():
    text = (FOLDER / "notes.md").read_text("utf-8")
    notes = re.findall(r"^## \[.*\]\(\.\./(.+)\)\n([^#]*)", text, re.MULTILINE)
    assert [name for name, _ in notes] == [path.name for path in LESSONS]
    for name, note in notes:
        headings = re.findall(r"^#+ (.+)$", "\n".join(SECTIONS[name]), re.MULTILINE)
        skipped = re.findall(r'"([^"]+)"', note.split("**Skip.**")[1])
        assert skipped and set(skipped) <= set(headings), (name, skipped)


def test_learners_do_not_get_them(tmp_path):
    cli.copy_lessons(tmp_path / "mine")
    assert not list((tmp_path / "mine").rglob("*nstructor*"))
    assert not list((tmp_path / "mine").rglob("schedules.md"))
