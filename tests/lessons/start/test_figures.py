"""Figures of the lesson."""

import functools

import numpy as np

from tests.helpers import pixels, words_in
from tlcourse import datasets
from tlcourse.lessons.start import figures


@functools.cache
def course_map():
    digits = datasets.load("digits", per_class=1).train.images
    return figures.course_map(digits, digits)


FIGURES = {
    "course_map": (course_map, "source", "target"),
}
REFUSED = [
    (
        r"images of the shape \(n, height, width, 3\)",
        lambda: figures.course_map(np.zeros((2, 3)), np.zeros((2, 8, 8, 3))),
    )
]


def test_the_map_of_the_course():
    texts = set(words_in(course_map().fig.axes[0]))
    assert {"01", "02", "03", "backbone", "❄ frozen or ✎ trainable"} <= texts
    assert pixels(course_map()).std() > 20
