"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

from tlcourse.lessons.self_supervised import checks
from tlcourse.quiet import import_keras
from tlcourse.unsupervised.recipes import RECIPES

ops = import_keras().ops


def names():
    return {"keras": import_keras(), "np": np}


COURSES_OWN = {name: RECIPES[name] for name in checks.TARGETS}


def changes(says, **lists):
    """The course's own choices but for one data set, and what is said."""
    return COURSES_OWN | lists, says


def lacking(features):
    """What each feature lacks to a spread of 1."""
    return ops.relu(1 - ops.sqrt(ops.var(features, axis=0) + 1e-6))


def of_the_mean(features):
    return ops.relu(1 - ops.mean(ops.sqrt(ops.var(features, axis=0) + 1e-6)))


def in_numpy(features):
    return np.maximum(0, 1 - np.std(np.asarray(features), axis=0)).mean()


WRONG = {
    "self_supervised.1": {
        "an unknown change": changes("names that", digits=["warp", "shift"]),
        "a word": changes("names that", digits="shift"),
        "one": changes("at least two", digits=["shift"]),
        "one and grey": changes("at least two", digits=["shift", "grey"]),
        "grey tissue": changes("kinds of tissue", tissue=["any_way_up", "grey"]),
        "mirrored digits": changes("leaves a digit", digits=["shift", "mirror"]),
        "cropped digits": changes("leaves a digit", digits=["crop", "light"]),
        "grey apples": changes("kinds of apples", apples=["crop", "grey"]),
        "tissue not turned": changes("no up and down", tissue=["crop", "light"]),
    },
    "self_supervised.2": {
        "nothing": (lambda features: 0 * ops.sum(features), "in one point"),
        "the spread": (lambda x: ops.mean(ops.std(x, axis=0)), "spreads by 1 or more"),
        "of the mean": (of_the_mean, "do not make up", "three are narrow"),
        "NumPy": (in_numpy, "Keras can learn"),
    },
}
RIGHT = {
    "self_supervised.1": {"the course's own": COURSES_OWN},
    "self_supervised.2": {"one by one": lambda x: ops.sum(lacking(x)) / x.shape[1]},
}
