"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import numpy as np

import tlcourse as tl
from tlcourse import unsupervised
from tlcourse.lessons.clusters import checks
from tlcourse.quiet import import_keras


def names():
    return {"np": np}


@functools.cache
def encoder():
    keras = import_keras()
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    return keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])


def noise(count):
    return np.random.default_rng(0).normal(size=(count, 3))


def greedy(labels, clusters):
    """The largest cell first, then the largest that is left."""
    counts = np.array([
        [((labels == a) & (clusters == b)).sum() for b in np.unique(clusters)]
        for a in np.unique(labels)
    ])  # fmt: skip
    right = 0
    for _ in range(min(counts.shape)):
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        right += counts[row, column]
        counts[row], counts[:, column] = -1, -1
    return right / len(labels)


def never_less_than_half(labels, clusters):
    return max(0.5, unsupervised.clustering_accuracy(labels, clusters))


def by_hand(images):
    large = import_keras().ops.image.resize(images, (96, 96), interpolation="bicubic")
    return encoder().predict(large, verbose=0)


def furthest(features, budget):
    clusters = unsupervised.kmeans(features, budget)
    return np.concatenate(unsupervised.odd_ones_out(clusters, features))


def another_seed(features, budget):
    """A list of positions, and not of the checks' own seed."""
    clusters = unsupervised.kmeans(features, budget, seed=4)
    return [int(rows[0]) for rows in unsupervised.nearest(clusters, features)]


WRONG = {
    "clusters.1": {
        "same numbers": (lambda labels, k: (labels == k).mean(), "under other numbers"),
        "nmi": (unsupervised.nmi, "never get the same class"),
        "never less than half": (never_less_than_half, "into pieces"),
        "greedy": (greedy, "best way"),
    },
    "clusters.2": {
        "one row": (lambda images: images.mean((0, 1, 2))[None], "one row of finite"),
        "not flat": (lambda images: images, "one row of finite"),
        "random": (lambda images: noise(len(images)), "groups of faces", "NMI of 0.0"),
    },
    "clusters.3": {
        "five": (lambda *_: range(5), "different positions"),
        "one": (lambda _, budget: np.zeros(budget, int), "different positions"),
        "outside": (lambda _, budget: np.arange(budget) * 1000, "different positions"),
        "no positions": (lambda x, budget: x[:budget, 0], "different positions"),
        "random": (
            lambda _, budget: np.random.default_rng(0).permutation(800)[:budget],
            "ten digits",
        ),
        "furthest": (furthest, "ten digits"),
    },
}
RIGHT = {
    "clusters.1": {
        "the package's own": unsupervised.clustering_accuracy,
        "brute force": checks.by_brute_force,
    },
    "clusters.2": {"another way to enlarge": by_hand},
    "clusters.3": {"another seed": another_seed},
}
