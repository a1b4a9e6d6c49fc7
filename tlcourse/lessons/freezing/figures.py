"""How several trainings went, side by side."""

import matplotlib
import numpy as np
import pandas
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullLocator

from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    checked_table,
    ink_on,
    listed,
    new_figure,
    put_title,
    readable,
    styled,
    thousands,
)
from tlcourse.tables import summarise


@styled
def runs(table):
    """Validation accuracy of some runs against their time and what they trained.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns run, trained_blocks, trainable, accuracy and seconds, as
        ``FreezeLab.table`` holds them. Each run's number stands in its point.
    """
    columns = ["run", "trained_blocks", "trainable", "accuracy", "seconds"]
    table = checked_table(table, columns, "runs")
    fig = new_figure(5.8, 2.9)
    grid = fig.subplots(1, 2, sharey=True)
    for axes, x, xlabel in zip(
        grid, ("seconds", "trainable"), ("Seconds", "Trained parameters"), strict=True
    ):
        _numbered_points(axes, table, x)
        axes.set_xlabel(xlabel)
        axes.grid()
    grid[0].set_xlim(0, table["seconds"].max() * 1.15)
    grid[1].set_xscale("log")
    grid[1].xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    grid[1].xaxis.set_major_formatter(lambda value, _: thousands(value))
    grid[1].xaxis.set_minor_locator(NullLocator())
    low, high = table["trainable"].min(), table["trainable"].max()
    grid[1].set_xlim(low / 2, high * 2)
    lowest, highest = table["accuracy"].min(), table["accuracy"].max()
    margin = max(0.02, 0.15 * (highest - lowest))
    grid[0].set(ylabel="Validation accuracy", ylim=(lowest - margin, highest + margin))
    return Picture(fig, _runs_in_words(table))


def _numbered_points(axes, table, x):
    """A ring for each row with the run's number in it; the newest is filled."""
    for row in table.to_dict("records"):
        newest = row["run"] == table["run"].max()
        axes.plot(row[x], row["accuracy"], "o", markersize=15, markeredgewidth=1.8,
                  color=PALETTE[0], zorder=3 if newest else 2,
                  markerfacecolor=PALETTE[0] if newest else "white")  # fmt: skip
        axes.annotate(str(row["run"]), (row[x], row["accuracy"]), ha="center",
                      va="center_baseline", fontsize=10, zorder=4 if newest else 2.5,
                      color="white" if newest else INK)  # fmt: skip


def _runs_in_words(table):
    in_words = [
        f"run {row['run']} (blocks trained: {row['trained_blocks']}) "
        f"{row['accuracy']:.2f} in {row['seconds']:.1f} s with "
        f"{thousands(row['trainable'])} trained parameters"
        for row in table.to_dict("records")
    ]
    return (
        "Two scatter plots of validation accuracy against seconds and against trained "
        f"parameters: {listed(in_words, 12)}."
    )


def depths(near, far):
    """Accuracy on digits over the blocks that train, near and far, beside pixels.

    Parameters
    ----------
    near, far : pandas.DataFrame
        The evidence ``freezing.near`` and ``freezing.far``.
    """
    pixels, maps = near.query("source == 'pixels'").assign(blocks="pixels"), []
    for table in (near, far):
        rows = table[table["plan"].isin(["last 0", "last 6", "last 14"])]
        rows = rows.query("measured == 'digits'")
        rows = rows.assign(blocks=rows["plan"].str.removeprefix("last "))
        panel = f"from {rows['source'].iloc[0]}"
        maps.append(pandas.concat([pixels, rows]).assign(panel=panel))
    table = pandas.concat(maps).rename(columns={"labels": "per_class"})
    summary = summarise(table, ["panel", "per_class", "blocks"], "value")
    return heat_map(
        summary,
        panels="panel",
        xlabel="Blocks that train, from the last",
        ylabel="Labels per class",
        title="Validation accuracy on digits: mean and 95 % interval",
    )


@styled
def heat_map(summary, panels=None, *, xlabel=None, ylabel=None, title=None):
    """Means as a table of coloured cells, each with its interval written in it.

    Parameters
    ----------
    summary : pandas.DataFrame
        With the columns per_class (down) and blocks (across), in the order in which
        their values come. Cells without a row stay empty.
    panels : str, optional
        A column that splits the table into one map for each value, side by side.
    xlabel, ylabel : str, optional
        Without them, the names of the columns in words.
    """
    wanted = ["per_class", "blocks", "mean", "low", "high"] + (
        [panels] if panels else []
    )
    table = checked_table(summary, wanted, "heat_map")
    downs, acrosses = (
        list(dict.fromkeys(table[column])) for column in ("per_class", "blocks")
    )
    maps = list(table.groupby(panels, sort=False)) if panels else [("", table)]
    width = max(7.4, 1.2 + 0.62 * len(maps) * len(acrosses))
    fig = new_figure(width, 1.3 + 0.72 * len(downs) + (0.3 if title else 0))
    grid = fig.subplots(1, len(maps), sharey=True, squeeze=False)[0]
    for axes, (name, part) in zip(grid, maps, strict=True):
        for _, cell in part.iterrows():
            place = acrosses.index(cell["blocks"]), downs.index(cell["per_class"])
            _heat_cell(axes, place, cell)
        axes.set(xlim=(-0.5, len(acrosses) - 0.5), ylim=(len(downs) - 0.5, -0.5))
        axes.set_xticks(range(len(acrosses)), map(readable, acrosses))
        axes.set_yticks(range(len(downs)), map(readable, downs))
        axes.set_xlabel(xlabel or "blocks")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        put_title(axes, readable(name))
    grid[0].set_ylabel(ylabel or "per class")
    if title:
        fig.suptitle(title, fontsize=12)
    return Picture(fig, _heat_in_words(maps, table))


def _heat_cell(axes, place, cell):
    """One cell: its colour, the mean, and half of the interval's width below."""
    x, y = place
    share = cell["mean"]
    colour = matplotlib.colormaps["Blues"](0.9 * share)
    axes.add_patch(Rectangle(
        (x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=2,
    ))  # fmt: skip
    ink = ink_on(colour)
    half = (cell["high"] - cell["low"]) / 2
    known = np.isfinite(half)
    axes.text(x, y - (0.12 if known else 0), f"{cell['mean']:.2f}", ha="center",
              va="center", color=ink, fontsize=12)  # fmt: skip
    if known:  # a single run has no interval
        axes.text(x, y + 0.22, f"± {half:.2f}", ha="center", va="center", color=ink,
                  fontsize=9)  # fmt: skip


def _heat_in_words(maps, table):
    in_words = []
    for name, part in maps:
        for value, line in part.groupby("per_class", sort=False):
            numbers = ", ".join(
                f"{mean:.2f} at {blocks}"
                for blocks, mean in zip(line["blocks"], line["mean"], strict=True)
            )
            where = f"{readable(name)}, " if name else ""
            in_words.append(f"{where}per class {value}: {numbers}")
    return (
        f"Heat map of means with intervals, from {table['mean'].min():.2f} to "
        f"{table['mean'].max():.2f}, over blocks. {'; '.join(in_words)}."
    )
