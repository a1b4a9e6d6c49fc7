"""Figures of the lesson."""

import numpy as np
import pandas as pd

from tlcourse.lessons.adapting import figures


def summary(methods=("source_only", "coral", "oracle")):
    means = np.linspace(0.2, 0.9, len(methods))
    return pd.DataFrame(
        {"method": methods, "mean": means, "low": means - 0.1, "high": means + 0.1}
    )


def ladder(looks=12, **summaries):
    return figures.ladder(summaries, looks)


def rounds():
    table = pd.DataFrame(
        {"round": [0, 1], "accuracy": [0.5, 0.4], "sure": [0.6, 0.9], "pair": "a"}
    )
    return pd.concat([table, table.assign(pair="b")])


# As many as the widget has: the figure has no room for the names of two.
REACHED = {"source_only": 0.2, "BatchNorm": 0.5, "CORAL": 0.6, "oracle": 0.9}


def black(count):
    return np.zeros((count, 8, 8, 3))


SCORES = pd.DataFrame(
    {"method": ["x", "y"], "accuracy": [0.5, 0.8], "s": [2.0, 1.0], "t": [0.0, 1.0]}
)
FIGURES = {
    "domain_rows": (
        lambda: figures.domain_rows(
            {"a": black(4), "b": np.full((4, 6, 6, 3), 200.0)}
        ),
    ),
    "ladder": (
        lambda: ladder(one=summary(), two=summary()),
        "looked at 12 times",
        "two: source only 0.20",
    ),
    "shared_map": (
        lambda: figures.shared_map(
            {"before": np.eye(6, 2), "after": np.eye(6, 2)},
            [0, 1, 2] * 2, [False] * 3 + [True] * 3, ["cat", "brick", "grass"],
        ),
    ),
    "shift_lab": (
        lambda: figures.shift_lab(
            black(3), ["a", "b", "c"], REACHED, title="Blur"
        ),
    ),
    "drift": (
        lambda: figures.drift(rounds()),
        "b: sure from 0.60 to 0.90, right from 0.50 to 0.40",
    ),
    "choices": (
        lambda: figures.choices(SCORES, ["s", "t"]),
        "s chooses x, whose accuracy is 0.50, 0.30 below the best",
        "t chooses y, whose accuracy is 0.80, 0.00 below the best",
    ),
    "adversary": (lambda: figures.adversary(title="There and back"),),
}  # fmt: skip
REFUSED = [
    ("as many pictures", lambda: figures.domain_rows({"a": black(4), "b": black(3)})),
    ("at least one row", lambda: figures.domain_rows({})),
    ("source_only", lambda: ladder(one=summary(("coral", "oracle")))),
    (
        "same methods",
        lambda: ladder(one=summary(), two=summary(("source_only", "oracle"))),
    ),
    (
        "one label, one domain",
        lambda: figures.shared_map(
            {"a": np.zeros((3, 2))}, [0, 1], [True, False], ["x", "y"]
        ),
    ),
    ("no sure", lambda: figures.drift(rounds().drop(columns="sure"))),
    ("no u", lambda: figures.choices(SCORES, ["u"])),
]
