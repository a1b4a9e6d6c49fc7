"""Figures and widget of the lesson, and where its network looks."""

import functools

import numpy as np
import pytest

from tests.helpers import defined, solved
from tlcourse.lessons.inductive import widget


def show():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget, "TARGETS", ("faces",))
        widget.where_it_looks()


FIGURES = {}
SHOW, FIRST = show, "A picture, and the same with a heat map over it."
CONTROLS = "target, picture."
PICTURES = [functools.partial(widget.draw, "faces", n) for n in (1, 7, widget.SHOWN)]
REFUSED = []


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
