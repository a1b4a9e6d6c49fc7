"""The widget of the lesson."""

import functools

import numpy as np
import pytest

from tests.helpers import load_backbone
from tlcourse.lessons.inside import widget


@functools.cache
def looks():
    trained = load_backbone("glyphs", input_size=64)
    return widget.Looks({"trained": trained, "random": load_backbone("random")})


def show():
    widget.look_inside(random=load_backbone("random"))


SHOW, FIRST = show, "block3, random weights, cat"
CONTROLS = "block, picture, weights."
PICTURES = [
    lambda: looks().draw("block3", "cat", "trained"),
    lambda: looks().draw("block3", "cat", "random"),
]
REFUSED = [
    ("the same blocks", lambda: widget.Looks({})),
]


@pytest.mark.parametrize("block", ["stem", "block3", "block13"])
@pytest.mark.parametrize("weights", ["trained", "random"])
def test_the_widget_draws_every_kind_of_block(block, weights):
    for name in ("cat", "test card"):
        picture = looks().draw(block, name, weights)
        assert picture.alt.startswith(f"{block}, {weights} weights, {name}")
        assert picture.png.startswith(b"\x89PNG")


def test_pictures_are_square_and_in_range():
    assert widget.middle(np.zeros((4, 9, 3))).shape == (4, 4, 3)
    card = widget.colour_card()
    assert card.shape == (256, 256, 3) and card.min() >= 0 and card.max() <= 255
