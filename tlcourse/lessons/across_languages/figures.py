"""The figures of the lesson."""

import numpy as np

from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    checked_table,
    listed,
    name_rows,
    new_figure,
    styled,
    title_above,
)


@styled
def pairs(panels, *, title=None):
    """Maps of texts and their translations; a line joins each pair.

    Parameters
    ----------
    panels : dict of str to (array (n, 2), array (n, 2))
        By what stands above a map: places of the French texts, and of the English
        ones in the same order.

    Raises
    ------
    ValueError
        If the two arrays of a map have different shapes.
    """
    fig = new_figure(7.4, 4.1 if title else 3.8)
    grid = np.atleast_1d(fig.subplots(1, len(panels)))
    told = []
    for axes, (name, (french, english)) in zip(grid, panels.items(), strict=True):
        if french.shape != english.shape:
            raise ValueError(
                f"The map {name!r} has {len(french)} French and {len(english)} "
                "English texts: give pairs."
            )
        _one_map(axes, french, english)
        axes.set_title(name)
        told.append(f"{name}: {_in_words(french, english)}")
    handles, labels = grid[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)
    title_above(fig, title)
    return Picture(
        fig,
        f"Maps of {len(french)} French texts and their English translations, joined "
        f"by lines. {'; '.join(told)}.",
    )


def _one_map(axes, french, english):
    for pair in zip(french, english, strict=True):
        axes.plot(*np.transpose(pair), color=INK, linewidth=0.6, alpha=0.45, zorder=1)
    looks = {"linestyle": "", "markersize": 5, "zorder": 2}
    axes.plot(*french.T, "o", color=PALETTE[0], label="French", **looks)
    axes.plot(*english.T, "^", color=PALETTE[1], label="English", **looks)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=INK, linewidth=0.6)


def _in_words(french, english):
    """How far the languages and the pairs lie apart, as shares of the map's width."""
    spread = np.ptp(np.concatenate([french, english]), axis=0).max() or 1
    apart = np.linalg.norm(french.mean(axis=0) - english.mean(axis=0)) / spread
    joined = np.linalg.norm(french - english, axis=1).mean() / spread
    return (
        f"the middles of the languages are {apart:.2f} of its width apart, and the "
        f"two of a pair {joined:.2f}"
    )


@styled
def changes(summary, by):
    """Means above and below 0 with their intervals, the largest on top.

    Parameters
    ----------
    summary : pandas.DataFrame
        Of probabilities of positive.
    by : str
        The column that names the rows.
    """
    table = checked_table(summary, [by, "mean", "low", "high"], "changes")
    table = table.sort_values("mean", ascending=False)
    fig = new_figure(7.4, 1.1 + 0.4 * len(table))
    axes = fig.subplots()
    for row, (_, each) in enumerate(table.iterrows()):
        up = each["mean"] >= 0
        looks = {"color": PALETTE[0 if up else 1], "marker": "o" if up else "^"}
        axes.plot([each["low"], each["high"]], [row, row], color=INK, linewidth=1.6)
        axes.plot(each["mean"], row, linestyle="", markersize=9, **looks)
        axes.annotate(f"{each['mean']:+.2f}", (each["high"], row), (8, 0),
                      textcoords="offset points", va="center", fontsize=10)  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8)
    name_rows(axes, list(table[by]))
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_xlabel("← less positive     change of the answer     more positive →")
    told = [
        f"{each[by]} {each['mean']:+.2f} ({each['low']:+.2f} to {each['high']:+.2f})"
        for _, each in table.iterrows()
    ]
    return Picture(
        fig,
        f"Change of the probability of positive, with intervals: {listed(told, 12)}.",
    )
