"""What the channels of a block answer to a picture, and probes over blocks."""

import numpy as np
import PIL.Image

from tlcourse.plots.curves import curve, guessing_line
from tlcourse.plots.pictures import as_pixels
from tlcourse.plots.style import (
    INK,
    Picture,
    checked_table,
    line_style,
    new_figure,
    readable,
    styled,
    title_above,
)

MAPS = 7  # that `inside` shows at most, beside the picture


@styled
def inside(picture, maps, *, title=None):
    """A picture, and how the channels that answer to it most unevenly light it up.

    Each tile is bright where its channel answers most, and dark where it is silent, on
    a scale of its own. An answer that is the same everywhere tells nothing about the
    picture, so channels whose answers differ most from place to place are shown.

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
    # Relative: in a random backbone the answers shrink from block to block.
    silent = int((np.ptp(maps, (0, 1)) <= 1e-6 * np.abs(maps).max()).sum())
    uneven = np.argsort(-maps.std((0, 1)), kind="stable")
    shown = uneven[: min(MAPS, maps.shape[-1] - silent)]
    fig = new_figure(7.4, 0.45 + 2 * 7.4 / 4)
    grid = fig.subplots(2, 4).ravel()
    for axes in grid:
        axes.set_axis_off()
    grid[0].imshow(pixels)
    grid[0].set_title("the picture", fontsize=9, loc="center", pad=2)
    for axes, channel in zip(grid[1:], shown, strict=False):
        axes.imshow(_lit(pixels, maps[..., channel]))
        axes.set_title(f"channel {channel}", fontsize=9, loc="center", pad=2)
    title_above(fig, title)
    in_words = (
        f"the picture, and the same picture lit up by {len(shown)} of {maps.shape[-1]} "
        f"channels, whose maps are {maps.shape[0]} by {maps.shape[1]}; {silent} "
        "channels are silent"
    )
    return Picture(fig, f"{title + ': ' if title else ''}{in_words}.")


def _lit(pixels, answers):
    """A picture that is bright where a map answers most; uint8, (h, w, 3)."""
    strong = np.quantile(answers, 0.98) - answers.min()  # a single peak dims no other
    share = np.clip((answers - answers.min()) / max(strong, 1e-30), 0, 1) ** 0.7
    light = PIL.Image.fromarray(np.uint8(255 * share)).resize(pixels.shape[1::-1], 2)
    return np.uint8(pixels * (0.15 + 0.85 * np.asarray(light)[..., None] / 255))


@styled
def probes(summary, *, chance=None, pixels=None):
    """Accuracy of a probe over the blocks of a backbone, a panel for each target.

    Parameters
    ----------
    summary : pandas.DataFrame
        With the columns block, source (a line each) and target (a panel each); the
        blocks from the first to the last.
    chance : float, optional
    pixels : dict of str to float, optional
        For each target the accuracy of the same classifier on plain pixels, a line.
    """
    pixels = pixels or {}
    columns = ["block", "source", "target", "mean", "low", "high"]
    table = checked_table(summary, columns, "probes")
    names = list(dict.fromkeys(table["target"]))
    fig = new_figure(7.4, 4.1)
    grid = fig.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(grid, names, strict=True):
        _probe_panel(axes, table[table["target"] == name])
        axes.set_title(readable(name))
        guessing_line(axes, chance)
        if name in pixels:
            _pixels_line(axes, pixels[name])
    grid[0].set(ylabel="Test accuracy", ylim=(0, 1.02))
    fig.legend(*grid[0].get_legend_handles_labels(), ncols=4,
               loc="outside upper left")  # fmt: skip
    return Picture(fig, _probes_in_words(table, pixels))


def _pixels_line(axes, accuracy):
    axes.axhline(accuracy, color=INK, linewidth=1.2, linestyle=(0, (6, 2)))
    axes.annotate(
        "pixels", (0, accuracy), (3, 3), xycoords=("axes fraction", "data"),
        textcoords="offset points", fontsize=10, color=INK,
    )  # fmt: skip


def _probe_panel(axes, table):
    blocks = list(dict.fromkeys(table["block"]))
    for index, (name, rows) in enumerate(table.groupby("source", sort=False)):
        rows = rows.assign(at=[blocks.index(block) for block in rows["block"]])
        curve(axes, rows.sort_values("at"), "at", str(name), line_style(index))
    short = [block.removeprefix("block") for block in blocks]
    axes.set_xticks(range(len(blocks)), short, fontsize=9)
    axes.set_xlabel("block")
    axes.grid(axis="y")


def _probes_in_words(table, pixels):
    in_words = [
        f"pixels on {readable(name)} reach {accuracy:.2f}"
        for name, accuracy in pixels.items()
    ]
    for (panel, name), rows in table.groupby(["target", "source"], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        best = rows.loc[rows["mean"].idxmax()]
        in_words.append(
            f"{readable(name)} on {readable(panel)} goes from {first['mean']:.2f} at "
            f"{first['block']} to {last['mean']:.2f} at {last['block']}, its best "
            f"{best['mean']:.2f} at {best['block']}"
        )
    return f"Line chart of probe accuracy over blocks: {'; '.join(in_words[:8])}."
