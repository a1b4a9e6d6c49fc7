"""The widget of the lesson."""

import functools
import re

import numpy as np
import pandas as pd

import tlcourse as tl
from tlcourse.lessons.pitfalls import widget


@functools.cache
def task():
    return tl.datasets.load("faces")


@functools.cache
def vectors():
    """Features that tell the class somewhat, and of one source the mark loudly."""
    rng, found = np.random.default_rng(0), {}
    for split in ("train", "test"):
        labels = getattr(task(), split).labels
        noise = rng.normal(size=(len(labels), 6))
        told = np.concatenate([noise, labels[:, None] * 5 + noise[:, :1]], axis=1)
        for bears in (False, True):
            for name, loud in (("control", 0), ("marked", 20)):
                extra = np.full((len(labels), 1), loud * bears)
                found[name, split, bears] = np.concatenate([told, extra], axis=1)
    order = sorted(found, key=lambda key: key[0])
    return {key: found[key] for key in order}


def sliced(*values):
    return widget.sliced(vectors(), task(), *values)


def draw(*values):
    return widget.draw(vectors(), task(), *values)


def show():
    widget.follow_the_mark(vectors(), task())


SHOW, FIRST = show, "Bars of test accuracy"
CONTROLS = "the mark goes with the class in, repair."
PICTURES = [
    functools.partial(draw, None, "none"),
    functools.partial(draw, 0.9, "none"),
    functools.partial(draw, 0.9, "repeat the rare"),
]
REFUSED = []


def by_slice(table):
    return table.groupby(["source", "slice"])["accuracy"].mean()


def test_the_slices_of_a_source_that_shows_the_mark():
    table = sliced(1.0)
    mean = by_slice(table)
    assert len(mean) == 8 and len(table) == 8 * widget.DRAWS
    assert mean["marked"].min() < mean["control"].min() - 0.2
    cured = by_slice(sliced(1.0, "each with and without"))
    assert cured["marked"].min() > mean["marked"].min() + 0.2


def test_repeating_cannot_make_what_is_not_there():
    for strength in (1.0, None):
        same = sliced(strength, "repeat the rare")
        pd.testing.assert_frame_equal(same, sliced(strength))


def test_the_title_tells_the_usual_accuracy_and_the_worst_slice():
    title = draw(1.0).fig.axes[0].get_title(loc="left")
    assert re.match(r"marked: [01]\.\d\d where .*\nbut [01]\.\d\d on '", title)
    mean = by_slice(sliced(1.0))["marked"]
    usual = (mean["no face, no mark"] + mean["face, mark"]) / 2
    assert f"{usual:.2f} where" in title and f"but {mean.min():.2f} on" in title
