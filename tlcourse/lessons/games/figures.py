"""Figures of the lesson: learning curves, and what a transfer is worth."""

from __future__ import annotations

import numpy as np

from tlcourse import games, tables
from tlcourse.games.measures import THRESHOLD
from tlcourse.plots.style import (
    INK,
    Picture,
    checked_table,
    line_style,
    name_rows,
    new_figure,
    put_title,
    styled,
    write_beside,
)

UNITS = {
    "jumpstart": "Jumpstart (score)",
    "time_to_threshold": "Time to threshold (updates)",
    "asymptote": "Asymptote (score)",
    "ratio": "Transfer ratio",
}
# Each plan keeps its colour and sign in all figures.
PLANS = (
    "from scratch", "matched start", "all layers", "new last layer",
    "all layers, first frozen", "new last layer, first frozen",
    "softened last layer", "matched, new last, first frozen",
)  # fmt: skip
MOST = 3  # a ratio beyond it is written in figures


@styled
def curves(table, plans=None, *, title=None):
    """Mean scores before each update, a line a plan, with 95 % intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        ``plan``, ``seed``, ``update`` and ``score`` (0-200), of one pair of games.
    plans : list of str, optional
        Some of ``PLANS``, in this order; all of the table without it.
    """
    table = checked_table(table, ["plan", "seed", "update", "score"], "curves")
    plans = list(table["plan"].unique()) if plans is None else list(plans)
    table = table[table["plan"].isin(plans)]
    table = checked_table(table, ["plan"], "curves")
    fig, words = new_figure(7.4, 3.7), []
    axes = fig.subplots()
    axes.axhline(THRESHOLD, color=INK, linewidth=1, linestyle=(0, (1, 3)))
    for plan in plans:
        rows = tables.summarise(table[table["plan"] == plan], ["update"], "score")
        at, style = rows["update"].to_numpy(), line_style(PLANS.index(plan))
        axes.plot(at, rows["mean"], label=plan, markevery=3, **style)
        low, high = rows["low"].clip(0, 200), rows["high"].clip(0, 200)
        axes.fill_between(at, low, high, color=style["color"], alpha=0.15, linewidth=0)
        first, last = rows["mean"].iloc[[0, -1]]
        words.append(f"{plan} goes from {first:.0f} to {last:.0f}")
    axes.set(xlabel="Updates", ylabel="Score (of 200)", ylim=(0, 208))
    axes.set_xlim(-0.5, table["update"].max() + 0.5)
    axes.grid(axis="y")
    put_title(axes, title)
    fig.legend(loc="outside lower center", ncols=2)
    told = "; ".join(words)
    return Picture(fig, f"Line chart of scores over updates, with intervals: {told}.")


@styled
def measures(table, plan="all layers", opponents=("from scratch", "matched start")):
    """The four measures of a plan in each pair of games, against each opponent.

    Parameters
    ----------
    table : pandas.DataFrame
        As `games.compare` takes it.
    plan : str
    opponents : sequence of str
    """
    columns = ["pair", "plan", "seed", "update", "score"]
    table = checked_table(table, columns, "measures")
    pairs = list(table["pair"].unique())
    fig, words = new_figure(7.4, 0.9 + 0.75 * len(pairs)), []
    panels = fig.subplots(2, 2, sharey=True).ravel()
    for axes, (name, unit) in zip(panels, UNITS.items(), strict=True):
        axes.axvline(0, color=INK, linewidth=1)
        for index, opponent in enumerate(opponents):
            rows = games.compare(table, opponent)
            rows = rows[(rows["plan"] == plan) & (rows["measure"] == name)]
            most = MOST if name == "ratio" else np.inf
            _dots(axes, rows, pairs, index, f"against {opponent}", most)
            if name == "jumpstart":
                words += [
                    f"{pair} {mean:+.0f} against {opponent}"
                    for pair, mean in zip(rows["pair"], rows["mean"], strict=True)
                ]
        name_rows(axes, pairs)
        axes.set_title(unit, fontsize=11)
    panels[0].set_ylim(len(pairs) - 0.4, -0.6)
    handles, labels = panels[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)
    told = ", ".join(words)
    return Picture(
        fig, f"Four measures of '{plan}' by pair of games; the jumpstart is {told}."
    )


def _dots(axes, rows, pairs, index, label, most):
    style = line_style(index)
    at = np.array([pairs.index(pair) for pair in rows["pair"]]) + 0.3 * index - 0.15
    low, high = rows["low"].clip(-most, most), rows["high"].clip(-most, most)
    axes.hlines(at, low, high, color=style["color"], linewidth=2)
    looks = {"color": style["color"], "marker": style["marker"], "linestyle": ""}
    axes.plot(rows["mean"].clip(-most, most), at, label=label, **looks)
    for y, mean in zip(at, rows["mean"], strict=True):
        if mean > most:  # of a start that learns nothing, the area is nearly 0
            words = f"{mean:.0f}" if np.isfinite(mean) else "∞"
            write_beside(axes, most, y, words, form="s")
