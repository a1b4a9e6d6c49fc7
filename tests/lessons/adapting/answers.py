"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

from tests.helpers import solved
from tlcourse.adaptation.features import recolour
from tlcourse.quiet import import_keras


def names():
    return {"np": np, "keras": import_keras()}


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


def transposed(labels, said, target_said):
    """Shares of the labels given the answers: they hold for the source's shares."""
    columns = [np.bincount(labels[said == k], minlength=5) for k in range(5)]
    given = np.stack([c / c.sum() for c in columns], axis=1)
    return given @ np.bincount(target_said, minlength=5) / len(target_said)


def unclipped(labels, said, target_said):
    return 2 * solved("adapting.2", np=np)(labels, said, target_said)


def by_least_squares(labels, said, target_said):
    count = labels.max() + 1
    hits = np.zeros((count, count))
    np.add.at(hits, (said, labels), 1)
    answers = np.bincount(target_said, minlength=count) / len(target_said)
    found = np.linalg.lstsq(hits / hits.sum(0), answers, rcond=None)[0].clip(0)
    return found / found.sum()


def tent(trains="batch", sign=-1):
    """Train a part of a model for an epoch; the sign -1 makes answers surer."""

    def answer(model, pictures):
        keras = import_keras()
        for layer in model.layers:
            layer.trainable = trains in layer.name

        def loss(labels, chances):
            logs = keras.ops.log(chances + 1e-7)
            return sign * keras.ops.sum(chances * logs, axis=-1)

        model.compile(keras.optimizers.SGD(0.01), loss)
        model.fit(pictures, np.zeros(len(pictures)), verbose=0)

    return answer


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
        "four": (lambda labels, said, target: np.full(4, 0.25), "one share per class"),
        "unclipped": (unclipped, "sum to 1", "sum to 2"),
        "equal": (lambda labels, said, target: np.full(5, 0.2), "always right"),
        "transposed": (transposed, "half of what counting", "off by"),
    },
    "adapting.3": {
        "nothing": (lambda model, pictures: None, "scale and shift move"),
        "the head": (tent("dense"), "stay as they are"),
        "less sure": (tent(sign=1), "surer", "mean entropy"),
    },
}
RIGHT = {
    "adapting.1": {
        "the course's own": lambda s, t: recolour(s, t, regularisation=1e-9),
        "by another root": by_another_root,
    },
    "adapting.2": {"by least squares": by_least_squares},
    "adapting.3": {"with SGD": tent()},
}
