"""The exercises of the lesson."""

import functools
import itertools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- clusters.1 clustering accuracy ---------------------------------------------------


@functools.cache
def _examples():
    """Labels and clusters, with what is right by trying all ways to give names."""
    # Here the largest count, 5, is not part of the best choice, 4 and 4.
    labels = np.repeat([0, 0, 1], [5, 4, 4])
    clusters = np.repeat([0, 1, 0], [5, 4, 4])
    rng, found = np.random.default_rng(8), [(labels, clusters, 8 / 13)]
    for classes, count in ((3, 3), (4, 4), (5, 5), (4, 2), (5, 3)):
        labels = rng.integers(0, classes, 40)
        mixed = rng.random(40) < 0.4
        clusters = np.where(mixed, rng.integers(0, count, 40), (labels + 1) % count)
        found.append((labels, clusters, by_brute_force(labels, clusters)))
    return found


def by_brute_force(labels, clusters):
    """Clustering accuracy: the best of all ways to give clusters classes of theirs."""
    kinds, groups = np.unique(labels), np.unique(clusters)
    few, many = sorted((kinds, groups), key=len)
    few_are_kinds = len(kinds) <= len(groups)
    best = 0
    for chosen in itertools.permutations(many, len(few)):
        right = 0
        for one, other in zip(few, chosen, strict=True):
            kind, group = (one, other) if few_are_kinds else (other, one)
            right += ((labels == kind) & (clusters == group)).sum()
        best = max(best, right)
    return best / len(labels)


def _same_names_in_another_order(answer):
    labels = np.repeat([0, 1, 2], 5)
    return _close(answer(labels, (labels + 1) % 3), 1)


def _agrees(answer):
    return all(_close(answer(y.copy(), c.copy()), right) for y, c, right in _examples())


def _no_class_twice(answer):
    """Two clusters of one class: only one of them may have it."""
    labels, clusters = np.array([0] * 8 + [1] * 2), np.repeat([0, 1], 5)
    return _close(answer(labels, clusters), 0.7)


def _pieces_do_not_help(answer):
    labels = np.repeat([0, 1], 3)
    return _close(answer(labels, np.arange(6)), 2 / 6)


def _close(found, right):
    return bool(np.isclose(float(found), right, atol=1e-6))


# --- clusters.2 your own encoder ------------------------------------------------------

LEAST_NMI = {"faces": 0.8, "photos": 0.55}


@functools.cache
def _pictures(name):
    """Some training pictures of a data set, and their labels."""
    from tlcourse import datasets

    train = datasets.load(name).train
    rows = np.random.default_rng(0).permutation(len(train))[:150]
    return train.images[rows], train.labels[rows]


@functools.lru_cache(maxsize=2)
def _encoded(answer, name):
    return np.asarray(answer(_pictures(name)[0].copy()), float)


def _gives_rows(answer):
    shapes = [_encoded(answer, name) for name in LEAST_NMI]
    return all(
        each.ndim == 2 and len(each) == len(_pictures(name)[0])
        for name, each in zip(LEAST_NMI, shapes, strict=True)
    ) and all(np.isfinite(each).all() for each in shapes)


def _nmi(answer, name):
    """How well groups of the answer's features fit the classes."""
    from tlcourse import unsupervised

    rich, labels = _encoded(answer, name), _pictures(name)[1]
    kinds = len(set(labels.tolist()))
    return unsupervised.nmi(labels, unsupervised.kmeans(rich, kinds).members)


def _groups_well(name):
    return lambda answer: _nmi(answer, name) >= LEAST_NMI[name]


def _heard(name):
    return lambda answer: f"Yours come to an NMI of {_nmi(answer, name):.2f}."


# --- clusters.3 ten labels ------------------------------------------------------------

BUDGET, ENOUGH = 10, 0.85


@functools.cache
def _digits():
    """Features of the handwritten digits by `glyphs`, and labels; train and test."""
    from tlcourse import backbones, datasets

    backbone, task = backbones.load("mobilenet", "glyphs"), datasets.load("digits")
    found = []
    for split in (task.train, task.test):
        found += [backbone.features(split.images), split.labels]
    return found


def _asked(answer):
    return np.asarray(answer(_digits()[0].copy(), BUDGET))


def _are_positions(answer):
    asked = _asked(answer)
    return (
        asked.dtype.kind in "iu"
        and asked.shape == (BUDGET,)
        and len(set(asked.tolist())) == BUDGET
        and 0 <= asked.min() <= asked.max() < len(_digits()[0])
    )


def accuracy(asked):
    """Test accuracy of a probe that is fitted to the digits at these positions."""
    from tlcourse.probes import linear_probe

    features, labels, unseen, truth = _digits()
    if len(set(labels[asked])) < 2:
        return float((truth == labels[asked][0]).mean())
    return linear_probe().fit(features[asked], labels[asked]).score(unseen, truth)


