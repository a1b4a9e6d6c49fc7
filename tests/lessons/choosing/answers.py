"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

import tlcourse as tl
from tests.helpers import load_backbone
from tlcourse import transferability

SOURCES = ("glyphs", "photos", "imagenet_distilled")


def backbones():
    return {name: load_backbone(name) for name in SOURCES}


def names():
    return {"tl": tl, "np": np, "backbones": backbones()}


def worst(table, score):
    return table["accuracy"].max() - table["accuracy"][table[score].idxmin()]


def first_of_the_tied(table, score):
    return table["accuracy"].max() - table["accuracy"][table[score].idxmax()]


WRONG = {
    "choosing.1": {
        "leep": (transferability.leep, "logarithm of guessing|likeliest|is 0"),
        "accuracy of the guess": (
            lambda chances, labels: (chances.argmax(1) == labels).mean(),
            "never above 0",
        ),
        "with another sign": (
            lambda chances, labels: -transferability.nce(chances, labels),
            "never above 0",
        ),
    },
    "choosing.2": {
        "worst": (worst, "It is 0 where"),
        "first of the tied": (first_of_the_tied, "tie for the first place"),
        "one column": (
            lambda t, _: first_of_the_tied(t, "score"),
            "column that it was given",
        ),
        "nothing": (lambda table, score: 0.0, "less that of the source"),
    },
    "choosing.3": {"no source": ("pears", "name of a source", "'pears'")},
}
RIGHT = {"choosing.1": {"the package's own": transferability.nce}}
