"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

from tests.helpers import Later
from tlcourse.quiet import import_keras


def names():
    return {"np": np, "keras": import_keras(), "matrix": np.array([[3, 1], [2, 4]])}


def layer(name, *given, **options):
    return Later(lambda: getattr(import_keras().layers, name)(*given, **options))


def rows_and_columns_exchanged(matrix, classes):
    wrong = matrix - np.diag(np.diag(matrix))
    truth, said = np.unravel_index(wrong.argmax(), wrong.shape)
    return classes[said], classes[truth]


def writes_into_it(matrix, classes):
    np.fill_diagonal(matrix, 0)
    truth, said = np.unravel_index(matrix.argmax(), matrix.shape)
    return classes[truth], classes[said]


def heat(weigh):
    """A map of heat from maps, the head's kernel and a label."""
    return lambda maps, head, label: weigh(maps, head.get_weights()[0], label)


def scaled(factor):
    """Heat may be scaled and keep what is below zero."""
    return heat(lambda maps, kernel, label: factor * (maps @ kernel[:, label]))


WRONG = {
    "inductive.1": {
        "a word": ("RandomFlip", "Keras layer"),
        "flat": (layer("Flatten"), "keep their shape"),
        "nothing": (layer("Identity"), "changes the pictures"),
        "too faint to see": (layer("GaussianNoise", 1), "so that one sees it"),
        "all alike": (layer("Rescaling", 0.5), "each in another way"),
        "mirrored": (layer("RandomFlip", "horizontal"), "is mirrored"),
        "upside down": (layer("RandomFlip", "vertical"), "upside down"),
        "turned": (layer("RandomRotation", 0.5), "upside down|stays the same"),
        "far too small": (layer("RandomZoom", 0.9), "upside down|stays the same"),
    },
    "inductive.2": {
        "other names": (lambda matrix, classes: ("x", "y"), "names of a row"),
        "exchanged": (rows_and_columns_exchanged, "the truth first"),
        "writes into it": (writes_into_it, "as before"),
    },
    "inductive.3": {
        "all classes": (heat(lambda maps, w, _: maps @ w), r"shape \(n, h, w\)"),
        "of no label": (heat(lambda maps, *_: maps.sum(-1)), "Another label"),
        "another label": (heat(lambda x, w, n: x @ w[:, n - 1]), "own score"),
        "another sign": (scaled(-1), "own score"),
    },
}
RIGHT = {
    "inductive.1": {
        "shifts": layer("RandomTranslation", 0.1, 0.1),
        "turns a little": layer("RandomRotation", 0.03),
        "more or less ink": layer("RandomBrightness", 0.1),
    },
    "inductive.3": {f"times {f:.3g}": scaled(f) for f in (1.0, 1 / 16, 300.0)},
}
