"""Figures of the lesson: accuracy over shots, gains, prototypes, look-alikes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tlcourse.plots.curves import curve, frame_of_numbers
from tlcourse.plots.pictures import as_pixels, image_grid
from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    checked_table,
    line_style,
    listed,
    name_rows,
    new_figure,
    readable,
    styled,
    title_above,
    write_beside,
)

MOST_WRONG = 6  # mistakes of each class that are shown


@styled
def panels(summary, panel, series, *, chance=None, points=None):
    """Lines of mean accuracy over the column ``shots``; a panel for each task.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``tables.summarise`` returns it.
    panel, series : str
        The columns that tell panels and lines apart.
    chance : float or dict of str to float, optional
        Accuracy of guessing, in all panels or by panel.
    points : pandas.DataFrame, optional
        Further means at 0 shots, each a hollow point in the colour of its series.
    """
    columns = [panel, series, "shots", "mean", "low", "high"]
    table = checked_table(summary, columns, "panels")
    if points is not None:
        points = checked_table(points, [panel, series, "mean"], "panels")
    names, lines = (list(dict.fromkeys(table[each])) for each in (panel, series))
    rows = -(-len(names) // 2)
    fig = new_figure(7.4, 0.5 + 2.6 * rows)
    grid = fig.subplots(rows, min(2, len(names)), squeeze=False, sharey=True).ravel()
    in_words = []
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid, names, strict=False):
        own = table[table[panel] == name]
        for index, line in enumerate(lines):
            part = own[own[series] == line].sort_values("shots")
            if len(part):
                curve(axes, part, "shots", line, line_style(index))
        ticks, more = own["shots"], ""
        if points is not None:
            more = _hollow(axes, points[points[panel] == name], series, lines)
            ticks = pd.concat([ticks, pd.Series([0])])
        frame_of_numbers(axes, ticks, "Shots", None)
        _guessing(axes, chance[name] if isinstance(chance, dict) else chance)
        axes.set_title(readable(name))
        in_words.append(f"{readable(name)}: {_first_and_last(own, series)}{more}")
    for axes in grid[1::2]:
        axes.set_ylabel("")
    handles, labels = grid[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    words = f"Test accuracy over shots, with intervals. {'; '.join(in_words)}."
    return Picture(fig, words)


def _guessing(axes, chance):
    """A dotted line that the legend names, where words would lie on other lines."""
    if chance is not None:
        style = {"color": INK, "linewidth": 1, "linestyle": (0, (1, 3))}
        axes.axhline(chance, label="guessing", **style)


def _hollow(axes, points, series, lines):
    """Points at 0 shots, those of each series a little apart; returns the words."""
    found = []
    for index, line in enumerate(lines):
        values = points.loc[points[series] == line, "mean"]
        if not len(values):
            continue
        style = {**line_style(index), "linestyle": "none", "markerfacecolor": "none"}
        place = 0.3 * (index - 0.5)
        label = f"{readable(line)}, no label"
        axes.plot([place] * len(values), values, label=label, **style)
        means = listed(f"{value:.2f}" for value in sorted(values))
        found.append(f", at 0 shots {readable(line)} {means}")
    return "".join(found)


def _first_and_last(table, series):
    found = []
    for line, rows in table.groupby(series, sort=False):
        ends = rows.sort_values("shots")["mean"].iloc[[0, -1]]
        found.append(f"{readable(line)} {ends.iloc[0]:.2f} to {ends.iloc[1]:.2f}")
    return listed(found)


def best_methods(table, by):
    """Keep of each group the rows of its best method, by the mean of ``value``.

    Parameters
    ----------
    table : pandas.DataFrame
        With columns method, value and those of `by`.
    by : list of str
    """
    keys = [*by, "method"]
    best = table.groupby(keys)["value"].mean().groupby(by).idxmax()
    return table.set_index(keys).loc[best].reset_index()


def look_alikes(task, nearest, signs):
    """Each class's mean picture; below it the sign that most of its test pictures take.

    Parameters
    ----------
    task : Task
    nearest : numpy.ndarray of int, (n,)
        For each test picture of the task the row of its nearest sign.
    signs : array_like, (signs, height, width, 3), 0-255
    """
    means, twins, titles = [], [], []
    for k in range(len(task.classes)):
        taken = np.bincount(nearest[task.test.labels == k], minlength=len(signs))
        twins.append(signs[taken.argmax()])
        titles.append(f"{taken.max() / taken.sum():.0%}")
        mean = task.train.images[task.train.labels == k].mean(axis=0)
        larger = len(signs[0]) // len(mean)
        means.append(mean.repeat(larger, axis=0).repeat(larger, axis=1))
    return image_grid(
        [*means, *twins],
        [*task.classes, *titles],
        columns=len(titles),
        alt="Mean pictures of the digits; below each its most frequent nearest "
        f"character, with the share of the digit's pictures: {', '.join(titles)}.",
    )


@styled
def mistakes(prototypes, names, right, wrong, *, title=None):
    """A row for each class: its prototype, the share of right answers, mistakes.

    Parameters
    ----------
    prototypes : array_like, (ways, height, width, 3), 0-255
        A picture for each class: the mean of its labelled pictures.
    names : sequence of str
    right : sequence of float
        Share of the queries of each class, 0-1, that got their name.
    wrong : sequence of list of (image, str)
        Queries of each class that got another name, and that name; six are shown.

    Raises
    ------
    ValueError
        If there is no class, or the lists are not of one length.
    """
    tiles = as_pixels(prototypes, "mistakes")
    if not len(tiles) == len(names) == len(right) == len(wrong):
        raise ValueError(
            "mistakes needs a name, a share and a list for each prototype: there are "
            f"{len(tiles)} prototypes, {len(names)} names, {len(right)} shares and "
            f"{len(wrong)} lists."
        )
    side = 0.72
    fig = new_figure(7.4, 0.45 + (side + 0.18) * len(tiles))
    grid = fig.subplots(
        len(tiles), MOST_WRONG + 2, squeeze=False,
        width_ratios=[1, 2] + [1] * MOST_WRONG,
    )  # fmt: skip
    for axes in grid.ravel():
        axes.set_axis_off()
    rows = zip(grid, tiles, names, right, wrong, strict=True)
    for (first, words, *places), tile, name, share, others in rows:
        first.imshow(tile)
        first.set_title(readable(name), fontsize=9, loc="center", pad=2)
        words.text(0, 0.5, f"{share:.0%} right", fontsize=10, va="center")
        for axes, (image, said) in zip(places, others, strict=False):
            axes.imshow(as_pixels(image, "mistakes")[0])
            axes.set_title(f"said {readable(said)}", fontsize=9, loc="center", pad=2)
    title_above(fig, title)
    each = (f"{n} {s:.0%}" for n, s in zip(names, right, strict=True))
    shown = [
        f"{name} as {said}"
        for name, others in zip(names, wrong, strict=True)
        for _, said in others[:MOST_WRONG]
    ]
    return Picture(
        fig,
        f"Prototypes of {len(tiles)} classes and the share right: "
        f"{listed(each, 10)}. Mistakes: {listed(shown, 6) or 'none'}.",
    )


@styled
def gains(summary, by, xlabel):
    """Dots of mean differences with their intervals, beside a line at 0.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``tables.summarise`` returns it.
    by : str
        The column that names the rows.
    xlabel : str
    """
    table = checked_table(summary, [by, "mean", "low", "high"], "gains")
    rows = list(table.sort_values("mean", ascending=False).itertuples(index=False))
    names = [getattr(row, by) for row in rows]
    fig = new_figure(7.4, 1.0 + 0.38 * len(rows))
    axes = fig.subplots()
    axes.axvline(0, color=INK, linewidth=1.2)
    for place, row in enumerate(rows):
        index = int(row.mean < 0)
        axes.hlines(place, row.low, row.high, color=PALETTE[index], linewidth=2)
        axes.plot(row.mean, place, color=PALETTE[index], marker="o^"[index])
        end, gap = (row.low, -6) if index else (row.high, 6)
        write_beside(axes, end, place, row.mean, gap, form="+.2f")
    name_rows(axes, names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_xlabel(xlabel)
    told = (
        f"{readable(name)} {row.mean:+.2f} ({row.low:+.2f} to {row.high:+.2f})"
        for name, row in zip(names, rows, strict=True)
    )
    return Picture(fig, f"{xlabel}, with intervals: {listed(told, 10)}.")
