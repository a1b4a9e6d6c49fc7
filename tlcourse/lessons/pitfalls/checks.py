"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- pitfalls.1 which sources hurt ----------------------------------------------------

_WITHOUT = np.array([0.30, 0.52, 0.71, 0.41, 0.60])
_GAPS = {
    "always": [-0.02, -0.01, -0.03, -0.02, -0.01],
    "mostly": [-0.10, -0.12, 0.01, -0.09, -0.11],
    "never": [0.02, 0.03, 0.01, 0.02, 0.04],
    "sometimes": [0.05, -0.04, 0.06, -0.03, 0.02],
}


@functools.cache
def _accuracies(hurting=("always",)):
    """A table like the lesson's, its rows in no order."""
    import pandas

    gaps = {name: _GAPS.get(name, _GAPS["always"]) for name in (*_GAPS, *hurting)}
    rows = [("random", seed, value) for seed, value in enumerate(_WITHOUT)]
    rows += [
        (name, seed, _WITHOUT[seed] + gap)
        for name, values in gaps.items()
        for seed, gap in enumerate(values)
    ]
    order = np.random.default_rng(0).permutation(len(rows))
    table = pandas.DataFrame(rows, columns=["source", "seed", "accuracy"])
    return table.iloc[order].reset_index(drop=True)


def _named(answer, table=None):
    found = answer(_accuracies() if table is None else table)
    if isinstance(found, str):
        raise TypeError("a single name")
    return [str(name) for name in found]


# --- pitfalls.2 as many of each -------------------------------------------------------

_LABELS = np.arange(24) % 2
_MARKED = np.where(np.arange(24) < 18, _LABELS == 1, _LABELS == 0)


def _rows(answer):
    rows = np.asarray(answer(_LABELS.copy(), _MARKED.copy()))
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise TypeError("not positions")
    return rows


def _counts(answer):
    rows = _rows(answer)
    return np.bincount(2 * _LABELS[rows] + _MARKED[rows], minlength=4)


# --- pitfalls.3 how many answers flip -------------------------------------------------


def _pictures(n=40):
    return np.random.default_rng(1).uniform(10, 200, (n, 8, 8, 3)).astype("float32")


def _lit(images):
    images = images.copy()
    images[:, -1, -1] = 255
    return images


def _by_the_corner(images):
    return (images[:, -1, -1, 0] > 250).astype(int)


def _by_the_middle(images):
    return (images[:, 4, 4, 0] > 100).astype(int)


def _by_both(images):
    """Goes by the corner where the middle is bright."""
    return _by_the_middle(images) * (1 + _by_the_corner(images))


def _share(answer, predict, change=_lit):
    return float(answer(predict, _pictures(), change))


def _true_share():
    return float(_by_the_middle(_pictures()).mean())


