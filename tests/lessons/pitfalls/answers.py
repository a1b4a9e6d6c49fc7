"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np
import pandas as pd

from tests.helpers import solved
from tlcourse.lessons.pitfalls import checks


def names():
    return {"np": np, "pd": pd}


def by_the_mean(table):
    mean = table.groupby("source")["accuracy"].mean()
    return [name for name in mean.index if mean[name] < mean["random"]]


def by_the_extremes(table):
    groups = table.groupby("source")["accuracy"]
    high, low = groups.max(), groups.min()
    return [name for name in high.index if high[name] < low["random"]]


def random_too(table):
    return [*solved("pitfalls.1", **names())(table), "random"]


def fewest(labels, marked):
    group = 2 * labels + marked
    size = np.bincount(group).min()
    return np.concatenate([np.flatnonzero(group == g)[:size] for g in range(4)])


def too_many(labels, marked):
    return np.tile(solved("pitfalls.2", **names())(labels, marked), 2)


def of_another_change(predict, images, change):
    return np.mean(predict(images) != predict(checks._lit(images)))


WRONG = {
    "pitfalls.1": {
        "by the mean": (by_the_mean, "gains in some draw"),
        "by the extremes": (by_the_extremes, "loses in each draw"),
        "random too": (random_too, "is no source"),
        "one name": (lambda table: ["always"], "any name"),
        "a word": (lambda table: "always", "list of names"),
    },
    "pitfalls.2": {
        "fewest": (fewest, "No picture is left out"),
        "too many": (too_many, "more than it needs"),
        "a mask": (lambda labels, marked: labels == 1, "positions"),
    },
    "pitfalls.3": {
        "how often the first": (lambda f, x, do: np.mean(f(do(x)) == 1), "none flips"),
        "always": (lambda *_: 1.0, "none flips"),
        "of the pixels": (lambda _, x, do: np.mean(do(x) != x), "all of them flip"),
        "of another change": (of_another_change, "any change"),
    },
}
