"""Tables of numbers as coloured cells."""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from tlcourse.plots.style import (
    INK,
    Picture,
    checked_table,
    new_figure,
    put_title,
    readable,
    styled,
)


@styled
def confusion(matrix, classes, *, title=None, alt=None):
    """How often each true class (rows) was answered by each class (columns).

    Parameters
    ----------
    matrix : array_like, shape (k, k)
        Counts; entry (i, j) is how many examples of class i were called j.
    classes : sequence of str
        The k names.
    title : str, optional
        Words above the matrix.
    alt : str, optional
        The description; without it, the accuracy and the commonest mistakes.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the matrix is not square or does not match the classes.
    """
    matrix = np.asarray(matrix)
    count = len(classes)
    if matrix.shape != (count, count) or count == 0:
        raise ValueError(
            f"confusion needs a matrix of the shape ({count}, {count}) for {count} "
            f"classes, and this one has the shape {matrix.shape}."
        )
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = min(7.0, 1.6 + 0.46 * count)
    fig = new_figure(side + 0.6, side)
    axes = fig.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    size = 10 if count <= 10 else 8
    for i, j in np.argwhere(matrix):
        ink = "white" if share[i, j] > 0.55 else INK
        axes.text(j, i, f"{matrix[i, j]:g}", ha="center", va="center", color=ink,
                  fontsize=size)  # fmt: skip
    names = [readable(name) for name in classes]
    slanted = max(map(len, names)) * size * 0.62 > 72 * 0.8 * side / (count + 1)
    axes.set_xticks(range(count), names, rotation=45 if slanted else 0,
                    ha="right" if slanted else "center", rotation_mode="anchor",
                    fontsize=size)  # fmt: skip
    axes.set_yticks(range(count), names, fontsize=size)
    axes.set(xlabel="Answered", ylabel="True class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    put_title(axes, title)
    return Picture(fig, alt or _confusion_in_words(matrix, names))


def _confusion_in_words(matrix, names):
    total, right = max(matrix.sum(), 1), np.trace(matrix)
    wrong = matrix - np.diag(np.diag(matrix))
    told = []
    for place in np.argsort(wrong, axis=None)[::-1][:3]:
        i, j = np.unravel_index(place, wrong.shape)
        if wrong[i, j]:
            told.append(f"{names[i]} called {names[j]} ({wrong[i, j]:g} times)")
    mistakes = f" The commonest mistakes: {', '.join(told)}." if told else ""
    return (
        f"Confusion matrix of {len(names)} classes: {right:g} of {total:g} examples "
        f"are right, which is {right / total:.2f}.{mistakes}"
    )


@styled
def heat_map(
    summary,
    rows="per_class",
    columns="blocks",
    panels=None,
    *,
    xlabel=None,
    ylabel=None,
    title=None,
    colours=(0, 1),
    alt=None,
):
    """Means as a table of coloured cells, each with its interval written in it.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns `rows`, `columns` (and `panels`), mean, low and high, as
        `study.summarise` returns them. Cells without a row stay empty.
    rows, columns : str
        Columns of the table; their values stand in the order in which they come.
    panels : str, optional
        A column that splits the table into one map for each value, side by side.
    xlabel, ylabel, title : str, optional
        Words for the axes and above the figure.
    colours : tuple of float
        The means that get the lightest and the darkest colour.
    alt : str, optional
        The description; without it, one is made from the numbers.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or the table is empty.
    """
    wanted = [rows, columns, "mean", "low", "high"] + ([panels] if panels else [])
    table = checked_table(summary, wanted, "heat_map")
    downs, acrosses = (list(dict.fromkeys(table[by])) for by in (rows, columns))
    maps = list(table.groupby(panels, sort=False)) if panels else [("", table)]
    width = max(7.4, 1.2 + 0.62 * len(maps) * len(acrosses))
    fig = new_figure(width, 1.3 + 0.72 * len(downs) + (0.3 if title else 0))
    grid = fig.subplots(1, len(maps), sharey=True, squeeze=False)[0]
    for axes, (name, part) in zip(grid, maps, strict=True):
        for _, cell in part.iterrows():
            place = acrosses.index(cell[columns]), downs.index(cell[rows])
            _heat_cell(axes, place, cell, colours)
        axes.set(xlim=(-0.5, len(acrosses) - 0.5), ylim=(len(downs) - 0.5, -0.5))
        axes.set_xticks(range(len(acrosses)), map(readable, acrosses))
        axes.set_yticks(range(len(downs)), map(readable, downs))
        axes.set_xlabel(xlabel or readable(columns))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        put_title(axes, readable(name))
    grid[0].set_ylabel(ylabel or readable(rows))
    if title:
        fig.suptitle(title, fontsize=12)
    return Picture(fig, alt or _heat_in_words(maps, rows, columns, table))


def _heat_cell(axes, place, cell, colours):
    """One cell: its colour, the mean, and half of the interval's width below."""
    lowest, highest = colours
    share = np.clip((cell["mean"] - lowest) / ((highest - lowest) or 1), 0, 1)
    x, y = place
    axes.add_patch(Rectangle(
        (x - 0.5, y - 0.5), 1, 1, facecolor=matplotlib.colormaps["Blues"](0.9 * share),
        edgecolor="white", linewidth=2,
    ))  # fmt: skip
    ink = "white" if share > 0.6 else INK
    half = (cell["high"] - cell["low"]) / 2
    known = np.isfinite(half)
    axes.text(x, y - (0.12 if known else 0), f"{cell['mean']:.2f}", ha="center",
              va="center", color=ink, fontsize=12)  # fmt: skip
    if known:  # a single run has no interval
        axes.text(x, y + 0.22, f"± {half:.2f}", ha="center", va="center", color=ink,
                  fontsize=9)  # fmt: skip


def _heat_in_words(maps, rows, columns, table):
    told = []
    for name, part in maps:
        for value, line in part.groupby(rows, sort=False):
            numbers = ", ".join(
                f"{mean:.2f} at {readable(at)}"
                for at, mean in zip(line[columns], line["mean"], strict=True)
            )
            where = f"{readable(name)}, " if name else ""
            told.append(f"{where}{readable(rows)} {readable(value)}: {numbers}")
    return (
        f"Heat map of means with intervals, from {table['mean'].min():.2f} to "
        f"{table['mean'].max():.2f}, over {readable(columns)}. {'; '.join(told)}."
    )
