"""Figures and widget of the lesson, and where its network looks."""

import functools

import numpy as np
import pytest

from tests.helpers import defined, solved
from tlcourse.lessons.inductive import figures, widget

IMAGES = np.full((3, 8, 8, 3), 200.0)
HEATS = np.zeros((3, 4, 4))
HEATS[:, 1, 2] = [1, 2, 3]


def overlay(images=IMAGES, heats=HEATS, titles=("a", "b", "c")):
    return figures.heat_overlay(images, heats, titles)


def looked_at():
    said = [0.1, 0.9], ["no_face", "face"], "no_face"
    return figures.looked_at(IMAGES[0], HEATS[0], *said)


def show():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget, "TARGETS", ("faces",))
        widget.where_it_looks()


FIGURES = {
    "heat_overlay": (overlay, "3 pictures", "a, b, c"),
    "looked_at": (looked_at, "says face with probability 0.90, but it is no_face"),
}
SHOW, FIRST = show, "A picture, and the same with a heat map over it."
CONTROLS = "target, picture."
PICTURES = [functools.partial(widget.draw, "faces", n) for n in (1, 7, widget.SHOWN)]
REFUSED = [
    ("one title per picture", lambda: overlay(titles=["a"])),
    ("A heat map for each picture", lambda: overlay(heats=HEATS[:2])),
    ("at least 0", lambda: overlay(heats=-HEATS)),
]


def test_it_is_dark_where_there_is_no_heat():
    veil = overlay().fig.axes[0].images[1].get_array()
    assert veil[..., 3].max() == pytest.approx(0.75)
    assert veil[2, 4:6, 3].max() < 0.4 < veil[6, 0, 3]


@pytest.fixture(scope="module")
def trained():
    return widget.trained("faces", "imagenet_distilled")


def test_grad_cam_is_of_its_class_as_class_activation_maps_and_the_lessons_own(trained):
    run, _, images, labels = trained
    answer = solved("inductive.3", np=np)
    maps = run.backbone.run(images, until=run.backbone.blocks[-1].name)
    places = maps.shape[1] * maps.shape[2]
    heat = widget.grad_cam(run, images, labels)
    for place, label in enumerate(labels):
        expected = answer(maps[place], run.weights[-2], label) / places
        np.testing.assert_allclose(heat[place], expected, atol=1e-3 * heat.max())
    zeros, ones = (np.full(len(images), label) for label in (0, 1))
    first, second = (widget.grad_cam(run, images, label) for label in (zeros, ones))
    assert first.min() >= 0 and not np.allclose(first, second)
    grad_cam = defined("inductive", "grad_cam")["grad_cam"]
    pixels = run.backbone.preprocess(images)
    for block in (-1, -3):
        layer = run.backbone.blocks[block].output
        own = grad_cam(run.model, layer, pixels, labels)
        heat = widget.grad_cam(run, images, labels, block)
        np.testing.assert_allclose(own, heat, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("picture", [1, 7, widget.SHOWN])
def test_the_widget_tells_what_the_network_says(trained, picture):
    run, classes, images, labels = trained
    drawn = widget.draw("faces", picture)
    chances = run.predict(images[picture - 1 : picture])[0]
    said = classes[chances.argmax()]
    assert f"says {said} with probability {chances.max():.2f}" in drawn.alt
    right = said == classes[labels[picture - 1]]
    assert ("which is right" if right else "but it is") in drawn.alt
