"""The widget of the lesson: how strong a cue must be until a network goes by it."""

from __future__ import annotations

import functools

import numpy as np
import pandas

from tlcourse import datasets, plots, probes, tables
from tlcourse.widgets.static_first import StaticFirst, labelled

STRENGTHS = (None, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
REPAIRS = ("none", "repeat the rare", "each with and without")
PER_CLASS, DRAWS = 20, 5


def follow_the_mark(vectors, task):
    """Let the learner choose how often the mark goes with the class in the few labels.

    Parameters
    ----------
    vectors : dict of (str, str, bool) to ndarray, float32, (n, d)
        By name of a source, "train" or "test", and whether the pictures bear the mark:
        features of the whole split.
    task : Task
        With two classes and all its training labels; the mark goes with class 1.
    """
    import ipywidgets as widgets

    slider = labelled(
        widgets.SelectionSlider,
        "the mark goes with the class in",
        options=[("no marks", None), *((f"{s:.0%}", s) for s in STRENGTHS[1:])],
        value=0.9,
        layout=widgets.Layout(width="auto", max_width="36em"),
    )
    drawn = functools.partial(draw, vectors, task)
    StaticFirst(drawn, strength=slider, repair=REPAIRS).show()


def draw(vectors, task, strength, repair="none"):
    """Draw the accuracy of each slice of the test pictures, for every source.

    Parameters
    ----------
    vectors, task
        As for `follow_the_mark`.
    strength : float or None
        Share of the few labels, 0.5 to 1, in which the mark goes with the class; None
        where no training picture bears it.
    repair : str
        One of ``REPAIRS``: what is done to the training examples.

    Returns
    -------
    Picture
        Its title tells the accuracy on test pictures that are marked as the training
        pictures are, and the worst slice, of the last source.
    """
    table = sliced(vectors, task, strength, repair)
    summary = tables.summarise(table, ["slice", "source"])
    last = summary[summary["source"] == summary["source"].iloc[-1]]
    mean = last.set_index("slice")["mean"]
    usual = _as_in_training(mean, task.classes, strength)
    worst = mean.idxmin()
    return plots.bars(
        summary,
        by="slice",
        series="source",
        title=f"{summary['source'].iloc[-1]}: {usual:.2f} where pictures are marked "
        f"as in training,\nbut {mean[worst]:.2f} on '{worst}'",
    )


def sliced(vectors, task, strength, repair="none"):
    """Fit a probe on few marked labels and slice the test split, over five draws.

    Parameters
    ----------
    vectors, task, strength, repair
        As for `draw`.

    Returns
    -------
    pandas.DataFrame
        Columns slice, source, seed, accuracy (0-1).
    """
    rows = []
    for source in dict.fromkeys(name for name, _, _ in vectors):
        for seed in range(DRAWS):
            learnt = _examples(vectors, source, task, strength, repair, seed)
            probe = probes.linear_probe().fit(*learnt)
            for marked in (False, True):
                guesses = probe.predict(vectors[source, "test", marked])
                right = guesses == task.test.labels
                rows += [
                    (_name(name, marked), source, seed,
                     right[task.test.labels == label].mean())
                    for label, name in enumerate(task.classes)
                ]  # fmt: skip
    table = pandas.DataFrame(rows, columns=["slice", "source", "seed", "accuracy"])
    order = [_name(name, m) for name in task.classes for m in (False, True)]
    return table.sort_values("slice", key=lambda s: s.map(order.index), kind="stable")


def goes_with(labels, strength):
    """Choose which training pictures bear the mark.

    Parameters
    ----------
    labels : ndarray, int, (n,)
        0 and 1 in turn, as `datasets.few` gives them.
    strength : float or None
        Of class 1 this share is marked, and of class 0 the rest; None marks nothing.

    Returns
    -------
    ndarray, bool, (n,)
    """
    if strength is None:
        return np.zeros(len(labels), bool)
    rank = np.arange(len(labels)) // 2
    return (rank < round(strength * len(labels) / 2)) == (labels == 1)


def _examples(vectors, source, task, strength, repair, seed):
    """Features and labels to learn from."""
    few = datasets.few(task.train.labels, PER_CLASS, seed, task.name)
    labels = task.train.labels[few]
    plain, marked = (vectors[source, "train", m][few] for m in (False, True))
    if repair == "each with and without":
        return np.concatenate([plain, marked]), np.tile(labels, 2)
    bears = goes_with(labels, strength)
    seen = np.where(bears[:, None], marked, plain)
    if repair == "none":
        return seen, labels
    group = 2 * labels + bears
    counts = np.bincount(group)
    rows = np.concatenate([
        np.resize(np.flatnonzero(group == g), counts.max())
        for g in np.flatnonzero(counts)  # what isn't there cannot be repeated
    ])  # fmt: skip
    return seen[rows], labels[rows]


def _as_in_training(mean, classes, strength):
    zero, one = classes
    if strength is None:
        return (mean[_name(zero, False)] + mean[_name(one, False)]) / 2
    usual = mean[_name(zero, False)] + mean[_name(one, True)]
    other = mean[_name(zero, True)] + mean[_name(one, False)]
    return (strength * usual + (1 - strength) * other) / 2


def _name(name, marked):
    return f"{name}, mark" if marked else f"{name}, no mark"
