"""Figures and widget of the lesson, and what its prose counts on."""

import functools

import numpy as np
import pytest

from tests.helpers import cells, pixels, words_in
from tlcourse import datasets
from tlcourse.lessons import notebook
from tlcourse.lessons.start import figures, widget


@functools.cache
def course_map():
    apples = datasets.load("apples", per_class=1).train.images
    return figures.course_map(apples, apples)


FIGURES = {"course_map": (course_map, "source", "target")}
SHOW, FIRST = widget.browse_pictures, "24 pictures of digits"
CONTROLS = "data set, handful."
PICTURES = [lambda: widget.draw("digits", 1), lambda: widget.draw("digits", 2)]
NO_IMAGES, IMAGES = np.zeros((2, 3)), np.zeros((2, 8, 8, 3))
SHAPE = r"images of the shape \(n, height, width, 3\)"
FEW_CLASSES = ("digits", "faces", "photos", "apples in the orchard")
REFUSED = [(SHAPE, lambda: figures.course_map(NO_IMAGES, IMAGES))]


def test_the_map_of_the_course_and_short_cells():
    for source in cells("start")[1:]:  # the first is the same in all lessons
        assert len([line for line in source.splitlines() if line.strip()]) <= 9, source
    texts = set(words_in(course_map().fig.axes[0]))
    assert {"01", "02", "03", "backbone", "❄ frozen or ✎ trainable"} <= texts
    assert pixels(course_map()).std() > 20


@pytest.mark.parametrize("data_set", FEW_CLASSES)
def test_browsing_a_data_set(data_set):
    first, other = widget.draw(data_set, 1), widget.draw(data_set, 2)
    assert first.alt.startswith(f"24 pictures of {data_set}")
    assert first.png != other.png
    name, domain = widget.DATA_SETS[data_set]
    for each in datasets.load(name, domain=domain).classes:
        assert each in first.alt


def test_a_handful_is_of_training_pictures_with_classes_of_their_own():
    train = datasets.load("faces").train
    known = {
        image.astype("uint8").tobytes(): label
        for image, label in zip(train.images, train.labels, strict=True)
    }
    for images, names in widget._handfuls("faces")[1]:
        classes = [("no face", "face")[known[image.tobytes()]] for image in images]
        assert classes == names
    of_many = widget._handfuls("glyphs")[1][0][1]
    assert len(set(of_many)) == widget.SHOWN  # as many classes as it can hold


def test_every_data_set_can_be_browsed_and_is_named_and_every_lesson():
    offered = set(widget.DATA_SETS.values())
    assert {name for name, _ in offered} == set(datasets.NAMES)
    domains = {domain for name, domain in offered if name == "apples"}
    assert domains == set(datasets.DOMAINS["apples"])
    text = "\n".join(cells("start", "markdown"))
    for name in datasets.NAMES:
        assert f"* `{name}`" in text
    for lesson in notebook("start").parent.glob("0[1-9]_*.ipynb"):
        assert f"({lesson.name})" in text
