"""Figures and widget of the lesson, and its own code."""

import functools

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import cells, defined, words_in
from tests.lessons.measured import flat
from tlcourse import few_shot
from tlcourse.lessons.few_labels import figures, widget
from tlcourse.quiet import import_keras


@functools.cache
def digits():
    task = tl.datasets.load("digits")
    return task, {"pixels": [flat(part.images) for part in (task.train, task.test)]}


def draw(*values):
    return widget.draw(*digits(), *values)


def show():
    widget.prototypes(*digits())


def table(tasks=("digits", "faces", "apples")):
    return pd.DataFrame(
        [
            {"task": task, "method": method, "shots": shots, "mean": mean,
             "low": mean - 0.05, "high": mean + 0.05}
            for task in tasks
            for method, mean in (("centroid", 0.8), ("probe", 0.6))
            for shots in (1, 2, 5, 10)
        ]
    )  # fmt: skip


def panels():
    return figures.panels(table(), "task", "method")


def panels_with_points():
    points = table()[["task", "method", "mean"]].drop_duplicates()
    points = points[points["method"] == "probe"]
    chance = {"digits": 0.1, "faces": 0.5, "apples": 0.2}
    return figures.panels(table(), "task", "method", chance=chance, points=points)


def gains():
    rows = [("faces", 0.2, 0.1, 0.3), ("digits", -0.12, -0.2, -0.04)]
    table = pd.DataFrame(rows, columns=["target", "mean", "low", "high"])
    return figures.gains(table, "target", "Gain")


def two_classes():
    pictures = digits()[0].train.images[:2]
    wrong = [[(pictures[1], "1"), (pictures[0], "1")], []]
    return figures.mistakes(pictures, "01", [0.5, 1.0], wrong, title="pixels")


def look_alikes():
    task = digits()[0]
    nearest = np.where(task.test.labels == 1, 2, 0)
    nearest[np.flatnonzero(task.test.labels == 7)[::3]] = 1
    return figures.look_alikes(task, nearest, np.zeros((3, 64, 64, 3)))


TWO = np.zeros((2, 8, 8, 3))
FIGURES = {
    "look_alikes": (look_alikes, "100%, 100%, 100%, 100%, 100%, 100%, 100%, 67%"),
    "panels": (panels, "digits: centroid 0.80 to 0.80", "apples"),
    "panels with points": (panels_with_points, "0.60, at 0 shots probe 0.60; faces"),
    "gains": (gains, "faces +0.20 (+0.10 to +0.30), digits -0.12"),
    "mistakes": (two_classes, "0 50%, 1 100%", "0 as 1, 0 as 1"),
}
SHOW, FIRST = show, "Prototypes of 5 classes"
CONTROLS = "shots, classes (Ctrl or Shift for several), sees, labels."
PICTURES = [
    functools.partial(draw, *values)
    for values in (
        (1, (0, 1, 2, 3, 4), "pixels", 0),
        (10, (0, 1, 2, 3, 4), "pixels", 0),
        (1, (0, 6), "pixels", 1),
    )
]
REFUSED = [
    ("at least two classes", lambda: draw(1, (3,), "pixels", 0)),
    ("columns", lambda: figures.panels(table().drop(columns="shots"), "task", "mean")),
    ("2 prototypes, 1 names", lambda: figures.mistakes(TWO, "0", [1, 1], [[], []])),
]


def test_the_widget_shows_what_the_nearest_centroid_gets_wrong():
    task, views = digits()
    picture = draw(2, (3, 8), "pixels", 0)
    title = picture.fig._suptitle.get_text()
    assert title.startswith("pixels, 2 ways, 2 shots: ") and title.endswith("right")
    shares = [words_in(axes)[0] for axes in picture.fig.axes if words_in(axes)]
    assert len(shares) == 2
    mean = np.mean([int(share.split("%")[0]) for share in shares])
    assert title == f"pixels, 2 ways, 2 shots: {mean:.0f}% right"


