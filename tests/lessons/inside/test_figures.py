"""Figures of the lesson."""

import numpy as np

from tlcourse.lessons.inside import figures


def table():
    means = {"block0": 0.2, "block1": 0.8, "block2": 0.5}
    return [
        {"block": block, "source": source, "target": "digits", "mean": mean,
         "low": mean, "high": mean}
        for source in ("a", "b") for block, mean in means.items()
    ]  # fmt: skip


def some_silent(strength):
    maps = np.zeros((4, 4, 6))
    maps[0, 0, :2] = 1e-9, 2e-9  # a random backbone's answers are as small as this
    return figures.inside(np.zeros((8, 8, 3)), strength * maps)


def filters(kernels=(3, 3, 3, 4), maps=(5, 5, 4)):
    draw = np.random.default_rng(0)
    return figures.filters(draw.normal(size=kernels), draw.normal(size=maps))


FIGURES = {
    "filters": (filters,),
    "inside": (lambda: some_silent(1), "2 of 6 channels"),
    "inside_silent": (lambda: some_silent(0), "0 of 6 channels"),
    "probes": (lambda: figures.probes(table(), chance=0.1), "its best 0.80 at block1"),
}
REFUSED = [
    ("reads colour pictures", lambda: filters(kernels=(3, 3, 8, 4))),
    ("one map per filter", lambda: filters(maps=(5, 5, 2))),
    (
        "maps of one picture",
        lambda: figures.inside(np.zeros((8, 8, 3)), np.zeros((2, 5, 5, 2))),
    ),
    (
        "no block",
        lambda: figures.probes(
            [{"source": "a", "target": "b", "mean": 1, "low": 1, "high": 1}]
        ),
    ),
]
