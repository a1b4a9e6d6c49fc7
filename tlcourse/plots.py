"""Every figure of the course, in one style.

Each function takes plain results (a table, an array, a backbone), draws them and
returns a `Picture`: the figure together with its description in words. Colours are
those of Okabe and Ito (2008), which colour-blind people can tell apart; markers, line
styles, hatches and signs say the same again, so that no figure rests on colour alone.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import math
import threading
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

__all__ = [
    "Picture",
    "PALETTE",
    "activations",
    "bars",
    "blocks",
    "confusion",
    "course_map",
    "epochs",
    "feature_map",
    "filters",
    "gallery",
    "heat_map",
    "image_grid",
    "inside",
    "learning_curves",
    "probes",
    "runs",
    "series_style",
    "styled",
    "worth",
]

#: Okabe and Ito's colours without the yellow that fades on white paper, then a grey
#: and Tol's wine for figures of many classes.
PALETTE = (
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # green
    "#CC79A7",  # purple
    "#E69F00",  # orange
    "#56B4E9",  # sky
    "#000000",  # black
    "#999999",  # grey
    "#882255",  # wine
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++", "oo")
INK, GRID = "#333333", "#dddddd"
STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 6.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "image.interpolation": "nearest",
    "hatch.linewidth": 0.8,
    "figure.dpi": 100,
    "savefig.dpi": 110,
}
# Matplotlib's style is one for the whole process, and JupyterLab 4.4 and later answer
# a widget in a thread of its own while a cell runs: one drawing at a time.
_DRAWING = threading.RLock()


def styled(function):
    """Draw with the course's style whatever the reader's own settings are.

    Parameters
    ----------
    function : callable
        Any function that draws and returns a `Picture`.

    Returns
    -------
    callable
        The same function, drawing in the course's style, one drawing at a time.
    """

    @functools.wraps(function)
    def drawn(*args, **kwargs):
        with _DRAWING, matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(STYLE)
            return function(*args, **kwargs)

    return drawn


class Picture:
    """A figure and its description in words.

    As the last line of a cell it shows itself. JupyterLab and nbconvert give the
    description to screen readers as the picture's `alt`.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure. A pyplot figure is closed, so that it isn't shown twice.
    alt : str
        What the figure shows, in one to three sentences.

    Attributes
    ----------
    fig, alt
        As given.
    png : bytes
        The figure as a PNG file, drawn once.

    Raises
    ------
    ValueError
        If the description is empty.
    """

    def __init__(self, fig, alt):
        alt = " ".join(str(alt).split())
        if not alt:
            raise ValueError(
                "A Picture needs a description: say in a sentence what it shows."
            )
        self.fig, self.alt = fig, alt
        self._close()

    def _close(self):
        import sys

        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None and getattr(self.fig, "number", None) is not None:
            pyplot.close(self.fig)

    @functools.cached_property
    def png(self):
        buffer = io.BytesIO()
        with _DRAWING, matplotlib.rc_context(STYLE):
            # Software=None: no version in the file, so that the same figure drawn
            # with another Matplotlib does not differ in the repository for that.
            self.fig.savefig(
                buffer, format="png", bbox_inches="tight", metadata={"Software": None}
            )
        return _smaller(buffer.getvalue())

    def save(self, path):
        """Write the figure to `path` as a PNG file and return the path."""
        path = Path(path)
        path.write_bytes(self.png)
        return path

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = base64.b64encode(self.png).decode("ascii")
        # Colab and nbconvert's classic pages take the alt of image/png from its
        # metadata; JupyterLab 4.6 and nbconvert's default pages don't, so there it has
        # to stand in HTML, which they prefer. Both hold the same picture.
        image = (
            f'<img alt="{html.escape(self.alt, quote=True)}" '
            f'src="data:image/png;base64,{data}">'
        )
        bundle = {"text/html": image, "image/png": data, "text/plain": self.alt}
        return bundle, {"image/png": {"alt": self.alt}}

    def __repr__(self):
        return self.alt


def _smaller(png):
    """The same PNG with 256 colours where no one can see the difference.

    A stored lesson holds each picture twice; a chart takes a third of the room so.
    """
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGB")
    fewer = image.quantize(
        256, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
    )
    error = np.abs(np.asarray(fewer.convert("RGB"), int) - np.asarray(image, int))
    if np.quantile(error.max(axis=-1), 0.999) > 12:
        return png
    buffer = io.BytesIO()
    fewer.save(buffer, format="png", optimize=True)
    return min(buffer.getvalue(), png, key=len)


def series_style(index):
    """Colour, marker, line style and hatch of the series with this number.

    Parameters
    ----------
    index : int
        0 for the first series. Nine colours and eight markers go round, so that the
        first 72 series differ in at least one of them.

    Returns
    -------
    dict
        With the keys color, marker, linestyle and hatch.
    """
    return {
        "color": PALETTE[index % len(PALETTE)],
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": LINES[index % len(LINES)],
        "hatch": HATCHES[index % len(HATCHES)],
    }


def _figure(width, height):
    return Figure(figsize=(width, height), layout="constrained")


def _table(summary, columns, what):
    """The rows of a summary table as a data frame, with its columns checked."""
    import pandas as pd

    table = pd.DataFrame(summary)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{what} needs the columns {', '.join(columns)}; the table has no "
            f"{' and no '.join(missing)}. study.summarise makes such a table."
        )
    if table.empty:
        raise ValueError(f"{what} needs at least one row; the table has none.")
    return table


def _words(name):
    return str(name).replace("_", " ")


def _title(axes, title, pad=6):
    if title:
        axes.set_title(title, pad=pad)


def _listed(parts, most=8):
    """The first parts as one phrase, and how many more there are."""
    parts = [str(part) for part in parts]
    rest = len(parts) - most
    return ", ".join(parts[:most]) + (f" and {rest} more" if rest > 0 else "")


@styled
def learning_curves(
    summary,
    x="per_class",
    series="strategy",
    *,
    xlabel=None,
    ylabel="Test accuracy",
    title=None,
    chance=None,
    alt=None,
):
    """Lines of means over `x`, one per series, with their intervals shaded.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns `x`, `series`, mean, low and high, as `study.summarise` returns them.
    x : str
        The column of the horizontal axis, a number. Its values become the ticks; the
        axis is logarithmic where they span more than a factor of ten.
    series : str
        The column that tells the lines apart.
    xlabel, ylabel, title : str, optional
        Words for the axes and above them.
    chance : float, optional
        Draws a thin line at the accuracy of guessing.
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
    table = _table(summary, [x, series, "mean", "low", "high"], "learning_curves")
    fig = _figure(7.4, 4.2)
    axes = fig.subplots()
    xlabel = xlabel or {"per_class": "Labelled examples per class"}.get(x, _words(x))
    groups = list(table.groupby(series, sort=False))
    for index, (name, rows) in enumerate(groups):
        _curve(axes, rows.sort_values(x), x, str(name), series_style(index))
    _guessing(axes, chance)
    _number_axis(axes, sorted(table[x].unique()))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(axis="y")
    lowest, highest = table["low"].min(), table["high"].max()
    lowest = lowest if chance is None else min(lowest, chance)
    margin = 0.05 * (highest - lowest) or 0.05
    axes.set_ylim(lowest - margin, highest + margin)
    _title(axes, title)
    _legend_by_height(fig, axes, groups, x)
    return Picture(fig, alt or _curves_in_words(groups, x, xlabel, ylabel))


