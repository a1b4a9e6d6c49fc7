"""The widget of the lesson."""

import pytest

from tlcourse import datasets
from tlcourse.lessons.start import widget

SHOW, FIRST = widget.browse_pictures, "24 pictures of digits"
CONTROLS = "data set, handful."
PICTURES = [lambda: widget.draw("digits", 1), lambda: widget.draw("digits", 2)]
REFUSED = []


@pytest.mark.parametrize(
    "data_set", ["digits", "faces", "photos", "apples in the orchard"]
)
def test_browsing_a_data_set(data_set):
    first, other = widget.draw(data_set, 1), widget.draw(data_set, 2)
    assert first.alt.startswith(f"24 pictures of {data_set}")
    assert first.png != other.png
    name, domain = widget.DATA_SETS[data_set]
    for each in datasets.load(name, domain=domain).classes:
        assert each in first.alt


def test_a_handful_of_many_classes_holds_as_many_as_it_can():
    names = widget._handfuls("glyphs")[1][0][1]
    assert len(set(names)) == widget.SHOWN


def test_a_handful_is_of_training_pictures_with_their_own_classes():
    train = datasets.load("faces").train
    known = {
        image.astype("uint8").tobytes(): label
        for image, label in zip(train.images, train.labels, strict=True)
    }
    for images, names in widget._handfuls("faces")[1]:
        classes = [("no face", "face")[known[image.tobytes()]] for image in images]
        assert classes == names


def test_every_data_set_can_be_browsed():
    offered = set(widget.DATA_SETS.values())
    assert {name for name, _ in offered} == set(datasets.NAMES)
    domains = {domain for name, domain in offered if name == "apples"}
    assert domains == set(datasets.DOMAINS["apples"])
