"""Tidy tables of results: means with intervals over seeds, what a gain is worth."""

from __future__ import annotations

import numpy as np
import scipy.stats


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
        the mean, and of an accuracy it ends at 0 and 1; with a single seed it is as
        wide as can be: not a number.
    """
    grouped = table.groupby(by, sort=False)[value]
    summary = grouped.agg(mean="mean", spread="std", n="count").reset_index()
    quantile = scipy.stats.t.ppf(0.975, np.maximum(summary["n"] - 1, 1))
    half = quantile * summary["spread"] / np.sqrt(summary["n"])
    summary["low"], summary["high"] = summary["mean"] - half, summary["mean"] + half
    if value == "accuracy":
        summary[["low", "high"]] = summary[["low", "high"]].clip(0, 1)
    return summary[[*by, "mean", "low", "high", "n"]]


def labels_worth(summary, strategy, reference):
    """How many labels per class the reference needs to do as well as a strategy.

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
