"""The same experiment over sizes, seeds and strategies: a table with intervals."""

from __future__ import annotations

import numpy as np
import pandas
import scipy.stats

from tlcourse import datasets
from tlcourse.freezing import FreezePlan
from tlcourse.progress import progress
from tlcourse.training import transfer


def compare(strategies, dataset, per_class, seeds, epochs=20, show_progress=True):
    """Run strategies on the same few labels, for several draws of the labels.

    Parameters
    ----------
    strategies : dict of str to (Backbone, FreezePlan)
        What to compare; the keys name the rows.
    dataset : str
        See ``datasets.load``.
    per_class : sequence of int
        Numbers of labelled examples a class.
    seeds : sequence of int
        Each seed draws the labels and starts the training.
    epochs : int
    show_progress : bool

    Returns
    -------
    pandas.DataFrame
        A row a run: ``strategy``, ``per_class``, ``seed``, ``accuracy`` (test split,
        0-1), ``seconds``, ``trainable`` (parameters).
    """
    plans = [
        (name, *choice, size, seed)
        for size in per_class
        for seed in seeds
        for name, choice in strategies.items()
    ]
    rows = []
    for name, backbone, plan, size, seed in progress(
        plans, "Training", show=show_progress
    ):
        task = datasets.load(dataset, per_class=size, seed=seed)
        run = transfer(backbone, task, plan, epochs, seed, show_progress=False)
        rows.append((
            name, size, seed, run.test_accuracy, run.seconds,
            run.trainable_parameters,
        ))  # fmt: skip
    columns = ["strategy", "per_class", "seed", "accuracy", "seconds", "trainable"]
    return pandas.DataFrame(rows, columns=columns)


def summarise(table, by, value="accuracy"):
    """Average a tidy table over its seeds, with a 95 % confidence interval.

    Parameters
    ----------
    table : pandas.DataFrame
    by : list of str
        The columns that make an experiment; its rows differ in the seed.
    value : str
        The column to average.

    Returns
    -------
    pandas.DataFrame
        ``by`` and ``mean``, ``low``, ``high``, ``n``. The interval is Student's, for
        the mean; with a single seed it is as wide as can be: not a number.
    """
    grouped = table.groupby(by, sort=False)[value]
    summary = grouped.agg(mean="mean", spread="std", n="count").reset_index()
    quantile = scipy.stats.t.ppf(0.975, np.maximum(summary["n"] - 1, 1))
    half = quantile * summary["spread"] / np.sqrt(summary["n"])
    summary["low"], summary["high"] = summary["mean"] - half, summary["mean"] + half
    return summary[[*by, "mean", "low", "high", "n"]]


def labels_worth(summary, strategy, reference):
    """How many labels a class the reference needs to do as well as a strategy.

    Parameters
    ----------
    summary : pandas.DataFrame
        From ``summarise(table, ["strategy", "per_class"])``.
    strategy, reference : str

    Returns
    -------
    pandas.DataFrame
        ``per_class`` (the strategy's labels), ``mean`` (its accuracy) and ``needed``
        (the reference's labels for the same, interpolated on a logarithmic scale;
        infinite where it never got there).
    """
    ours = summary[summary["strategy"] == strategy]
    theirs = summary[summary["strategy"] == reference].sort_values("per_class")
    # An average of few seeds may dip: more labels are never counted as worse.
    reached = np.maximum.accumulate(theirs["mean"].to_numpy())
    steps = np.log(theirs["per_class"].to_numpy())
    needed = np.exp(np.interp(ours["mean"], reached, steps, right=np.inf))
    return ours[["per_class", "mean"]].assign(needed=needed).reset_index(drop=True)
