"""What all figures share: the course's style, `Picture`, and small helpers."""

from __future__ import annotations

import base64
import functools
import html
import io
import threading

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

#: Okabe and Ito's colours as far as they stand out on white paper (3:1, WCAG), and
#: darker ones for figures of many classes. tests/test_accessibility.py measures them.
PALETTE = (
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # green
    "#CC79A7",  # purple
    "#7A1F1F",  # maroon
    "#32218C",  # indigo
    "#000000",  # black
    "#6B6B6B",  # grey
    "#4F5B00",  # olive
    "#0B4D4D",  # teal
    "#A67C00",  # gold
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++", "oo")
INK, GRID = "#333333", "#dddddd"
#: Path effects of words that stand on a drawing.
HALO = (withStroke(linewidth=3, foreground="white"),)
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

    Decorates any function that draws and returns a `Picture`. What such functions have
    in common (``title``, ``alt``, refused tables) stands in the docstring of `plots`.
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

    Eleven colours and eight markers go round, so that the first 88 series differ in at
    least one of them. `index` is 0 for the first.
    """
    return {**line_style(index), "hatch": HATCHES[index % len(HATCHES)]}


def line_style(index):
    """Colour, marker and line style of a series, as ``axes.plot`` takes them."""
    return {
        "color": PALETTE[index % len(PALETTE)],
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": LINES[index % len(LINES)],
    }


def new_figure(width, height):
    """An empty figure, in inches; pages have room for a width of 7.4."""
    return Figure(figsize=(width, height), layout="constrained")


def checked_table(summary, columns, what):
    """The rows of a summary table as a data frame, with its columns checked."""
    import pandas as pd

    table = pd.DataFrame(summary)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{what} needs the columns {', '.join(columns)}; the table has no "
            f"{' and no '.join(missing)}. tables.summarise makes such a table."
        )
    if table.empty:
        raise ValueError(f"{what} needs at least one row; the table has none.")
    return table


def readable(name):
    """A name from a table as a reader should see it, without underscores."""
    return str(name).replace("_", " ")


def put_title(axes, title, pad=6):
    """Write the title above the axes, if there is one."""
    if title:
        axes.set_title(title, pad=pad)


def title_above(fig, title):
    """Write the title above a figure of several axes, if there is one."""
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)


def name_rows(axes, names):
    """Write names beside the rows 0, 1, 2, … of horizontal bars or dots."""
    axes.set_yticks(range(len(names)), [readable(name) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def mark_guessing(axes, chance):
    """Draw the accuracy of guessing as an upright line, named above it."""
    axes.axvline(chance, color=INK, linewidth=1, linestyle=(0, (1, 3)))
    axes.annotate(
        "guessing", (chance, 1), (0, 2), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="center", fontsize=10, color=INK,
    )  # fmt: skip


def write_beside(axes, x, y, number, gap=6, form=".2f", **looks):
    """Write a number a few points right of a place, or left of it (a gap below 0)."""
    axes.annotate(
        format(number, form), (x, y), (gap, 0), textcoords="offset points", va="center",
        ha="right" if gap < 0 else "left", **{"fontsize": 10, "color": INK, **looks},
    )  # fmt: skip


def ink_on(colour):
    """Black or white, whichever can be read better on a colour of Matplotlib's."""
    shares = np.array(to_rgb(colour))
    linear = np.where(
        shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4
    )
    # From here on, black has the higher contrast, as WCAG defines it.
    return "black" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "white"


def listed(parts, most=8):
    """The first parts as one phrase, and how many more there are."""
    parts = [str(part) for part in parts]
    rest = len(parts) - most
    return ", ".join(parts[:most]) + (f" and {rest} more" if rest > 0 else "")


def thousands(count):
    """A parameter count that fits in a label: 950, 12.3 k, 4.2 M."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {sign}"
    return f"{count:.0f}"
