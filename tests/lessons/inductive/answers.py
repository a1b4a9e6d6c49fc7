"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

import tlcourse as tl


def names():
    matrix = np.array([[3, 1], [2, 4]])
    return {"np": np, "matrix": matrix, "apples": tl.datasets.load("apples")}


def changes(**lists):
    return {"apples": [], "digits": [], "tissue": [], **lists}


def rows_and_columns_exchanged(matrix, classes):
    wrong = matrix - np.diag(np.diag(matrix))
    truth, said = np.unravel_index(wrong.argmax(), wrong.shape)
    return classes[said], classes[truth]


def writes_into_it(matrix, classes):
    np.fill_diagonal(matrix, 0)
    truth, said = np.unravel_index(matrix.argmax(), matrix.shape)
    return classes[truth], classes[said]


def scaled(factor):
    """Heat may be scaled and keep what is below zero."""
    return lambda maps, kernel, label: factor * (maps @ kernel[:, label])


WRONG = {
    "inductive.1": {
        "a word": ("mirror", "list of 'mirror'"),
        "two of three": ({"apples": [], "digits": []}, "list of 'mirror'"),
        "an unknown change": (changes(digits=["blur"]), "list of 'mirror'"),
        "mirrored digits": (changes(digits=["mirror"]), "like another"),
        "turns alone": (changes(tissue=["turn"]), "all changes"),
        "no mirrored apples": (changes(tissue=["turn", "mirror"]), "test split"),
    },
    "inductive.2": {
        "other names": (lambda matrix, classes: ("x", "y"), "names of a row"),
        "exchanged": (rows_and_columns_exchanged, "the truth first"),
        "writes into it": (writes_into_it, "as before"),
    },
    "inductive.3": {
        "all classes": (lambda maps, heads, _: maps @ heads, r"shape \(n, h, w\)"),
        "of no label": (lambda maps, *_: maps.sum(-1), "Another label"),
        "another label": (lambda x, w, label: x @ w[:, label - 1], "own score"),
        "another sign": (scaled(-1), "own score"),
    },
}
RIGHT = {"inductive.3": {f"times {f:.3g}": scaled(f) for f in (1.0, 1 / 16, 300.0)}}