def _kinds(answer):
    return len(set(_digits()[1][_asked(answer)].tolist()))


EXERCISES = [
    Exercise(
        name="clusters.1",
        title="Clustering accuracy",
        expects="a function of labels and clusters, both (n,), that gives a number "
        "from 0 to 1",
        properties=[
            Property(
                "Clusters that are the classes, under other numbers, score 1",
                _same_names_in_another_order,
                found="Yours says something else.",
            ),
            Property(
                "Two clusters never get the same class",
                _no_class_twice,
                found="Of eight 0s and two 1s, cut into two clusters of five, yours "
                "finds another share than 0.7.",
            ),
            Property(
                "Cutting clusters into pieces is no help",
                _pieces_do_not_help,
                found="Six pictures of two classes, each a cluster of its own: two can "
                "be right, and yours finds another share.",
            ),
            Property(
                "It is the best way to give clusters classes, on six examples",
                _agrees,
                found="On one of them there is a better way than yours, or yours finds "
                "more than any way gives.",
            ),
        ],
        hints=[
            "First count: a table with a row for each class and a column for each "
            "cluster. Then choose cells, at most one in each row and each column.",
            "Trying all ways takes for ever with many clusters. SciPy has the "
            "Hungarian method: `scipy.optimize.linear_sum_assignment`.",
            "`linear_sum_assignment(counts, maximize=True)` gives rows and columns of "
            "the chosen cells; the table need not be square.",
        ],
        solution="""\
import numpy as np
from scipy.optimize import linear_sum_assignment


def answer(labels, clusters):
    groups = np.unique(clusters)
    counts = np.array([
        [np.sum((labels == kind) & (clusters == group)) for group in groups]
        for kind in np.unique(labels)
    ])
    chosen = linear_sum_assignment(counts, maximize=True)
    return counts[chosen].sum() / len(labels)""",
        explanation="Choosing the largest cell first, then the largest that is left, "
        "is not always best.",
    ),
    Exercise(
        name="clusters.2",
        title="Your own encoder",
        expects="a function of pictures, (n, height, width, 3), that gives features, "
        "(n, d)",
        properties=[
            Property(
                "It gives one row of finite numbers for each picture, for faces of 25 "
                "x 25 pixels and for photographs of 48 x 48",
                _gives_rows,
                found="Yours gives something else.",
            ),
            Property(
                f"Two groups of faces and other pictures come to an NMI of "
                f"{LEAST_NMI['faces']}",
                _groups_well("faces"),
                found=_heard("faces"),
            ),
            Property(
                f"Ten groups of pieces of photographs come to an NMI of "
                f"{LEAST_NMI['photos']}",
                _groups_well("photos"),
                found=_heard("photos"),
            ),
        ],
        hints=[
            "A network that has seen many photographs describes them better than "
            "pixels do. Which one do you have?",
            "EfficientNet-Lite0 has learnt from large pictures. A face of 25 pixels is "
            "small for it: enlarge first.",
            "`keras.ops.image.resize(images, (96, 96))`, then `encoder.predict`.",
        ],
        solution="""\
import keras

import tlcourse as tl


def answer(images):
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    encoder = keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])
    large = keras.ops.image.resize(images, (96, 96))
    return encoder.predict(large, verbose=0)""",
        explanation="A network that wants other pixels (-1 to 1, say) needs its own "
        "preprocessing in between.",
    ),
    Exercise(
        name="clusters.3",
        title="Ten labels",
        expects="a function of features, (n, d), and a budget, that gives so many "
        "positions",
        properties=[
            Property(
                f"For a budget of {BUDGET} it gives {BUDGET} different positions, "
                "whole numbers from 0 up to n - 1",
                _are_positions,
                found=lambda answer: (
                    f"Yours gives {np.unique(_asked(answer)).size} different ones."
                ),
            ),
            Property(
                "Of each of the ten digits one is asked for",
                lambda answer: _kinds(answer) == BUDGET,
                found=lambda answer: f"Yours asks for {_kinds(answer)} of them.",
            ),
            Property(
                f"A probe fitted to these {BUDGET} knows at least {ENOUGH:.0%} of the "
                "test digits",
                lambda answer: accuracy(_asked(answer)) >= ENOUGH,
                found=lambda answer: f"Yours knows {accuracy(_asked(answer)):.0%}.",
            ),
        ],
        hints=[
            "Ten pictures that differ, and each of them typical of many others.",
            "As many clusters as labels; which picture of a cluster stands for it?",
            "`unsupervised.nearest(clusters, features)` gives for each cluster an "
            "array with one position; `np.concatenate` joins them.",
        ],
        solution="""\
import numpy as np

from tlcourse import unsupervised


def answer(features, budget):
    clusters = unsupervised.kmeans(features, budget)
    return np.concatenate(unsupervised.nearest(clusters, features))""",
        explanation="No label was looked at to choose them. The odd ones out would "
        "differ as well, but stand for nothing but themselves.",
    ),
]
