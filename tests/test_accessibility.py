"""Colours: they can be read, and colour-blind people can tell them apart.

Contrast is that of WCAG 2.1: 4.5 to 1 for words, 3 to 1 for marks and edges. Colour
vision is simulated by the matrices of Machado, Oliveira and Fernandes (2009). Words in
figures are measured in tests/lessons/test_figures.py.
"""

import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from tests.helpers import ROOT
from tlcourse import overview
from tlcourse.exercises import display
from tlcourse.games import game
from tlcourse.plots import backbone_blocks, style
from tlcourse.widgets.freeze import _BOX, _COLOURS

WHITE = "#ffffff"
# Complete lack of one kind of cone, on linear RGB.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
}  # fmt: skip
APART = 10  # CIEDE2000; 1 can just be seen, side by side


def linear(colour):
    shares = np.array(to_rgb(colour))
    high = ((shares + 0.055) / 1.055) ** 2.4
    return np.where(shares <= 0.04045, shares / 12.92, high)


def contrast(one, other):
    darker, lighter = sorted(linear(x) @ (0.2126, 0.7152, 0.0722) for x in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def seen(colour, vision):
    """A colour as an eye sees it, in CIELAB."""
    shares = np.clip(VISION[vision] @ linear(colour), 0, 1)
    high = 1.055 * shares ** (1 / 2.4) - 0.055
    return rgb2lab(np.where(shares <= 0.0031308, 12.92 * shares, high))


def in_file(name, pattern):
    """Colours in a file of the package, by a pattern with one group for each."""
    text = (ROOT / "tlcourse" / name).read_text("utf-8")
    found = re.findall(pattern, text)
    assert found, f"nothing like {pattern} in {name}"
    return set(found)


def words():
    """Where the package writes: colour of the words, colour behind them."""
    yield from ((style.INK, WHITE), ("#00694D", WHITE), ("#666666", WHITE))
    yield from (("white", overview._GREEN), ("white", overview._BLUE))
    yield from ((colour, WHITE) for colour in in_file("setup_check.py", "'(#[^']+)'"))
    (ink,) = re.findall("; color: (#[^;]+);", _BOX)
    yield from ((ink, behind) for behind in _COLOURS.values())
    lab = "lessons/freezing/lab.css"
    yield from (
        ("#1a1a1a", behind)
        for behind in in_file(lab, r"background: (#\w+)") - {"white"}
    )
    hovering = "lessons/clusters/hovering.css"
    yield from itertools.product(
        in_file(hovering, r"[; ]color: (#\w+)"),
        in_file(hovering, r"background: (#3\w+)"),
    )
    yield from (
        (colour, WHITE) for colour in in_file("certificate.css", r"[; ]color: (#\w+)")
    )
    for looks in backbone_blocks._LOOKS.values():
        yield style.INK, looks["facecolor"]


def marks():
    """Lines, bars, marks, edges: colour, colour beside it."""
    yield from ((colour, WHITE) for colour in style.PALETTE)
    yield from ((colour, WHITE) for _, colour in display.KINDS.values())
    yield from ((colour, "#111111") for _, colour in display.KINDS.values())  # dark
    yield from ((colour, WHITE) for colour in (game.VEHICLE, game.POINTER))
    edges = in_file("overview.py", r"(?:solid|background:) (#\w+)")
    yield from ((colour, WHITE) for colour in edges)
    focus = in_file("lessons/freezing/lab.css", r"outline: 3px solid (#\w+)")
    yield from ((colour, WHITE) for colour in focus)


def test_what_is_contrast():
    assert contrast("black", WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


def test_words_can_be_read():
    faint = {pair: contrast(*pair) for pair in words() if contrast(*pair) < 4.5}
    assert not faint


def test_marks_stand_out():
    faint = {pair: contrast(*pair) for pair in marks() if contrast(*pair) < 3}
    assert not faint


@pytest.mark.parametrize("grey", np.linspace(0, 1, 12))
def test_ink_can_be_read_on_any_colour(grey):
    for colour in ((grey, grey, grey), (grey, 1 - grey, 0.5), (0.2, 0.4, grey)):
        assert contrast(style.ink_on(colour), colour) >= 4.5


@pytest.mark.parametrize("vision", VISION)
def test_colour_blind_people_tell_series_apart(vision):
    colours = [seen(colour, vision) for colour in style.PALETTE]
    for one, other in itertools.combinations(range(len(colours)), 2):
        looks = [style.series_style(index) for index in (one, other)]
        same_marker = looks[0]["marker"] == looks[1]["marker"]
        if other < len(style.MARKERS) or same_marker:
            difference = deltaE_ciede2000(colours[one], colours[other])
            assert difference >= APART, (style.PALETTE[one], style.PALETTE[other])
        # Where no marker is seen, lines or hatches differ as well.
        assert any(looks[0][way] != looks[1][way] for way in ("linestyle", "hatch"))


@pytest.mark.parametrize("vision", VISION)
def test_right_and_wrong_differ_in_more_than_colour(vision):
    signs = [sign for sign, _ in display.KINDS.values()]
    assert len(set(signs)) == len(signs)
    right, wrong = (seen(display.KINDS[x][1], vision) for x in ("right", "wrong"))
    assert deltaE_ciede2000(right, wrong) >= APART
