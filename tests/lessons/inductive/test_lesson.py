"""The widget of the lesson, its split of tissue, and what its checks look at."""

import functools

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import solved
from tlcourse.class_activation import class_activation_maps
from tlcourse.lessons.inductive import figures, regions, widget
from tlcourse.quiet import import_keras


def show():
    widget.where_it_looks()


FIGURES = {
    "gains": (
        lambda: figures.gains(tl.evidence("inductive.changes")),
        "orchard recoloured -0.04",
        "tissue turned +0.05",
    ),
}
SHOW, FIRST = show, "A picture, and the same with a heat map over it."
CONTROLS = "target, picture."
PICTURES = [functools.partial(widget.draw, "orchard", n) for n in (1, 7, widget.SHOWN)]
REFUSED = []


def test_the_map_in_the_head_is_the_course_s_map_up_to_what_all_classes_share():
    keras, rng = import_keras(), np.random.default_rng(0)
    maps, inputs = rng.normal(size=(2, 3, 5, 7)), keras.Input((3, 5, 7))
    head = keras.layers.Dense(4)
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, head(pooled))
    kernel = rng.normal(size=(7, 4))
    kernel -= kernel.mean(axis=1, keepdims=True)
    head.set_weights([kernel, np.zeros(4)])
    ours = solved("inductive.3", np=np)(maps, head, 2)
    theirs = class_activation_maps(model, maps, [2, 2])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("picture", [1, 7])
def test_the_widget_tells_what_the_network_says(picture):
    classes, _, labels, chances, _ = widget.looked_at("orchard")
    drawn = widget.draw("orchard", picture)
    said = classes[chances[picture - 1].argmax()]
    most = chances[picture - 1].max()
    assert f"says {said} with probability {most:.2f}" in drawn.alt
    right = said == classes[labels[picture - 1]]
    assert ("which is right" if right else "but it is") in drawn.alt


@pytest.mark.parametrize("seed", [0, 1])
def test_by_region_no_training_patch_lies_in_the_half_of_the_test(seed):
    halves = {"left": set(), "right": set()}
    for pieces, *sides in regions._kinds():
        for name, side in zip(halves, sides, strict=True):
            halves[name] |= {pieces[n].tobytes() for n in side}
    assert not halves["left"] & halves["right"]
    task = regions.task("region", seed)
    train, test = (
        {x.tobytes() for x in part.images} for part in (task.train, task.test)
    )
    names = ("right", "left") if seed else ("left", "right")
    assert train <= halves[names[0]] and test <= halves[names[1]]
    drawn = regions.task("draw", seed)
    for one, other in ((drawn.train, task.train), (drawn.test, task.test)):
        assert (np.bincount(one.labels) == np.bincount(other.labels)).all()
    drawn_train = {x.tobytes() for x in drawn.train.images}
    assert not drawn_train & {x.tobytes() for x in drawn.test.images}
    assert tl.datasets.load(task, 20).train.images.shape == (80, 24, 24, 3)
