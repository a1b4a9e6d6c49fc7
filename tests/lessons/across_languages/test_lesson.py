"""Figures and widget of the lesson."""

import numpy as np
import pandas as pd

from tlcourse.lessons.across_languages import figures
from tlcourse.widgets.try_text import draw

PLACES = np.random.default_rng(0).normal(size=(9, 2))
MAPS = {"apart": (PLACES, PLACES + [9, 0]), "together": (PLACES, PLACES + 0.01)}


def long_is_good(texts):
    return np.array([min(1, len(text) / 60) for text in texts])


def vowels(texts):
    return np.array([sum(text.count(x) for x in "aeiou") / 40 for text in texts])


CHANGES = pd.DataFrame(
    {"name": ["A", "B"], "mean": [-0.1, 0.2], "low": [-0.2, 0.1], "high": [0, 0.3]}
)
MODELS = {"16 languages": long_is_good, "TF-IDF": vowels}
FIGURES = {
    "changes": (
        lambda: figures.changes(CHANGES, "name"),
        "B +0.20 (+0.10 to +0.30), A -0.10 (-0.20 to +0.00)",
    ),
    "pairs": (lambda: figures.pairs(MAPS), "9 French texts", "apart: the middles"),
    "what words do": (
        lambda: draw(MODELS, "Un roman, non"),
        "16 languages: positive with",
    ),
}
REFUSED = [
    ("no low", lambda: figures.changes(CHANGES.drop(columns="low"), "name")),
    ("8 English texts", lambda: figures.pairs({"a map": (PLACES, PLACES[:8])})),
]


def test_a_map_says_how_far_apart_languages_and_pairs_lie():
    alt = figures.pairs(MAPS).alt
    first, second = alt.split("together:")
    assert "languages are 0.7" in first and "languages are 0.00" in second
