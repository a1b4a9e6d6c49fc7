"""The widget of the lesson."""

import functools

import pandas as pd
import pytest

import tlcourse as tl
from tests.lessons.choosing.answers import backbones
from tlcourse import transferability
from tlcourse.lessons.choosing import widget


def show():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget, "TARGETS", ("faces", "digits"))
        widget.choose_a_source(backbones())


def draw(source, truth):
    return widget.draw(backbones(), "faces", source, 5, truth)


SHOW, FIRST = show, "Table of the rank that each score gives to 3 sources."
CONTROLS = "target, your source, labels per class, show the truth."
PICTURES = [
    functools.partial(draw, "photos", True),
    functools.partial(draw, "glyphs", False),
]
REFUSED = []


def test_the_widget_tells_what_a_choice_reaches():
    title = draw("photos", True).fig.get_suptitle()
    assert title.startswith("faces, 5 labels per class: you choose photos, 0.")
    table = widget.scored(backbones(), "faces", 5)
    assert f"{table['accuracy']['photos']:.2f}" in title
    best = draw(table["accuracy"].idxmax(), True)
    assert "none reaches more" in best.fig.get_suptitle()


def test_the_truth_can_be_hidden():
    picture = draw("glyphs", False)
    assert "0." not in picture.fig.get_suptitle()
    assert "accuracy" not in picture.alt.lower()


def test_the_widgets_scores_are_those_of_rank():
    task = tl.datasets.load("faces", per_class=5, seed=0)
    theirs = transferability.rank(backbones(), task, scores=["logme", "knn"])
    ours = widget.scored(backbones(), "faces", 5).loc[theirs.index, theirs.columns[:2]]
    pd.testing.assert_frame_equal(ours, theirs[["logme", "knn"]], rtol=1e-4)