def _guessing(axes, chance):
    """A thin line at the accuracy of guessing, if it is known."""
    if chance is None:
        return
    axes.axhline(chance, color=INK, linewidth=1, linestyle=(0, (1, 3)))
    axes.annotate(
        "guessing", (1, chance), (-3, 3), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", fontsize=10, color=INK,
    )  # fmt: skip


def _curve(axes, rows, x, name, style):
    at, mean = rows[x].to_numpy(float), rows["mean"].to_numpy(float)
    low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
    line = {key: style[key] for key in ("color", "marker", "linestyle")}
    axes.plot(at, mean, label=_words(name), **line)
    if len(at) > 1:
        axes.fill_between(at, low, high, color=style["color"], alpha=0.15, linewidth=0)
    else:  # one point has no area to shade
        axes.vlines(at, low, high, color=style["color"])


def _number_axis(axes, values):
    """Ticks at the values themselves, on a log axis when they span decades."""
    if values[0] > 0 and values[-1] / values[0] > 10:
        axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())


def _legend_by_height(fig, axes, groups, x):
    """A legend in the order in which the lines end, so that eyes need not jump."""
    ends = [rows.sort_values(x)["mean"].iloc[-1] for _, rows in groups]
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(ends)), key=lambda index: -ends[index])
    fig.legend(
        [handles[index] for index in order],
        [labels[index] for index in order],
        loc="outside right upper",
    )


