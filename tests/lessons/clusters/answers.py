"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

from tlcourse import unsupervised
from tlcourse.lessons.clusters import checks
from tlcourse.unsupervised.recipes import RECIPES


def names():
    return {"np": np}


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


COURSES_OWN = {name: RECIPES[name] for name in checks.TARGETS}


def changes(says, **lists):
    """The course's own choices but for one data set, and what is said."""
    return COURSES_OWN | lists, says


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
    "clusters.2": {"the course's own": COURSES_OWN},
    "clusters.3": {"another seed": another_seed},
}
