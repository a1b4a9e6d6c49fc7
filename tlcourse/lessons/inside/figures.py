"""What the channels of a layer answer to a picture, as grids of heat maps."""

import math

import numpy as np

from tlcourse.plots.curves import curve, guessing_line
from tlcourse.plots.pictures import as_pixels
from tlcourse.plots.style import (
    Picture,
    checked_table,
    line_style,
    new_figure,
    readable,
    styled,
    title_above,
)


@styled
def filters(kernels, maps):
    """First-layer filters as small colour pictures, and what each answers to.

    Parameters
    ----------
    kernels : array_like, shape (height, width, 3, n)
        The weights of a convolution on colour pictures. Each filter is scaled by
        itself: grey is a weight of zero, a brighter colour a positive one.
    maps : array_like, shape (h, w, n)
        What each filter answers to one picture.

    Raises
    ------
    ValueError
        If the filters are not for colour pictures, or the maps are not theirs.
    """
    kernels, maps = np.asarray(kernels, float), np.asarray(maps, float)
    if kernels.ndim != 4 or kernels.shape[2] != 3:
        raise ValueError(
            "filters needs the weights of a layer that reads colour pictures, of the "
            f"shape (height, width, 3, n), and these have the shape {kernels.shape}."
        )
    count = kernels.shape[-1]
    if maps.ndim != 3 or maps.shape[-1] != count:
        raise ValueError(
            f"filters needs one map per filter, (h, w, {count}), and got the shape "
            f"{maps.shape}."
        )
    fig = new_figure(7.4, 13.8 / count + 0.35)
    grid = fig.subplots(2, count, squeeze=False)
    reach = np.abs(kernels).max((0, 1, 2))
    for index in range(count):
        weights = kernels[..., index] / max(reach[index], 1e-12)
        grid[0, index].imshow(0.5 + 0.5 * weights)
        name = str(index) if np.ptp(maps[..., index]) else f"{index} silent"
        grid[0, index].set_title(name, fontsize=10, loc="center", pad=2)
        grid[1, index].imshow(maps[..., index], cmap="viridis")
    for axes, words in zip(grid[:, 0], ("filter", "answer"), strict=True):
        axes.set_ylabel(words, fontsize=10)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    in_words = (
        f"{count} filters of {kernels.shape[0]} by {kernels.shape[1]} colour pixels, "
        "and under each the heat map of its answer to the same picture"
    )
    return Picture(fig, f"{in_words}.")


MAPS = 12  # that `inside` shows at most, in three rows


@styled
def inside(picture, maps, *, title=None):
    """A picture and the channels of a block that answer to it most unevenly.

    Each map has a scale of its own, dark where the channel is silent and bright where
    it answers most. Shown are the channels whose answer differs most from place to
    place: an answer that is the same everywhere tells nothing about the picture.

    Parameters
    ----------
    picture : array_like, shape (height, width, 3), 0-255
    maps : array_like, shape (h, w, channels)
        What a block puts out for that picture.

    Raises
    ------
    ValueError
        If the shapes are others.
    """
    maps = np.asarray(maps, float)
    if maps.ndim != 3 or maps.size == 0:
        raise ValueError(
            "inside needs the maps of one picture, of the shape (h, w, channels), "
            f"and these have the shape {maps.shape}."
        )
    pixels = as_pixels(np.asarray(picture)[None], "inside")[0]
    uneven = maps.std((0, 1))
    # Relative: in a random backbone the answers shrink from block to block.
    silent = int((np.ptp(maps, (0, 1)) <= 1e-6 * np.abs(maps).max()).sum())
    shown = np.argsort(-uneven, kind="stable")[: min(MAPS, maps.shape[-1] - silent)]
    columns = math.ceil(MAPS / 3)
    fig = new_figure(7.4, 0.45 + 3 * 7.4 / (columns + 3))
    grid = fig.add_gridspec(3, columns + 3)
    big = fig.add_subplot(grid[:, :3])
    big.imshow(pixels)
    big.set_axis_off()
    for place, channel in enumerate(shown):
        axes = fig.add_subplot(grid[place // columns, 3 + place % columns])
        axes.imshow(maps[..., channel], cmap="viridis")
        axes.set_title(str(channel), fontsize=9, loc="center", pad=2)
        axes.set_axis_off()
    title_above(fig, title)
    in_words = (
        f"the picture and {len(shown)} of {maps.shape[-1]} channels as heat maps of "
        f"{maps.shape[0]} by {maps.shape[1]}; {silent} channels are silent"
    )
    return Picture(fig, f"{title + ': ' if title else ''}{in_words}.")


@styled
def probes(summary, *, chance=None):
    """Accuracy of a probe over the blocks of a backbone, a panel for each target.

    Parameters
    ----------
    summary : pandas.DataFrame
        With the columns block, source (a line each) and target (a panel each); the
        blocks from the first to the last.
    chance : float, optional
    """
    columns = ["block", "source", "target", "mean", "low", "high"]
    table = checked_table(summary, columns, "probes")
    names = list(dict.fromkeys(table["target"]))
    fig = new_figure(7.4, 4.1)
    grid = fig.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(grid, names, strict=True):
        _probe_panel(axes, table[table["target"] == name])
        axes.set_title(readable(name))
        guessing_line(axes, chance)
    grid[0].set(ylabel="Test accuracy", ylim=(0, 1.02))
    fig.legend(*grid[0].get_legend_handles_labels(), ncols=4,
               loc="outside upper left")  # fmt: skip
    return Picture(fig, _probes_in_words(table))


def _probe_panel(axes, table):
    blocks = list(dict.fromkeys(table["block"]))
    for index, (name, rows) in enumerate(table.groupby("source", sort=False)):
        rows = rows.assign(at=[blocks.index(block) for block in rows["block"]])
        curve(axes, rows.sort_values("at"), "at", str(name), line_style(index))
    short = [block.removeprefix("block") for block in blocks]
    axes.set_xticks(range(len(blocks)), short, fontsize=9)
    axes.set_xlabel("block")
    axes.grid(axis="y")


def _probes_in_words(table):
    in_words = []
    for (panel, name), rows in table.groupby(["target", "source"], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        best = rows.loc[rows["mean"].idxmax()]
        in_words.append(
            f"{readable(name)} on {readable(panel)} goes from {first['mean']:.2f} at "
            f"{first['block']} to {last['mean']:.2f} at {last['block']}, its best "
            f"{best['mean']:.2f} at {best['block']}"
        )
    return f"Line chart of probe accuracy over blocks: {'; '.join(in_words[:8])}."
