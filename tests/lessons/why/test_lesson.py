"""Figures and widget of the lesson."""

import functools

import numpy as np

from tests.lessons.why.answers import table
from tests.test_plots import summary
from tlcourse.lessons.why import widget
from tlcourse.lessons.why.figures import worth


def reached():
    pair = "features", "from_scratch"
    return worth(summary(), 1, *pair, needed=20.0, chance=0.1)


def worth_of(labels, needed):
    return worth(summary(), labels, "from_scratch", "features", needed=needed)


FIGURES = {
    "worth": (reached, "features 0.50 (0.45 to 0.55)"),
    "worth_unreached": (lambda: worth_of(50, np.inf),),
}
SHOW = functools.partial(widget.how_many_labels, table())
FIRST, CONTROLS = "Line chart of test accuracy", "per class."
PICTURES = [lambda: widget.draw(table(), 1), lambda: widget.draw(table(), 50)]
REFUSED = [("one row for 'from_scratch' with 3 labels", lambda: worth_of(3, 20.0))]


def title(picture):
    return picture.fig.axes[0].get_title(loc="left")


def test_figure_and_widget_say_what_transfer_is_worth():
    expected = "1 label per class does what takes 10 to 50 from scratch"
    assert title(reached()) == expected
    expected = "50 labels per class do what takes more than 50 features"
    assert title(worth_of(50, np.inf)) == expected
    few, many = (draw() for draw in PICTURES)
    assert "1 to 50" in title(few) and "more than 50" in title(many)
    assert "transfer 0.8" in few.alt
