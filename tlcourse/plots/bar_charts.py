"""Bars: one mean a row, with its interval."""

import numpy as np

from tlcourse.plots.style import (
    INK,
    Picture,
    checked_table,
    listed,
    mark_guessing,
    name_rows,
    new_figure,
    put_title,
    readable,
    series_style,
    styled,
    write_beside,
)


@styled
def bars(
    summary,
    by="source",
    series=None,
    *,
    xlabel="Test accuracy",
    title=None,
    chance=None,
    alt=None,
):
    """Horizontal bars of means with their intervals and the mean in figures.

    Parameters
    ----------
    summary : pandas.DataFrame
    by : str
        The column that names the bars, first row on top.
    series : str, optional
        A column that splits each bar into one per series, told apart by colour and
        hatch.
    xlabel : str
    chance : float, optional
    """
    columns = [by, "mean", "low", "high"] + ([series] if series else [])
    table = checked_table(summary, columns, "bars")
    names = list(dict.fromkeys(table[by]))
    groups = list(table.groupby(series, sort=False)) if series else [(None, table)]
    fig = new_figure(7.4, 1.0 + (0.34 * len(groups) + 0.16) * len(names))
    axes = fig.subplots()
    height = 0.8 / len(groups)
    for index, (name, rows) in enumerate(groups):
        where = [names.index(value) for value in rows[by]]
        centre = np.array(where) - 0.4 + height * (index + 0.5)
        _bars_of_one_series(axes, rows, centre, height, name, series_style(index))
    if chance is not None:
        mark_guessing(axes, chance)
    name_rows(axes, names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    furthest = max(table["high"].max(), table["mean"].max())
    axes.set_xlim(min(0, table["low"].min()), furthest * 1.1)
    axes.set_xlabel(xlabel)
    put_title(axes, title, pad=18 if chance is not None else 6)
    if series:
        fig.legend(loc="outside right upper", title=readable(series))
    return Picture(fig, alt or _bars_in_words(table, by, series, xlabel))


def _bars_of_one_series(axes, rows, centre, height, name, style):
    mean = rows["mean"].to_numpy(float)
    low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
    axes.barh(
        centre, mean, height * 0.88, color=style["color"], hatch=style["hatch"],
        edgecolor="white", linewidth=0, label=readable(name),
    )  # fmt: skip
    axes.hlines(centre, low, high, color=INK, linewidth=1.6)
    axes.plot(low, centre, "|", high, centre, "|", color=INK, markersize=7)
    for value, right, y in zip(mean, np.fmax(high, mean), centre, strict=True):
        write_beside(axes, right, y, value)


def _bars_in_words(table, by, series, xlabel):
    in_words = [
        f"{readable(row[by])}{' with ' + readable(row[series]) if series else ''} "
        f"{row['mean']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        for _, row in table.iterrows()
    ]
    return f"Bars of {xlabel.lower()} with intervals: {listed(in_words, 12)}."
