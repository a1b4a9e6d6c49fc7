"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import numpy as np

import tlcourse as tl
from tests.helpers import Later, naive_start
from tlcourse import datasets


def names():
    return {"tl": tl, "raw": naive_start("start.2", tl=tl)}


faces = functools.partial(datasets.load, "faces")
ten_each = functools.partial(faces, per_class=10)
digits = functools.partial(datasets.load, "digits", per_class=5)


def lopsided():
    whole = faces()
    train = datasets.Split(whole.train.images[:10], np.arange(10) // 7)
    return datasets.Task("faces", whole.classes, train, whole.val, whole.test)


def cut():
    whole, train = faces(), faces(per_class=5).train
    return datasets.Task("faces", whole.classes, train, whole.val, whole.val)


def changed(change):
    """The right picture with a change."""
    return Later(lambda: change(faces().train.images[65:66]))


WRONG = {
    "start.1": {
        "another task": (Later(digits), "^It is the task faces", "^[^5]*$"),
        "another number": (Later(ten_each), "^There are as many", "^[^5]*$"),
        "unequal classes": (
            Later(lopsided),
            "^Both classes",
            r"^Yours have 7 and 3\.$",
        ),
        "a cut test split": (
            Later(cut),
            "^The test split is whole$",
            "20 test pictures",
        ),
    },
    "start.2": {
        "no batch": (changed(lambda x: x[0]), "an array with four axes"),
        "two": (changed(lambda x: np.repeat(x, 2, axis=0)), "a batch of one"),
        "one channel": (changed(lambda x: x[..., :1]), "three channels"),
        "cut": (changed(lambda x: x[:, :20]), "Height and width"),
        "too dark": (changed(lambda x: x / 255), "upper end of the range"),
        "too light": (changed(lambda x: x * 255), "upper end of the range"),
        "below zero": (changed(lambda x: x - 128), "upper end of the range"),
        "upside down": (changed(lambda x: x[:, ::-1]), "show the raw picture"),
        "all red": (changed(lambda x: x[..., :1] * [1, 0, 0]), "show the raw picture"),
        "a list": (
            changed(lambda x: x.tolist()),
            "three channels",
            "Expected a NumPy array",
        ),
    },
}
RIGHT = {"start.2": {"whole numbers": changed(lambda x: x.round().astype("u1"))}}