EXERCISES = [
    Exercise(
        name="pitfalls.1",
        title="Which sources hurt",
        expects="a function that takes a table and gives a list of names",
        properties=[
            Property(
                "It gives a list of names",
                lambda answer: isinstance(_named(answer), list),
            ),
            Property(
                "Without the source is no source, so 'random' is not among them",
                lambda answer: "random" not in _named(answer),
                found="Yours names it.",
            ),
            Property(
                "A source that loses in each draw is named, by however little",
                lambda answer: "always" in _named(answer),
                found="In a table of five draws, yours left out one that loses 0.01 "
                "to 0.03 in each.",
            ),
            Property(
                "A source that gains in some draw is not named",
                lambda answer: set(_named(answer)) == {"always"},
                found="In a table of five draws, yours named one that gains in at "
                "least one of them.",
            ),
            Property(
                "It serves for sources of any name",
                lambda answer: (
                    set(_named(answer, _accuracies(("always", "pears"))))
                    == {"always", "pears"}
                ),
                found="With another source in the table, yours was wrong.",
            ),
        ],
        hints=[
            "The draws differ more from one another than the sources do. Compare "
            "within a draw.",
            "`table.pivot` with the seeds as rows and the sources as columns; then "
            "take the column `random` from all of them, as above.",
            "`(gap < 0).all()` tells for each column whether all of it is below zero.",
        ],
        solution="""\
def answer(table):
    accuracy = table.pivot(index="seed", columns="source", values="accuracy")
    gap = accuracy.sub(accuracy["random"], axis=0).drop(columns="random")
    return list(gap.columns[(gap < 0).all()])""",
        explanation="Paired draws see small differences that averages over few draws "
        "would hide.",
    ),
    Exercise(
        name="pitfalls.2",
        title="As many of each",
        expects="a function that takes labels and marks and gives positions",
        properties=[
            Property(
                "It gives positions, a list or array of whole numbers",
                lambda answer: len(_rows(answer)) > 0,
                found="Yours gives none.",
            ),
            Property(
                "Class and mark together make four groups, all equally frequent",
                lambda answer: len(set(_counts(answer))) == 1,
                found=lambda answer: (
                    "Of 24 labels, yours takes from the four groups "
                    + ", ".join(map(str, _counts(answer)))
                    + "."
                ),
            ),
            Property(
                "No picture is left out",
                lambda answer: len(set(_rows(answer).tolist())) == len(_LABELS),
                found=lambda answer: (
                    f"Yours uses {len(set(_rows(answer).tolist()))} of "
                    f"{len(_LABELS)} pictures."
                ),
            ),
            Property(
                "No group is repeated more than it needs to be",
                lambda answer: _counts(answer).max() == 9,
                found=lambda answer: (
                    f"The largest group has 9 pictures, and yours takes "
                    f"{_counts(answer).max()}."
                ),
            ),
        ],
        hints=[
            "Which groups are rare? `2 * labels + marked` numbers them from 0 to 3.",
            "`np.flatnonzero(group == g)` are the positions of one. The largest "
            "stays as it is, and the others are repeated until they are as large.",
            "`np.resize(positions, size)` repeats positions up to a size.",
        ],
        solution="""\
def answer(labels, marked):
    group = 2 * labels + marked
    size = np.bincount(group).max()
    return np.concatenate(
        [np.resize(np.flatnonzero(group == g), size) for g in np.unique(group)]
    )""",
        explanation="To throw pictures away until all groups are as small as the "
        "rarest makes them equal too, and leaves next to nothing to learn from.",
    ),
    Exercise(
        name="pitfalls.3",
        title="How many answers flip",
        expects="a function that gives a share, a number from 0 to 1",
        properties=[
            Property(
                "It gives a number from 0 to 1",
                lambda answer: 0 <= _share(answer, _by_both) <= 1,
                found=lambda answer: f"Yours gives {_share(answer, _by_both):.2f}.",
            ),
            Property(
                "Where each answer follows the mark, all of them flip",
                lambda answer: np.isclose(_share(answer, _by_the_corner), 1),
                found=lambda answer: (
                    f"Yours gives {_share(answer, _by_the_corner):.2f}."
                ),
            ),
            Property(
                "Where no answer looks at the mark, none flips",
                lambda answer: np.isclose(_share(answer, _by_the_middle), 0),
                found=lambda answer: (
                    f"Yours gives {_share(answer, _by_the_middle):.2f}."
                ),
            ),
            Property(
                "It is the share of the pictures whose answer becomes another",
                lambda answer: np.isclose(_share(answer, _by_both), _true_share()),
                found=lambda answer: (
                    f"Of 40 pictures, {round(40 * _true_share())} flip, and yours "
                    f"gives {_share(answer, _by_both):.2f}."
                ),
            ),
            Property(
                "It serves for any change",
                lambda answer: np.isclose(
                    _share(answer, _by_both, lambda images: images), 0
                ),
                found="Where nothing is changed, yours still finds flips.",
            ),
        ],
        hints=[
            "No labels are needed: ask the same question twice.",
            "Once for `images`, once for `change(images)`.",
            "`np.mean(before != after)` is the share that differs.",
        ],
        solution="""\
def answer(predict, images, change):
    return np.mean(predict(images) != predict(change(images)))""",
        explanation="It works on pictures without labels, and for any change that "
        "should not matter.",
    ),
]
