"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

import tlcourse as tl
from tests.helpers import Later, naive_start
from tlcourse import datasets


def names():
    return {"tl": tl, "raw": naive_start("start.2", tl=tl)}


def faces(**options):
    return datasets.load("faces", **options)


def lopsided():
    whole = faces()
    train = datasets.Split(whole.train.images[:10], np.arange(10) // 7)
    return datasets.Task("faces", whole.classes, train, whole.val, whole.test)


def with_a_cut_test_split():
    whole, train = faces(), faces(per_class=5).train
    return datasets.Task("faces", whole.classes, train, whole.val, whole.val)


def changed(change):
    """The right picture with a change."""
    return Later(lambda: change(faces().train.images[65:66]))


WRONG = {
    "start.1": {
        "another task": (
            Later(lambda: datasets.load("digits", per_class=5)),
            "^It is the task faces",
            "^[^5]*$",
        ),
        "another number": (
            Later(lambda: faces(per_class=10)),
            "^There are as many",
            "^[^5]*$",
        ),
        "unequal classes": (
            Later(lopsided),
            "^Both classes",
            r"^Yours have 7 and 3\.$",
        ),
        "a cut test split": (
            Later(with_a_cut_test_split),
            "^The test split is whole$",
            "20 test pictures",
        ),
    },
    "start.2": {
        "no batch": (changed(lambda right: right[0]), "an array with four axes"),
        "two": (changed(lambda right: np.repeat(right, 2, axis=0)), "a batch of one"),
        "one channel": (changed(lambda right: right[..., :1]), "three channels"),
        "cut": (changed(lambda right: right[:, :20]), "Height and width"),
        "too dark": (changed(lambda right: right / 255), "upper end of the range"),
        "too light": (changed(lambda right: right * 255), "upper end of the range"),
        "below zero": (changed(lambda right: right - 128), "upper end of the range"),
        "upside down": (changed(lambda right: right[:, ::-1]), "show the raw picture"),
        "all red": (
            changed(lambda right: right[..., :1] * [1, 0, 0]),
            "show the raw picture",
        ),
        "a list": (
            changed(lambda right: right.tolist()),
            "three channels",
            "Expected a NumPy array",
        ),
    },
}
RIGHT = {
    "start.2": {"whole numbers": changed(lambda right: right.round().astype("u1"))}
}
