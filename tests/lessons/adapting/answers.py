"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

from tests.helpers import solved
from tlcourse.adaptation.features import recolour


def names():
    return {"np": np}


def whitened_only(source, target):
    white = np.linalg.cholesky(np.linalg.inv(np.cov(source, rowvar=False)))
    return (source - source.mean(0)) @ white + target.mean(0)


def spread_only(source, target):
    scaled = (source - source.mean(0)) / source.std(0) * target.std(0)
    return scaled + target.mean(0)


def some_of_the_target(source, target):
    rows = np.random.default_rng(0).permutation(np.tile(np.arange(250), 2))[:300]
    return by_another_root(target[rows], target)


def by_another_root(source, target):
    back = np.linalg.inv(np.linalg.cholesky(np.cov(source, rowvar=False))).T
    there = np.linalg.cholesky(np.cov(target, rowvar=False)).T
    return (source - source.mean(0)) @ back @ there + target.mean(0)


def turned(source, target):
    moved = solved("adapting.1")(source, target)
    values, vectors = np.linalg.eigh(np.cov(target, rowvar=False))
    mirror = vectors * [-1, 1, 1, 1, 1, 1] @ vectors.T
    return (moved - moved.mean(0)) @ mirror + moved.mean(0)


def writes_into_it(source, target):
    moved = solved("adapting.1")(source, target)
    source -= source.mean(0)
    return moved


LOOKED = "looked at the target's labels"
WRONG = {
    "adapting.1": {
        "the target": (lambda source, target: target, r"come back as \(n, d\)"),
        "the source": (lambda source, target: source, "mean is the target's"),
        "whitened only": (whitened_only, "covariance is the target's"),
        "spread only": (spread_only, "covariance is the target's"),
        "some of the target": (some_of_the_target, "same linear map"),
        "turned": (turned, "nothing moves"),
        "writes into it": (writes_into_it, "as before"),
    },
    "adapting.2": {
        **{str(n): (n, "number") for n in ("0.7", None, True, -0.1, 1.0, np.nan)},
        "too low": (0, "gain", LOOKED),
        "too high": (0.99, "gain", LOOKED),
    },
}
RIGHT = {
    "adapting.1": {
        "the course's own": lambda s, t: recolour(s, t, regularisation=1e-9),
        "by another root": by_another_root,
    },
    "adapting.2": {"0.7": 0.7, "0.8 of NumPy": np.float64(0.8)},
}
