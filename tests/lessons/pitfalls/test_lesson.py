"""Figure and widget of the lesson, its own code, and its checklist."""

import functools
import re

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import cells, defined, words_in
from tlcourse.lessons.pitfalls import figures, widget


def too_sure():
    chances = np.array([[0.95, 0.05]] * 8 + [[0.55, 0.45]] * 4)
    return figures.reliability({"net": (chances, np.repeat([0, 1, 0], 4))})


TWO_SIZES = {"net": (np.ones((3, 2)) / 2, np.zeros(2))}


@functools.cache
def table():
    return tl.evidence("pitfalls.cue")


def draw(*values):
    return widget.draw(table(), *values)


FIGURES = {"reliability": (too_sure, "sure to 0.82 on average, right in 0.67 of 12")}
SHOW, FIRST = lambda: widget.background(table()), "Bars of test accuracy"
CONTROLS = "the background goes with the class in, training."
PICTURES = [
    functools.partial(draw, *values)
    for values in (
        (1.0, "as collected"),
        (1.0, "the middle alone"),
        (0.5, "as collected"),
    )
]
REFUSED = [
    ("at least one network", lambda: figures.reliability({})),
    (r"\(3, 2\) and \(2,\)", lambda: figures.reliability(TWO_SIZES)),
]


def test_what_the_figure_draws():
    [axes] = too_sure().fig.axes  # a bar and a gap for each bin
    heights = [patch.get_height() for patch in axes.patches]
    assert heights == pytest.approx([1.0, -0.45, 0.5, 0.45])
    assert sorted(words_in(axes)) == ["4", "8"]


def test_the_widgets_title_tells_the_usual_and_the_worst():
    rows = table().query("sees == 'EfficientNet-Lite0' and way == 'as collected'")
    mean = rows.query("strength == 1").groupby(["kind", "place"])["value"].mean()
    usual = (mean["Braeburn", "studio"] + mean["Granny Smith", "orchard"]) / 2
    title = draw(1.0, "as collected").fig.axes[0].get_title(loc="left")
    assert title.startswith(f"The backbone: {usual:.2f} taken")
    assert title.endswith(f"but {mean.min():.2f} on '{', '.join(mean.idxmin())}'")


def test_the_lessons_ece_and_temperature_are_those_of_the_report():
    own = defined("pitfalls", "ece", "temperature")
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(4), 300)
    labels = rng.integers(0, 4, 300)
    ours = tl.report.ece(chances, labels)
    assert own["ece"](chances, labels) == pytest.approx(ours)
    factor = tl.report.temperature(chances, labels)
    assert own["temperature"](chances, labels) == pytest.approx(factor, rel=0.01)


def test_each_line_of_the_checklist_runs():
    [prose] = [x for x in cells("pitfalls", "markdown") if "| Ask | Line |" in x]
    lines = re.findall(r"\| `(.+?)` \|", prose)
    assert len(lines) == 6

    class Stub:  # a model
        def predict(self, images):
            return np.tile([0.7, 0.3], (len(images), 1))

        def evaluate(self, images, labels):
            return 0.5

    images, labels = np.zeros((40, 8, 8, 3)), np.arange(40) % 2
    scope = {
        "np": np, "tl": tl, "model": Stub(), "images": images, "labels": labels,
        "where": labels, "change": lambda images: images, "val_images": images,
        "val_labels": labels, "old_images": images, "old_labels": labels,
        "history": {"val_loss": [2.0, 1.0, 3.0]},
    }  # fmt: skip
    slices, *numbers = [eval(line, scope) for line in lines]
    assert isinstance(slices, pd.DataFrame) and slices["accuracy"].iloc[0] == 0
    assert all(np.isscalar(value) for value in numbers)
    assert numbers[0] == 0 and numbers[1] == pytest.approx(0.2) and numbers[3] == 2
