"""What the prose of the lesson counts on."""

from tests.helpers import cells
from tlcourse import datasets
from tlcourse.lessons import notebook


def test_the_text_names_every_data_set_and_every_lesson():
    text = "\n".join(cells("start", "markdown"))
    for name in datasets.NAMES:
        assert f"* `{name}`" in text
    for lesson in notebook("start").parent.glob("0[1-9]_*.ipynb"):
        assert f"({lesson.name})" in text


def test_short_cells():
    # The first cell is the same in all lessons.
    for source in cells("start")[1:]:
        assert len([line for line in source.splitlines() if line.strip()]) <= 9, source
