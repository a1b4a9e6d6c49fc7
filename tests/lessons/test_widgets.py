"""Every widget over a table: a picture first, named controls, and what it refuses.

The tables stand in each lesson's test_widget.py: ``SHOW`` opens the widget, ``FIRST``
begins the words of its first picture, ``CONTROLS`` are their names, ``PICTURES`` are
drawings of different values, and ``REFUSED`` is what bad values get. The freeze lab
is no such widget: all of its tests are its own.
"""

import importlib

import pytest

from tests.helpers import pixels
from tlcourse.exercises import lessons

LESSONS = [lesson for lesson in lessons.known() if lesson != "freezing"]
TABLES = {
    lesson: importlib.import_module(f"tests.lessons.{lesson}.test_widget")
    for lesson in LESSONS
}

every_widget = pytest.mark.parametrize("lesson", LESSONS)
pytestmark = pytest.mark.usefixtures("one_thread")


@every_widget
def test_it_is_a_picture_first_and_names_its_controls(lesson, capsys):
    table = TABLES[lesson]
    table.SHOW()
    said = capsys.readouterr().out
    assert said.startswith(table.FIRST)
    assert f"Controls: {table.CONTROLS}" in said


@every_widget
def test_other_values_draw_another_picture(lesson):
    pictures = [draw() for draw in TABLES[lesson].PICTURES]
    assert len({picture.png for picture in pictures}) == len(pictures) > 1
    assert all(pixels(picture).std() > 5 for picture in pictures)


@pytest.mark.parametrize(
    ("words", "draw"),
    [
        pytest.param(*row, id=f"{lesson} {row[0]}")
        for lesson in LESSONS
        for row in TABLES[lesson].REFUSED
    ],
)
def test_bad_values_are_refused_in_one_sentence(words, draw):
    with pytest.raises(ValueError, match=words) as problem:
        draw()
    assert "\n" not in str(problem.value) and str(problem.value).endswith(".")
