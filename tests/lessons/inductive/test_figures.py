"""Figures of the lesson."""

import numpy as np
import pytest

from tlcourse.lessons.inductive import figures

IMAGES = np.full((3, 8, 8, 3), 200.0)
HEATS = np.zeros((3, 4, 4))
HEATS[:, 1, 2] = [1, 2, 3]


def overlay(images=IMAGES, heats=HEATS, titles=("a", "b", "c")):
    return figures.heat_overlay(images, heats, titles)


def looked_at():
    classes = ["no_face", "face"]
    return figures.looked_at(IMAGES[0], HEATS[0], [0.1, 0.9], classes, "no_face")


FIGURES = {
    "heat_overlay": (overlay, "3 pictures", "a, b, c"),
    "looked_at": (looked_at, "says face with probability 0.90, but it is no_face"),
}
REFUSED = [
    ("one title per picture", lambda: overlay(titles=["a"])),
    ("A heat map for each picture", lambda: overlay(heats=HEATS[:2])),
    ("at least 0", lambda: overlay(heats=-HEATS)),
]


def test_it_is_dark_where_there_is_no_heat():
    veil = overlay().fig.axes[0].images[1].get_array()
    assert veil[..., 3].max() == pytest.approx(0.75)
    assert veil[2, 4:6, 3].max() < 0.4 < veil[6, 0, 3]
