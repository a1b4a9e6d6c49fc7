"""Figures and widget of the lesson."""

import functools

import numpy as np

from tlcourse.lessons.across_languages import figures
from tlcourse.widgets.try_text import draw, try_text

PLACES = np.random.default_rng(0).normal(size=(9, 2))
MAPS = {"apart": (PLACES, PLACES + [9, 0]), "together": (PLACES, PLACES + 0.01)}


def long_is_good(texts):
    return np.array([min(1, len(text) / 60) for text in texts])


def vowels(texts):
    return np.array([sum(text.count(x) for x in "aeiou") / 40 for text in texts])


MODELS = {"16 languages": long_is_good, "TF-IDF": vowels}
FIGURES = {
    "pairs": (lambda: figures.pairs(MAPS), "9 French texts", "apart: the middles"),
    "what words do": (lambda: PICTURES[0](), "16 languages: positive with"),
}
SHOW = try_text(MODELS, "Un roman magnifique, mais long.").show
FIRST = "Bars of the effect of each of 5 words."
CONTROLS = "Your text (Enter)."
PICTURES = [
    functools.partial(draw, MODELS, text)
    for text in ("Un roman magnifique, ou non", "A boring book.")
]
REFUSED = [
    ("8 English texts", lambda: figures.pairs({"a map": (PLACES, PLACES[:8])})),
]


def test_a_map_says_how_far_apart_languages_and_pairs_lie():
    alt = figures.pairs(MAPS).alt
    first, second = alt.split("together:")
    assert "languages are 0.7" in first and "languages are 0.00" in second
