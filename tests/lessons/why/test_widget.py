"""The widget of the lesson."""

import functools

from tests.lessons.why.answers import table
from tlcourse.lessons.why import widget

SHOW, FIRST = (
    functools.partial(widget.how_many_labels, table()),
    "Line chart of test accuracy",
)
CONTROLS = "per class."
PICTURES = [lambda: widget.draw(table(), 1), lambda: widget.draw(table(), 50)]
REFUSED = []


def test_the_widget_says_what_transfer_is_worth():
    few, many = (draw() for draw in PICTURES)
    assert "about 50" in few.fig.axes[0].get_title(loc="left")
    assert "transfer 0.8" in few.alt
    assert "more than 50" in many.fig.axes[0].get_title(loc="left")
