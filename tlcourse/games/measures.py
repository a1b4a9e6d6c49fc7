"""What a transfer is worth, in the four measures of Taylor and Stone (2009)."""

from __future__ import annotations

import numpy as np

from tlcourse import tables

THRESHOLD = 150  # of 200: the game is learnt
LAST = 5  # updates whose mean is the asymptote


def measure(scores, opponent):
    """Compare the learning curves of a transfer with those of an opponent.

    Parameters
    ----------
    scores, opponent : array_like, (updates,) or (seeds, updates)
        Mean scores of the games before each update; seeds in the same order.

    Returns
    -------
    dict of str to ndarray, () or (seeds,)
        ``jumpstart`` (first score, less the opponent's), ``time_to_threshold``
        (updates until a score of 150, all of them where it never is, less
        the opponent's; below 0 is faster), ``asymptote`` (mean of the last five
        scores, less the opponent's), ``ratio`` (area under the curve, as a share of
        the opponent's, less 1).

    Raises
    ------
    ValueError
        If the two have not the same shape, or fewer updates than the asymptote needs.

    References
    ----------
    Taylor & Stone (2009), Transfer learning for reinforcement learning domains.
    """
    scores, opponent = (np.asarray(each, float) for each in (scores, opponent))
    if scores.shape != opponent.shape or not 1 <= scores.ndim <= 2:
        raise ValueError(
            "Give two arrays of (updates,) or (seeds, updates) of the same shape, and "
            f"not {scores.shape} and {opponent.shape}."
        )
    if scores.shape[-1] < LAST:
        raise ValueError(
            f"The asymptote is the mean of {LAST} updates, and the curves have "
            f"{scores.shape[-1]}."
        )
    area, other = scores.sum(axis=-1), opponent.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):  # a score of 0
        ratio = area / other - 1
    return {
        "jumpstart": scores[..., 0] - opponent[..., 0],
        "time_to_threshold": reached(scores) - reached(opponent),
        "asymptote": scores[..., -LAST:].mean(-1) - opponent[..., -LAST:].mean(-1),
        "ratio": ratio,
    }


def reached(scores, threshold=THRESHOLD):
    """Count the updates before the threshold is reached first.

    Parameters
    ----------
    scores : array_like, (updates,) or (seeds, updates)
    threshold : float

    Returns
    -------
    ndarray of int, () or (seeds,)
        The number of all updates where it never is: then it takes that many or more.
    """
    there = np.asarray(scores) >= threshold
    return np.where(there.any(axis=-1), there.argmax(axis=-1), there.shape[-1])


def compare(table, opponent="from scratch"):
    """Compare every plan of a table with an opponent, over its seeds.

    Parameters
    ----------
    table : pandas.DataFrame
        A row an update: ``pair`` of games, ``plan``, ``seed``, ``update`` and
        ``score``.
    opponent : str
        A plan.

    Returns
    -------
    pandas.DataFrame
        ``pair``, ``plan``, ``measure`` (see `measure`), and ``mean``, ``low``,
        ``high`` (the 95 % interval) and ``n`` as of `tables.summarise`.

    Raises
    ------
    ValueError
        If the table has no such opponent.
    """
    import pandas

    if opponent not in set(table["plan"]):
        known = ", ".join(table["plan"].unique())
        raise ValueError(f"The table has no plan {opponent!r}. It has {known}.")
    rows = []
    for pair, of_pair in table.groupby("pair", sort=False):
        curves = {
            plan: of_plan.pivot(index="seed", columns="update", values="score")
            for plan, of_plan in of_pair.groupby("plan", sort=False)
        }
        for plan, scores in curves.items():
            if plan != opponent:
                found = measure(scores, curves[opponent])
                rows += [
                    (pair, plan, name, seed, value)
                    for name, values in found.items()
                    for seed, value in zip(scores.index, values, strict=True)
                ]
    columns = ["pair", "plan", "measure", "seed", "value"]
    found = pandas.DataFrame(rows, columns=columns)
    return tables.summarise(found, columns[:3], "value")