def test_of_the_best_method_by_its_mean_all_seeds_are_kept():
    rows = [
        {"task": task, "method": method, "seed": seed, "value": value + 0.1 * seed}
        for task, method, value in (
            ("digits", "centroid", 0.8), ("digits", "probe", 0.6),
            ("apples", "centroid", 0.3), ("apples", "probe", 0.5),
        )
        for seed in (0, 1)
    ]  # fmt: skip
    rows[1]["value"] = 0.0  # the centroid's mean on digits is 0.4 now, the probe's 0.65
    best = figures.best_methods(pd.DataFrame(rows), ["task"])
    assert set(best["method"]) == {"probe"} and len(best) == 4
    assert best["value"].sum() == pytest.approx(0.6 + 0.7 + 0.5 + 0.6)


def test_another_choice_of_classes_keeps_the_labelled_pictures():
    whole, part = draw(1, (0, 1, 2), "pixels", 0), draw(1, (0, 2), "pixels", 0)
    [one, two] = [[a.images[0].get_array() for a in x.fig.axes if a.images][0]
                  for x in (whole, part)]  # fmt: skip
    assert (one == two).all()


def test_the_lessons_centroid_is_that_of_the_course():
    own = defined("few_labels", "nearest_centroid")["nearest_centroid"]
    rng = np.random.default_rng(0)
    few, new = rng.normal(size=(12, 7)), rng.normal(size=(40, 7))
    labels = np.arange(12) % 3
    assert (own(few, labels, new) == few_shot.nearest_centroid(few, labels, new)).all()


def test_panels_draw_guessing_and_hollow_points_where_they_belong():
    digits_panel, faces, _, _ = panels_with_points().fig.axes
    for axes, chance in ((digits_panel, 0.1), (faces, 0.5)):
        lines = {line.get_label(): line for line in axes.lines}
        assert set(lines["guessing"].get_ydata()) == {chance}
        points = lines["probe, no label"]
        assert list(points.get_ydata()) == [0.6] and abs(points.get_xdata()[0]) < 0.5
        assert points.get_markerfacecolor() == "none"


def test_the_lessons_cosine_head_is_that_of_the_course():
    own = defined("few_labels", "Cosines")["Cosines"](3)
    rng = np.random.default_rng(0)
    start, x = rng.normal(size=(7, 3)), rng.normal(size=(1, 5, 7)).astype("float32")
    theirs = few_shot.Cosines(start[None].astype("float32"))
    own.build(x[0].shape)
    own.set_weights([start])
    np.testing.assert_allclose(own(x[0]), theirs(x)[0], atol=1e-4)


def test_the_lessons_lora_begins_as_the_frozen_layer_and_trains_what_it_says():
    keras = import_keras()
    low_rank = defined("few_labels", "LowRank")["LowRank"]
    frozen = keras.layers.Conv2D(6, 1)
    frozen.trainable = False
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 8)).astype("float32")
    before = np.array(frozen(x))
    layer = low_rank(frozen, 3)
    np.testing.assert_allclose(layer(x), before, atol=1e-6)
    assert sum(np.prod(v.shape) for v in layer.trainable_variables) == 3 * (8 + 6)


def test_the_counts_that_the_prose_tells():
    prose = " ".join("\n".join(cells("few_labels", "markdown")).split())
    student = defined("few_labels", "student")["student"]()
    assert f"{student.count_params():,} weights" in prose
    base = tl.backbones.load("mobilenet", source="imagenet_distilled")
    assert base.parameters / student.count_params() == pytest.approx(20, abs=2)
    own = defined("few_labels", "LowRank", "with_lora")
    adapted = own["with_lora"](base.model, 4)
    added = sum(np.prod(each.shape) for each in adapted.trainable_variables)
    assert f"{added:,} weights beside {base.parameters:,} frozen ones" in prose
    assert added / base.parameters == pytest.approx(0.05, abs=0.005)
