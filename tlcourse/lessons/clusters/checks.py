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


# --- clusters.2 which changes ---------------------------------------------------------

TARGETS = ("digits", "apples", "tissue")
# What would make another thing of it, or hide what tells the things apart.
FALSE_CLAIMS = {
    "digits": ("mirror", "any_way_up", "crop"),
    "apples": ("colour", "grey"),
    "tissue": ("grey",),
}


def _is_a_choice(answer):
    from tlcourse.unsupervised import AUGMENTATIONS

    return set(answer) == set(TARGETS) and all(
        not isinstance(names, str) and set(names) <= set(AUGMENTATIONS)
        for names in answer.values()
    )


def _change_something(answer):
    digits = set(answer["digits"]) - {"grey"}  # they have no colour to lose
    others = (set(answer[target]) for target in TARGETS if target != "digits")
    return min(map(len, (digits, *others))) >= 2


def _true_claims(target):
    return lambda answer: not set(answer[target]) & set(FALSE_CLAIMS[target])


def _claimed(target):
    return lambda answer: f"You have {', '.join(answer[target])}."


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
        title="Which changes?",
        expects="a dict with a list of augmentations for digits, apples and tissue",
        properties=[
            Property(
                "There is a list for digits, apples and tissue, of names that "
                "`unsupervised.AUGMENTATIONS` has",
                _is_a_choice,
                found="Yours has another key or another name.",
            ),
            Property(
                "Each list has at least two changes that change something",
                _change_something,
                found="One of yours has fewer. (What would `grey` do to a digit?)",
            ),
            Property(
                "Each change leaves a digit the digit that it is",
                _true_claims("digits"),
                found=_claimed("digits"),
            ),
            Property(
                "No change hides what tells the kinds of apples apart",
                _true_claims("apples"),
                found=_claimed("apples"),
            ),
            Property(
                "No change hides what tells kinds of tissue apart",
                _true_claims("tissue"),
                found=_claimed("tissue"),
            ),
            Property(
                "The list for tissue uses that a slide has no up and down",
                lambda answer: "any_way_up" in answer["tissue"],
                found=_claimed("tissue"),
            ),
        ],
        hints=[
            "Ask of each change: if somebody did this to the picture, would an expert "
            "give it another name?",
            "A 6 that is turned round is a 9, a mirrored 2 is no digit, and a piece of "
            "an 8 may be a 3. What does a green apple have that a red one has not?",
            "`any_way_up` is for things that have no up and down. Stains differ from "
            "laboratory to laboratory, but without them a slide is hardly readable.",
        ],
        solution="""\
answer = {
    "digits": ["shift", "tilt", "light"],
    "apples": ["crop", "mirror", "light"],
    "tissue": ["crop", "any_way_up", "colour"],
}""",
        explanation="Other lists will do, too. How strongly slides are stained differs "
        "from laboratory to laboratory, so for tissue `colour` is a true claim.",
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