def _curves_in_words(groups, x, xlabel, ylabel):
    told = []
    for name, rows in groups:
        rows = rows.sort_values(x)
        first, last = rows.iloc[0], rows.iloc[-1]
        told.append(
            f"{_words(name)} goes from {first['mean']:.2f} at {first[x]:g} "
            f"to {last['mean']:.2f} at {last[x]:g}"
        )
    return (
        f"Line chart of {ylabel.lower()} over {xlabel.lower()}, with intervals: "
        f"{'; '.join(told[:8])}."
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
        Columns `by`, mean, low and high (and `series`).
    by : str
        The column that names the bars, first row on top.
    series : str, optional
        A column that splits each bar into one per series, told apart by colour and
        hatch.
    xlabel, title : str, optional
        Words below and above the axes.
    chance : float, optional
        Draws a thin line at the accuracy of guessing.
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
    columns = [by, "mean", "low", "high"] + ([series] if series else [])
    table = _table(summary, columns, "bars")
    names = list(dict.fromkeys(table[by]))
    groups = list(table.groupby(series, sort=False)) if series else [(None, table)]
    fig = _figure(7.4, 1.0 + (0.34 * len(groups) + 0.16) * len(names))
    axes = fig.subplots()
    height = 0.8 / len(groups)
    for index, (name, rows) in enumerate(groups):
        where = [names.index(value) for value in rows[by]]
        centre = np.array(where) - 0.4 + height * (index + 0.5)
        _bars_of_one_series(axes, rows, centre, height, name, series_style(index))
    if chance is not None:
        axes.axvline(chance, color=INK, linewidth=1, linestyle=(0, (1, 3)))
        axes.annotate(
            "guessing", (chance, 1), (0, 2), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", fontsize=10, color=INK,
        )  # fmt: skip
    axes.set_yticks(range(len(names)), [_words(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    furthest = max(table["high"].max(), table["mean"].max())
    axes.set_xlim(min(0, table["low"].min()), furthest * 1.1)
    axes.set_xlabel(xlabel)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    _title(axes, title, pad=18 if chance is not None else 6)
    if series:
        fig.legend(loc="outside right upper", title=_words(series))
    return Picture(fig, alt or _bars_in_words(table, by, series, xlabel))


def _bars_of_one_series(axes, rows, centre, height, name, style):
    mean = rows["mean"].to_numpy(float)
    low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
    axes.barh(
        centre, mean, height * 0.88, color=style["color"], hatch=style["hatch"],
        edgecolor="white", linewidth=0, label=_words(name),
    )  # fmt: skip
    axes.hlines(centre, low, high, color=INK, linewidth=1.6)
    axes.plot(low, centre, "|", high, centre, "|", color=INK, markersize=7)
    for value, right, y in zip(mean, np.fmax(high, mean), centre, strict=True):
        axes.annotate(
            f"{value:.2f}", (right, y), (6, 0), textcoords="offset points",
            va="center", fontsize=10, color=INK,
        )  # fmt: skip


def _bars_in_words(table, by, series, xlabel):
    told = [
        f"{_words(row[by])}{' with ' + _words(row[series]) if series else ''} "
        f"{row['mean']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        for _, row in table.iterrows()
    ]
    return f"Bars of {xlabel.lower()} with intervals: {_listed(told, 12)}."


def _pixels(images, what):
    """Images of any usual range and shape as uint8 (n, h, w, 3)."""
    images = np.asarray(images)
    if images.ndim == 3:  # one colour picture, or several grey ones
        images = images[None] if images.shape[-1] == 3 else images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        raise ValueError(
            f"{what} needs images of the shape (n, height, width, 3) with values from "
            f"0 to 255, and these have the shape {images.shape}."
        )
    if images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    if images.dtype != np.uint8:
        images = np.clip(np.nan_to_num(images), 0, 255).astype(np.uint8)
    return images


def _tiles(count, columns, width, ratio, titled):
    """A figure of `count` empty tiles, their axes as a flat list."""
    columns = max(1, min(columns, count))
    rows = math.ceil(count / columns)
    side = width / columns
    fig = _figure(width, rows * (side * ratio + (0.2 if titled else 0.04)) + 0.1)
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    for each in axes:
        each.set_axis_off()
    return fig, axes, side


def _short(text, side, size):
    """The text, cut to what fits above a tile `side` inches wide."""
    room = max(3, int(side * 0.9 * 72 / (size * 0.6)))
    return text if len(text) <= room else text[: room - 1] + "…"


@styled
def image_grid(images, titles=None, columns=8, *, title=None, alt=None):
    """Pictures side by side, each with its title above it.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3)
        Values from 0 to 255. Grey pictures (n, height, width) are taken too.
    titles : sequence of str, optional
        One per picture; long ones are cut to fit.
    columns : int
        Pictures in a row.
    title : str, optional
        Words above the whole.
    alt : str, optional
        The description; without it, the number of pictures and their titles.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shape is wrong, there is no picture, or the titles do not match.
    """
    pixels = _pixels(images, "image_grid")
    if titles is not None and len(titles) != len(pixels):
        raise ValueError(
            f"image_grid needs one title per picture: there are {len(pixels)} "
            f"pictures and {len(titles)} titles."
        )
    width = min(7.4, 1.25 * min(columns, len(pixels)))
    ratio = pixels.shape[1] / pixels.shape[2]
    fig, axes, side = _tiles(len(pixels), columns, width, ratio, titles is not None)
    for index, picture in enumerate(pixels):
        axes[index].imshow(picture)
        if titles is not None:
            text = _short(_words(titles[index]), side, 9)
            axes[index].set_title(text, fontsize=9, loc="center", pad=2)
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    told = f"{len(pixels)} pictures"
    if titles is not None:
        told += ": " + _listed(dict.fromkeys(map(_words, titles)), 16)
    return Picture(fig, alt or f"Grid of {told}.")


@styled
def activations(maps, columns=8, *, titles=None, title=None, alt=None):
    """What each channel of a layer answers to one image, as a grid of heat maps.

    Each map has a scale of its own, dark where the channel is silent and bright where
    it answers most; a channel that is silent everywhere says so.

    Parameters
    ----------
    maps : array_like, shape (height, width, channels)
        The output of a layer for one image.
    columns : int
        Maps in a row.
    titles : sequence of str, optional
        One per channel; without it, the channel's number.
    title : str, optional
        Words above the whole.
    alt : str, optional
        The description.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If `maps` is not three-dimensional, or holds nothing.
    """
    maps = np.asarray(maps, dtype=float)
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    if maps.ndim != 3 or maps.size == 0:
        raise ValueError(
            "activations needs the maps of one image, of the shape (height, width, "
            f"channels), and these have the shape {maps.shape}."
        )
    count = maps.shape[-1]
    names = list(titles) if titles is not None else [str(n) for n in range(count)]
    fig, axes, side = _tiles(
        count, columns, 7.4, maps.shape[0] / maps.shape[1], titled=True
    )
    silent = 0
    for index in range(count):
        one, name = maps[..., index], names[index]
        if np.ptp(one) < 1e-12:
            silent += 1
            name += " silent"
        axes[index].imshow(one, cmap="viridis")
        text = _short(name, side, 9)
        axes[index].set_title(text, fontsize=9, loc="center", pad=2)
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    told = f"{count} heat maps of {maps.shape[0]} by {maps.shape[1]}, one per channel"
    told += f"; {silent} of them silent" if silent else ""
    return Picture(fig, alt or f"{title + ': ' if title else ''}{told}.")


def _thousands(count):
    """A parameter count that fits in a label: 950, 12.3 k, 4.2 M."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {sign}"
    return f"{count:.0f}"


def _frozen(backbone, plan):
    """For each block: True frozen, False trainable, None without a plan."""
    if plan is None:
        return [None] * len(backbone.blocks)
    names = [block.name for block in backbone.blocks]
    trainable = getattr(plan, "trainable", plan)
    if isinstance(trainable, str) or not hasattr(trainable, "__iter__"):
        raise ValueError(
            "blocks needs a FreezePlan or the names of the trainable blocks, and got "
            f"{trainable!r}."
        )
    trainable = {getattr(block, "name", block) for block in trainable}
    unknown = sorted(trainable - set(names))
    if unknown:
        raise ValueError(
            f"{_listed(unknown)} is no block of this backbone; its blocks are "
            f"{_listed(names, 30)}."
        )
    return [name not in trainable for name in names]


@styled
def blocks(backbone, plan=None, *, title=None, alt=None):
    """The blocks of a backbone in a row, wider with more parameters.

    Widths are in proportion to the parameters, except that no block is drawn narrower
    than its label needs.

    Parameters
    ----------
    backbone : Backbone
        Anything with `.blocks`, a sequence of objects with `.name` and `.parameters`.
    plan : FreezePlan or collection of str, optional
        Which blocks are trainable. Then frozen blocks are blue, hatched and marked
        with a snowflake, trainable ones orange and marked with a pencil.
    title : str, optional
        Words above the row; without it, the name of the backbone.
    alt : str, optional
        The description; without it, one is made from the blocks.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no block, or the plan names one that does not exist.
    """
    row = list(backbone.blocks)
    if not row:
        raise ValueError("blocks needs a backbone with at least one block.")
    frozen = _frozen(backbone, plan)
    counts = np.array([block.parameters for block in row], dtype=float)
    # A block of one in a thousand would be a hairline: none is narrower than its label.
    share = counts / max(counts.sum(), 1)
    share = np.maximum(share, min(0.036, 0.8 / len(row)))
    edges = np.concatenate([[0], np.cumsum(share / share.sum())])
    fig = _figure(7.4, 2.5)
    axes = fig.subplots()
    for index, block in enumerate(row):
        _draw_block(axes, block, edges[index : index + 2], frozen[index])
    slanted = any(map(_too_narrow, row, np.diff(edges)))
    axes.set(
        xlim=(-0.005, 1.005),
        ylim=(-0.75 if slanted else -0.3, 1.05 if plan is None else 1.3),
    )
    axes.set_axis_off()
    name = getattr(backbone, "name", "Backbone")
    _title(axes, title or f"{name}: {_thousands(counts.sum())} parameters")
    if plan is not None:
        fig.legend(
            handles=[_block_patch(True), _block_patch(False)],
            loc="outside lower left", ncols=2,
        )  # fmt: skip
    return Picture(fig, alt or _blocks_in_words(name, row, frozen))


_BLOCK_LOOKS = {
    None: {"facecolor": "#cfe3f0", "label": ""},
    True: {"facecolor": "#bcd9ec", "hatch": "///", "label": "❄ frozen"},
    False: {"facecolor": "#f5c98a", "label": "✎ trainable"},
}


def _block_patch(frozen):
    return Patch(edgecolor=INK, **_BLOCK_LOOKS[frozen])


def _too_narrow(block, width):
    """Whether the name doesn't fit under its block, as a share of the row's width."""
    return width < 0.0135 * len(block.name)


def _draw_block(axes, block, edges, frozen):
    left, right = edges
    looks = {key: v for key, v in _BLOCK_LOOKS[frozen].items() if key != "label"}
    axes.add_patch(
        Rectangle((left, 0), right - left, 1, edgecolor=INK, linewidth=1, **looks)
    )
    middle = (left + right) / 2
    if frozen is not None:
        sign = "❄" if frozen else "✎"
        axes.text(middle, 1.06, sign, ha="center", va="bottom", fontsize=12)
    wide = right - left > 0.014 * len(_thousands(block.parameters))
    axes.text(
        middle, 0.5, _thousands(block.parameters), ha="center", va="center",
        fontsize=9, rotation=0 if wide else 90,
        bbox={"facecolor": looks["facecolor"], "edgecolor": "none", "pad": 1.2},
    )  # fmt: skip
    level = not _too_narrow(block, right - left)
    axes.text(
        middle, -0.08, block.name, ha="center" if level else "right", va="top",
        fontsize=9, rotation=0 if level else 45, rotation_mode="anchor",
    )  # fmt: skip


def _blocks_in_words(name, row, frozen):
    state = {None: "", True: ", frozen", False: ", trainable"}
    told = [
        f"{block.name} ({_thousands(block.parameters)} parameters{state[cold]})"
        for block, cold in zip(row, frozen, strict=True)
    ]
    return (
        f"The {len(row)} blocks of {name} from input to output, wider with more "
        f"parameters: {_listed(told, 40)}."
    )


@styled
def feature_map(points2d, labels, classes, *, title=None, alt=None):
    """Examples as points in two dimensions, one colour and marker per class.

    Parameters
    ----------
    points2d : array_like, shape (n, 2)
        Where each example lies, after a projection to two dimensions.
    labels : array_like, shape (n,)
        The class of each, as a number.
    classes : sequence of str
        The names of the classes.
    title : str, optional
        Words above the axes.
    alt : str, optional
        The description; say there what the reader sees, for the numbers cannot.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes do not match or a label has no class.
    """
    points, labels = np.asarray(points2d, float), np.asarray(labels).astype(int)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(
            f"feature_map needs points of the shape (n, 2), not {points.shape}."
        )
    if labels.shape != (len(points),):
        raise ValueError(
            f"feature_map needs one label per point: there are {len(points)} points "
            f"and labels of the shape {labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= len(classes):
        raise ValueError(
            f"feature_map got labels from {labels.min()} to {labels.max()}, but names "
            f"for {len(classes)} classes only."
        )
    fig = _figure(7.4, 4.8)
    axes = fig.subplots()
    for index in range(len(classes)):
        style = series_style(index)
        chosen = points[labels == index]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=38, color=style["color"], alpha=0.8,
            marker=style["marker"], linewidths=0.3, edgecolors="white",
            label=_words(classes[index]),
        )  # fmt: skip
        if len(chosen):
            _name_at(axes, np.median(chosen, axis=0), _words(classes[index]))
    axes.set(xticks=[], yticks=[])
    axes.spines[["left", "bottom"]].set_color(GRID)
    _title(axes, title)
    fig.legend(loc="outside right upper", ncols=1 + (len(classes) > 18), fontsize=10)
    told = f"Map of {len(points)} examples of {len(classes)} classes in two dimensions"
    return Picture(fig, alt or f"{told}: {_listed(map(_words, classes), 20)}.")


def _name_at(axes, point, name):
    """The name of a class in its midst, readable on top of its own points."""
    axes.annotate(
        name, point, ha="center", va="center", fontsize=11, fontweight="bold",
        color=INK, path_effects=[withStroke(linewidth=3.5, foreground="white")],
    )  # fmt: skip


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
    fig = _figure(side + 0.6, side)
    axes = fig.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    size = 10 if count <= 10 else 8
    for i, j in np.argwhere(matrix):
        ink = "white" if share[i, j] > 0.55 else INK
        axes.text(j, i, f"{matrix[i, j]:g}", ha="center", va="center", color=ink,
                  fontsize=size)  # fmt: skip
    names = [_words(name) for name in classes]
    slanted = max(map(len, names)) * size * 0.62 > 72 * 0.8 * side / (count + 1)
    axes.set_xticks(range(count), names, rotation=45 if slanted else 0,
                    ha="right" if slanted else "center", rotation_mode="anchor",
                    fontsize=size)  # fmt: skip
    axes.set_yticks(range(count), names, fontsize=size)
    axes.set(xlabel="Answered", ylabel="True class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _title(axes, title)
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


def _course_map_part(axes, y, images, words, style):
    """One row of the map: pictures, backbone, head, question. Units are inches."""
    name, labels, question, head = words
    axes.text(0.12, y + 0.66, name, fontsize=13, fontweight="bold", color=style)
    axes.text(0.95, y + 0.67, labels, fontsize=10.5, color=INK)
    for index in range(6):
        left, bottom = 0.12 + 0.53 * (index % 3), y + 0.02 - 0.53 * (index // 3)
        edges = (left, left + 0.48, bottom, bottom + 0.48)
        if index < len(images):
            axes.imshow(images[index], extent=edges, zorder=2)
        else:
            axes.add_patch(Rectangle((left, bottom), 0.48, 0.48, color=GRID))
    for index in range(5):  # the blocks: their maps grow smaller
        height = 1.06 - 0.14 * index
        axes.add_patch(Rectangle(
            (2.32 + 0.4 * index, y - height / 2), 0.32, height, facecolor=PALETTE[0],
            alpha=0.85, edgecolor="white",
        ))  # fmt: skip
    axes.add_patch(Rectangle(
        (4.8, y - 0.25), 0.62, 0.5, facecolor="white" if head == "old" else style,
        edgecolor="#777777" if head == "old" else style, linewidth=1.4,
        linestyle="--" if head == "old" else "-",
    ))  # fmt: skip
    ink = "#666666" if head == "old" else "white"
    axes.text(5.11, y, f"{head}\nhead", ha="center", va="center", fontsize=9, color=ink)
    axes.text(5.82, y, question, va="center", fontsize=11, color=INK)
    for start, end in ((1.78, 2.24), (4.3, 4.74), (5.46, 5.78)):
        _arrow(axes, (start, y), (end, y), 12, 1.6, INK)


def _arrow(axes, start, end, size, width, colour):
    axes.annotate(
        "", end, start,
        arrowprops={"arrowstyle": "-|>", "mutation_scale": size, "linewidth": width,
                    "color": colour, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip


def _badge(axes, x, y, number):
    """A lesson's number on a dark disc."""
    axes.text(
        x, y, number, ha="center", va="center", fontsize=9.5, fontweight="bold",
        color="white", bbox={"boxstyle": "circle,pad=0.28", "facecolor": INK,
                             "edgecolor": "white"}, zorder=5,
    )  # fmt: skip


@styled
def course_map(source_images=(), target_images=(), *, alt=None):
    """The idea of transfer learning in one picture, with the lessons on it.

    Parameters
    ----------
    source_images, target_images : array_like, shape (n, height, width, 3), optional
        Up to six pictures of letters and six of digits, 0-255; grey squares without.
    alt : str, optional
        The description; without it, one that says what the map shows.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the pictures have another shape.
    """
    fig = Figure(figsize=(7.4, 4.6))
    axes = fig.add_axes((0, 0, 1, 1), xlim=(0, 7.4), ylim=(0, 4.6))
    rows = (
        (3.45, source_images, ("Source", "many labels", "Which letter?", "old")),
        (1.55, target_images, ("Target", "few labels", "Which digit?", "new")),
    )
    for colour, (y, images, words) in zip(PALETTE, rows, strict=False):
        small = _pixels(images[:6], "course_map") if len(images) else ()
        _course_map_part(axes, y, small, words, colour)
    axes.text(3.28, 4.12, "backbone", ha="center", fontsize=11, color=INK)
    _arrow(axes, (3.28, 2.86), (3.28, 2.16), 24, 5, PALETTE[2])
    axes.text(3.5, 2.5, "transfer: the weights move", va="center", fontsize=11,
              fontweight="bold", color="#00694D")  # fmt: skip
    axes.text(3.28, 0.86, "❄ frozen or ✎ trainable", ha="center", fontsize=10.5)
    axes.text(5.11, 1.08, "✎ trainable", ha="center", fontsize=10.5)
    for number, title, (x, y), left in (
        ("01", "Why transfer?", (3.02, 2.5), 0.3),
        ("02", "Inside a backbone", (2.12, 4.02), 1.8),
        ("03", "Feature extraction", (5.42, 1.82), 3.6),
        ("04", "Freezing, fine-tuning", (2.12, 0.92), 5.4),
    ):
        _badge(axes, x, y, number)
        _badge(axes, left, 0.34, number)
        axes.text(left + 0.22, 0.34, title, va="center", fontsize=10, color=INK)
    axes.set_axis_off()
    axes.set(xlim=(0, 7.4), ylim=(0, 4.6))
    return Picture(fig, alt or _COURSE_MAP_IN_WORDS)


_COURSE_MAP_IN_WORDS = (
    "Two rows. Above, the source: many labelled pictures of letters go through a "
    "backbone of five blocks and a head that answers 'Which letter?'. Below, the "
    "target: few labelled pictures of digits go through the same backbone, frozen or "
    "trainable, and a new, trainable head that answers 'Which digit?'. An arrow from "
    "backbone to backbone says: transfer, the weights move; the old head stays behind. "
    "Lesson 01 stands at the arrow, 02 at the backbone, 03 at the new head, 04 at the "
    "words frozen or trainable."
)


@styled
def gallery(tasks, columns=7, *, alt=None):
    """A row of examples for each data set, with its name, classes and size.

    Parameters
    ----------
    tasks : sequence of Task
        A row each; ``load(name, per_class=4)`` has enough examples.
    columns : int
        Pictures in a row.
    alt : str, optional
        The description; without it, the data sets and their classes.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no task.
    """
    tasks = list(tasks)
    if not tasks:
        raise ValueError("gallery needs at least one task: tl.datasets.load gives one.")
    fig = _figure(7.4, 1.0 * len(tasks))
    widths = [1.35] + [1] * columns
    grid = fig.subplots(len(tasks), columns + 1, width_ratios=widths, squeeze=False)
    told = [
        _gallery_row(axes, task, columns)
        for axes, task in zip(grid, tasks, strict=True)
    ]
    return Picture(
        fig, alt or f"A row of pictures for each data set: {'; '.join(told)}."
    )


def _gallery_row(axes, task, columns):
    """Draw a data set's name, facts and examples; return them in words."""
    # Every few-shot draw begins with one picture of each class: spread over them.
    step = max(1, len(task.classes) // columns)
    images = task.train.images[: step * columns : step]
    labels = task.train.labels[: step * columns : step]
    names = [_words(task.classes[label]) for label in labels]
    height, width = images.shape[1:3]
    facts = f"{len(task.classes)} classes\n{height} × {width} px"
    axes[0].text(0, 0.72, task.name, fontsize=12, fontweight="bold", va="center")
    axes[0].text(0, 0.3, facts, fontsize=9.5, va="center", linespacing=1.3)
    for each, image, name in zip(axes[1:], images, names, strict=False):
        each.imshow(image.astype(np.uint8))
        name = name if len(name) < 12 else name.replace(" ", "\n", 1)
        each.set_title(name, fontsize=8.5, loc="center", pad=2, linespacing=1)
    for each in axes:
        each.set_axis_off()
    some = _listed(dict.fromkeys(names), 3)
    return f"{task.name} ({len(task.classes)} classes, such as {some})"


@styled
def filters(kernels, maps, *, title=None, alt=None):
    """First-layer filters as small colour pictures, and what each answers to.

    Parameters
    ----------
    kernels : array_like, shape (height, width, 3, n)
        The weights of a convolution on colour pictures. Each filter is scaled by
        itself: grey is a weight of zero, a brighter colour a positive one.
    maps : array_like, shape (h, w, n)
        What each filter answers to one picture.
    title : str, optional
        Words above the whole.
    alt : str, optional
        The description.

    Returns
    -------
    Picture

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
    fig = _figure(7.4, 13.8 / count + 0.35)
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
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    told = (
        f"{count} filters of {kernels.shape[0]} by {kernels.shape[1]} colour pixels, "
        "and under each the heat map of its answer to the same picture"
    )
    return Picture(fig, alt or f"{title + ': ' if title else ''}{told}.")


@styled
def inside(picture, maps, count=12, *, title=None, alt=None):
    """A picture and the channels of a block that answer to it most unevenly.

    Each map has a scale of its own, dark where the channel is silent and bright where
    it answers most. Shown are the channels whose answer differs most from place to
    place: an answer that is the same everywhere tells nothing about the picture.

    Parameters
    ----------
    picture : array_like, shape (height, width, 3), 0-255
    maps : array_like, shape (h, w, channels)
        What a block puts out for that picture.
    count : int
        Maps to show at most, in three rows.
    title : str, optional
        Words above the whole.
    alt : str, optional
        The description.

    Returns
    -------
    Picture

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
    pixels = _pixels(np.asarray(picture)[None], "inside")[0]
    uneven = maps.std((0, 1))
    # Relative: in a random backbone the answers shrink from block to block.
    silent = int((np.ptp(maps, (0, 1)) <= 1e-6 * np.abs(maps).max()).sum())
    shown = np.argsort(-uneven, kind="stable")[: min(count, maps.shape[-1] - silent)]
    columns = max(1, math.ceil(count / 3))
    fig = _figure(7.4, 0.45 + 3 * 7.4 / (columns + 3))
    grid = fig.add_gridspec(3, columns + 3)
    big = fig.add_subplot(grid[:, :3])
    big.imshow(pixels)
    big.set_axis_off()
    for place, channel in enumerate(shown):
        axes = fig.add_subplot(grid[place // columns, 3 + place % columns])
        axes.imshow(maps[..., channel], cmap="viridis")
        axes.set_title(str(channel), fontsize=9, loc="center", pad=2)
        axes.set_axis_off()
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    told = (
        f"the picture and {len(shown)} of {maps.shape[-1]} channels as heat maps of "
        f"{maps.shape[0]} by {maps.shape[1]}; {silent} channels are silent"
    )
    return Picture(fig, alt or f"{title + ': ' if title else ''}{told}.")


@styled
def probes(summary, series="source", panels="target", *, chance=None, alt=None):
    """Accuracy of a probe over the blocks of a backbone, a panel for each target.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns block, `series`, `panels`, mean, low and high, as `study.summarise`
        returns them; the blocks from the first to the last.
    series : str
        The column that tells the lines apart.
    panels : str
        The column that names the panels.
    chance : float, optional
        Draws a thin line at the accuracy of guessing.
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
    columns = ["block", series, panels, "mean", "low", "high"]
    table = _table(summary, columns, "probes")
    names = list(dict.fromkeys(table[panels]))
    fig = _figure(7.4, 4.1)
    grid = fig.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(grid, names, strict=True):
        _probe_panel(axes, table[table[panels] == name], series)
        axes.set_title(_words(name))
        _guessing(axes, chance)
    grid[0].set(ylabel="Test accuracy", ylim=(0, 1.02))
    fig.legend(*grid[0].get_legend_handles_labels(), ncols=4,
               loc="outside upper left")  # fmt: skip
    return Picture(fig, alt or _probes_in_words(table, series, panels))


def _probe_panel(axes, table, series):
    blocks = list(dict.fromkeys(table["block"]))
    for index, (name, rows) in enumerate(table.groupby(series, sort=False)):
        rows = rows.assign(at=[blocks.index(block) for block in rows["block"]])
        _curve(axes, rows.sort_values("at"), "at", str(name), series_style(index))
    short = [block.removeprefix("block") for block in blocks]
    axes.set_xticks(range(len(blocks)), short, fontsize=9)
    axes.set_xlabel("block")
    axes.grid(axis="y")


def _probes_in_words(table, series, panels):
    told = []
    for (panel, name), rows in table.groupby([panels, series], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        best = rows.loc[rows["mean"].idxmax()]
        told.append(
            f"{_words(name)} on {_words(panel)} goes from {first['mean']:.2f} at "
            f"{first['block']} to {last['mean']:.2f} at {last['block']}, its best "
            f"{best['mean']:.2f} at {best['block']}"
        )
    return f"Line chart of probe accuracy over blocks: {'; '.join(told[:8])}."


@styled
def worth(summary, per_class, strategy, reference, *, needed, chance=None, alt=None):
    """Two curves over labels, and how far one number of labels reaches.

    Rings mark both accuracies at `per_class`, broad bars their intervals. An arrow
    goes from the strategy's ring to the right, to the labels with which the reference
    does as well.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns strategy, per_class, mean, low and high, as `study.summarise` returns
        them.
    per_class : int
        The number of labels to mark; one of the summary's.
    strategy, reference : str
        The two to compare.
    needed : float
        The labels a class that the reference needs to do as well, from
        `study.labels_worth`; infinite where it never did.
    chance : float, optional
        Draws a thin line at the accuracy of guessing.
    alt : str, optional
        The description; without it, one is made from the numbers.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the summary lacks a column, a strategy or that number of labels.
    """
    columns = ["strategy", "per_class", "mean", "low", "high"]
    table = _table(summary, columns, "worth").sort_values("per_class")
    fig = _figure(7.4, 4.4)
    axes = fig.subplots()
    marked = {}
    for index, name in enumerate((strategy, reference)):
        rows = table[table["strategy"] == name]
        there = rows[rows["per_class"] == per_class]
        if len(there) != 1:
            raise ValueError(
                f"worth needs one row for {name!r} with {per_class} labels a class, "
                f"and the summary has {len(there)}."
            )
        marked[name] = there.iloc[0]
        _curve_with_ring(axes, rows, there.iloc[0], name, series_style(index))
    _guessing(axes, chance)
    _number_axis(axes, sorted(table["per_class"].unique()))
    lowest = min(0.4, table["mean"].min() - 0.05)
    axes.set(xlabel="Labelled examples per class", ylabel="Test accuracy")
    axes.set_ylim(lowest, 1.06)
    axes.grid(axis="y")
    most = table["per_class"].max()
    _arrow_to_needed(axes, *marked.values(), needed, most)
    said = f"about {needed:.0f}" if needed <= most else f"more than {most}"
    labels = "1 label" if per_class == 1 else f"{per_class} labels"
    does = "does" if per_class == 1 else "do"
    _title(axes, f"{labels} a class {does} what takes {said} {_words(reference)}")
    fig.legend(loc="outside right upper")
    return Picture(fig, alt or _worth_in_words(marked, labels, reference, said))


def _curve_with_ring(axes, rows, there, name, style):
    """A curve, faint but for one point with its interval."""
    line = {key: style[key] for key in ("color", "marker", "linestyle")}
    axes.plot(rows["per_class"], rows["mean"], label=_words(name), **line)
    axes.vlines(there["per_class"], there["low"], there["high"], linewidth=7,
                color=style["color"], alpha=0.3)  # fmt: skip
    axes.plot(there["per_class"], there["mean"], "o", color=style["color"],
              markersize=14, markerfacecolor="none", markeredgewidth=2)  # fmt: skip


def _arrow_to_needed(axes, ours, theirs, needed, most):
    """The arrow, as far as the reference's curve or the end, and the accuracies."""
    start, level = ours["per_class"], ours["mean"]
    end = needed if needed <= most else axes.get_xlim()[1]
    if end > start * 1.15:
        arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.6,
                 "shrinkA": 9, "shrinkB": 0}  # fmt: skip
        axes.annotate("", (end, level), (start, level), arrowprops=arrow)
    if needed <= most:
        axes.vlines(needed, axes.get_ylim()[0], level, color=INK, linewidth=1,
                    linestyle=(0, (4, 3)))  # fmt: skip
        axes.annotate(
            f"{needed:.0f}", (needed, 0), (3, 4), textcoords="offset points",
            xycoords=("data", "axes fraction"), color=INK, fontsize=11,
        )  # fmt: skip
    halo = [withStroke(linewidth=3, foreground="white")]
    for row, below in ((ours, level < theirs["mean"]), (theirs, True)):
        axes.annotate(
            f"{row['mean']:.2f}", (row["per_class"], row["mean"]),
            (10, -12 if below else 9), textcoords="offset points", va="center",
            color=INK, fontsize=11, path_effects=halo,
        )  # fmt: skip


def _worth_in_words(marked, labels, reference, said):
    told = [
        f"{_words(name)} {row['mean']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        for name, row in marked.items()
    ]
    return (
        f"Line chart of test accuracy over labelled examples per class. With {labels} "
        f"a class: {'; '.join(told)}. {_words(reference).capitalize()} needs {said} "
        "labels a class to do as well."
    )


@styled
def epochs(history, total=None, *, title=None, alt=None):
    """Accuracy over the epochs of one training, finished or not.

    Parameters
    ----------
    history : dict of list of float
        ``accuracy`` and ``val_accuracy``, 0-1, one entry an epoch, as in
        ``Run.history``.
    total : int, optional
        Epochs that were planned, so that the axis stands still while lines grow.
    title : str, optional
        Words above the axes.
    alt : str, optional
        The description; without it, one is made from the numbers.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If no epoch is over yet.
    """
    lines = {
        "training": history.get("accuracy", ()),
        "validation": history.get("val_accuracy", ()),
    }
    done = len(lines["training"])
    if not done:
        raise ValueError("epochs needs a history of at least one epoch.")
    total = max(total or done, done)
    fig = _figure(4.2, 2.9)
    axes = fig.subplots()
    for index, (name, values) in enumerate(lines.items()):
        style = {k: v for k, v in series_style(index).items() if k != "hatch"}
        at = range(1, len(values) + 1)
        axes.plot(at, values, label=name, markevery=max(1, total // 10), **style)
    axes.set(xlabel="Epoch", ylabel="Accuracy", xlim=(0.5, total + 0.5))
    axes.set_ylim(-0.02, 1.04)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    _title(axes, title)
    fig.legend(loc="outside lower right", ncols=2)
    ends = [f"{name} {values[-1]:.2f}" for name, values in lines.items() if values]
    words = f"accuracy over {done} of {total} epochs, at the end {', '.join(ends)}"
    return Picture(fig, alt or f"Line chart, {title or 'one training'}: {words}.")


@styled
def runs(table, *, title=None, alt=None):
    """Validation accuracy of some runs against their time and what they trained.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns run, trained_blocks, trainable, accuracy and seconds, as
        ``FreezeLab.table`` holds them. Each run's number stands in its point.
    title : str, optional
        Words above the axes.
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
    columns = ["run", "trained_blocks", "trainable", "accuracy", "seconds"]
    table = _table(table, columns, "runs")
    fig = _figure(5.8, 2.9)
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
    grid[1].xaxis.set_major_formatter(lambda value, _: _thousands(value))
    grid[1].xaxis.set_minor_locator(NullLocator())
    low, high = table["trainable"].min(), table["trainable"].max()
    grid[1].set_xlim(low / 2, high * 2)
    lowest, highest = table["accuracy"].min(), table["accuracy"].max()
    margin = max(0.02, 0.15 * (highest - lowest))
    grid[0].set(ylabel="Validation accuracy", ylim=(lowest - margin, highest + margin))
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    return Picture(fig, alt or _runs_in_words(table))


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
    told = [
        f"run {row['run']} (blocks trained: {row['trained_blocks']}) "
        f"{row['accuracy']:.2f} in {row['seconds']:.1f} s with "
        f"{_thousands(row['trainable'])} trained parameters"
        for row in table.to_dict("records")
    ]
    return (
        "Two scatter plots of validation accuracy against seconds and against trained "
        f"parameters: {_listed(told, 12)}."
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
    table = _table(summary, wanted, "heat_map")
    downs, acrosses = (list(dict.fromkeys(table[by])) for by in (rows, columns))
    maps = list(table.groupby(panels, sort=False)) if panels else [("", table)]
    width = max(7.4, 1.2 + 0.62 * len(maps) * len(acrosses))
    fig = _figure(width, 1.3 + 0.72 * len(downs) + (0.3 if title else 0))
    grid = fig.subplots(1, len(maps), sharey=True, squeeze=False)[0]
    for axes, (name, part) in zip(grid, maps, strict=True):
        for _, cell in part.iterrows():
            place = acrosses.index(cell[columns]), downs.index(cell[rows])
            _heat_cell(axes, place, cell, colours)
        axes.set(xlim=(-0.5, len(acrosses) - 0.5), ylim=(len(downs) - 0.5, -0.5))
        axes.set_xticks(range(len(acrosses)), map(_words, acrosses))
        axes.set_yticks(range(len(downs)), map(_words, downs))
        axes.set_xlabel(xlabel or _words(columns))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        _title(axes, _words(name))
    grid[0].set_ylabel(ylabel or _words(rows))
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
                f"{mean:.2f} at {_words(at)}"
                for at, mean in zip(line[columns], line["mean"], strict=True)
            )
            where = f"{_words(name)}, " if name else ""
            told.append(f"{where}{_words(rows)} {_words(value)}: {numbers}")
    return (
        f"Heat map of means with intervals, from {table['mean'].min():.2f} to "
        f"{table['mean'].max():.2f}, over {_words(columns)}. {'; '.join(told)}."
    )
