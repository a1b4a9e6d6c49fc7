"""Figures and widget of the lesson."""

import functools

import numpy as np
import pytest

from tests.test_plots import MANY
from tlcourse import datasets, transferability
from tlcourse.lessons.features import widget
from tlcourse.lessons.features.figures import feature_map

FIGURES = {"feature_map": (lambda: feature_map(np.eye(16, 2), np.arange(16), MANY),)}
SHOW = functools.partial(widget.where_pictures_lie, "pixels")
FIRST = "Map of 200 training pictures of photos, as pixels"
CONTROLS = "source, task, projection."
PICTURES = [
    functools.partial(widget.draw, "pixels", *values)
    for values in (("faces", "t-SNE"), ("faces", "PCA"), ("photos", "PCA"))
]
REFUSED = [
    (r"not \(4, 3\)", lambda: feature_map(np.zeros((4, 3)), [0] * 4, "ab")),
    ("one label per point", lambda: feature_map(np.zeros((4, 2)), [0], "ab")),
    ("2 classes only", lambda: feature_map(np.zeros((1, 2)), [5], "ab")),
    ("There is no source 'pears'", lambda: widget.draw("pears", "digits")),
]


@pytest.mark.parametrize("source", ["pixels", "glyphs", "random"])
def test_the_map_of_each_kind_of_source(source):
    picture = widget.draw(source, "digits", "PCA")
    assert "300 training pictures of digits" in picture.alt
    vectors, labels, classes = widget.described(source, "digits")
    right = transferability.knn(vectors, labels)
    assert f"{right:.2f} of them rightly" in picture.alt
    assert f"neighbours right {right:.2f}" in picture.fig.axes[0].get_title(loc="left")


def test_a_projection_is_the_same_again_and_of_training_pictures_alone():
    assert sorted(widget.PROJECTIONS) == ["PCA", "t-SNE"]
    assert PICTURES[0]().png == PICTURES[0]().png
    vectors = widget.described("pixels", "faces")[0]
    train = datasets.load("faces").train.images.reshape(100, -1)
    known = {row.tobytes() for row in train}
    assert all(row.tobytes() in known for row in vectors)
