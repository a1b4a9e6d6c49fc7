"""The figures of the lesson."""

import numpy as np

from tlcourse.plots.style import (
    GRID,
    INK,
    PALETTE,
    Picture,
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
        axes.plot(*np.transpose(pair), color=GRID, linewidth=0.8, zorder=1)
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
