"""Learning without labels, step by step: views, and the loss as a matrix."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from tlcourse.plots.pictures import as_pixels
from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    ink_on,
    listed,
    new_figure,
    readable,
    styled,
    title_above,
)

# A dark line alone would vanish on the dark cells.
_HALO = [withStroke(linewidth=4, foreground="white")]


@styled
def view_grid(images, views, *, title=None):
    """Pictures, a row each, and beside each its views.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3)
        Values from 0 to 255; a few.
    views : dict of str to array_like, or array_like, shape (count, n, h, w, 3)
        Name of a change to the n changed pictures; or what ``unsupervised.views``
        returns.

    Raises
    ------
    ValueError
        If there are no views, or not one for each picture.
    """
    if not hasattr(views, "items"):
        views = {f"view {k}": each for k, each in enumerate(views, start=1)}
    originals = as_pixels(images, "view_grid")
    columns = {name: as_pixels(each, "view_grid") for name, each in views.items()}
    if not columns or any(len(each) != len(originals) for each in columns.values()):
        raise ValueError(
            f"view_grid needs views of each of the {len(originals)} pictures: these "
            f"have {listed(map(len, columns.values())) or 'none'}."
        )
    side = min(1.1, 7.2 / (len(columns) + 1.2))
    wide = side * (len(columns) + 1.2)
    fig = new_figure(wide, side * len(originals) + 0.35)
    grid = fig.subplots(
        len(originals), len(columns) + 2, squeeze=False,
        width_ratios=[1, 0.12] + [1] * len(columns),
    )  # fmt: skip
    for axes in grid.ravel():
        axes.set_axis_off()
    _column(grid[:, 0], "picture", originals, bold=True)
    for place, (name, each) in enumerate(columns.items(), start=2):
        _column(grid[:, place], readable(name), each)
    in_words = listed(map(readable, columns), 12)
    words = f"{len(originals)} pictures, a row each, beside their views: {in_words}."
    if title:
        title_above(fig, title)
        words = f"{title}. {words}"
    return Picture(fig, words)


def _column(cells, name, images, bold=False):
    for axes, image in zip(cells, images, strict=True):
        axes.imshow(image)
    cells[0].set_title(name, fontsize=9, loc="center", pad=3,
                       fontweight="bold" if bold else "normal")  # fmt: skip


@styled
def similarity_matrix(similarities, *, pictures=None):
    """SimCLR's task as a table: in each row, find the other view of the same picture.

    A thick frame marks the right answer of a row; a dashed one the highest number of
    the row where that is another. A view is not compared with itself.

    Parameters
    ----------
    similarities : array_like, shape (2n, 2n)
        Cosines of n first views, then of the n second views, with one another.
    pictures : array_like, shape (2n, height, width, 3), optional
        The views in the same order, 0-255, drawn along both edges.

    Raises
    ------
    ValueError
        If the matrix is not square and even, or there is not one picture for a row.
    """
    cosines = np.asarray(similarities, float)
    count = len(cosines)
    if cosines.shape != (count, count) or count < 4 or count % 2:
        raise ValueError(
            "similarity_matrix needs two views each of at least two pictures, a square "
            f"matrix (2n, 2n); this one has the shape {cosines.shape}."
        )
    others = np.where(np.eye(count, dtype=bool), -np.inf, cosines)
    right, highest = np.roll(np.arange(count), count // 2), others.argmax(axis=1)
    fig = new_figure(7.4, 7.4)
    axes = fig.subplots()
    lowest = min(0, others[np.isfinite(others)].min())
    image = axes.imshow(np.where(np.isfinite(others), cosines, np.nan), cmap="Blues",
                        vmin=lowest, vmax=1)  # fmt: skip
    _numbers(axes, cosines, image)
    for row in range(count):
        _frame(axes, row, right[row], color=PALETTE[1], linewidth=2.6)
        if highest[row] != right[row]:
            _frame(axes, row, highest[row], color=INK, linewidth=1.8, linestyle="--",
                   path_effects=_HALO)  # fmt: skip
    _edges(axes, count, pictures)
    _legend_of_frames(fig, (highest != right).any())
    found = int((highest == right).sum())
    in_words = (
        f"Matrix of the cosines of {count} views of {count // 2} pictures. In {found} "
        f"of {count} rows the other view of the same picture is the most similar one. "
        f"Mean cosine of the two views of a picture: "
        f"{cosines[np.arange(count), right].mean():.2f}."
    )
    return Picture(fig, in_words)


def _numbers(axes, cosines, image):
    """Write the cosines into their cells, and cross out the diagonal."""
    size = 9 if len(cosines) <= 12 else 7.5
    for i, j in np.ndindex(cosines.shape):
        if i == j:
            axes.plot([j - 0.5, j + 0.5], [i - 0.5, i + 0.5], color=PALETTE[7],
                      linewidth=1.2)  # fmt: skip
            axes.plot([j - 0.5, j + 0.5], [i + 0.5, i - 0.5], color=PALETTE[7],
                      linewidth=1.2)  # fmt: skip
            continue
        ink = ink_on(image.cmap(image.norm(cosines[i, j])))
        number = f"{cosines[i, j]:.2f}".replace("0.", ".").replace("-", "−")
        axes.text(j, i, number, ha="center", va="center", fontsize=size, color=ink)


def _frame(axes, row, column, **looks):
    axes.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False,
                             zorder=3, **looks))  # fmt: skip


def _edges(axes, count, pictures):
    """Names of the views along both edges, or the views themselves."""
    half = count // 2
    names = [f"{k % half + 1}{'ab'[k // half]}" for k in range(count)]
    axes.set_xticks(range(count), names)
    axes.set_yticks(range(count), names)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=10)
    axes.spines[:].set_visible(False)
    for line in (axes.axhline, axes.axvline):  # first views from second ones
        line(half - 0.5, color=INK, linewidth=1)
    if pictures is None:
        return
    pixels = as_pixels(pictures, "similarity_matrix")
    if len(pixels) != count:
        raise ValueError(
            f"similarity_matrix needs one picture for each of its {count} rows, not "
            f"{len(pixels)}."
        )
    for k, image in enumerate(pixels):
        axes.imshow(image, extent=(-1.55, -0.6, k + 0.47, k - 0.47), clip_on=False)
        axes.imshow(image, extent=(k - 0.47, k + 0.47, -0.6, -1.55), clip_on=False)
    axes.set(xlim=(-1.6, count - 0.5), ylim=(count - 0.5, -1.6))


def _legend_of_frames(fig, some_are_wrong):
    marks = [
        Patch(fill=False, edgecolor=PALETTE[1], linewidth=2.6,
              label="right answer: the other view")
    ]  # fmt: skip
    if some_are_wrong:
        marks.append(
            Patch(fill=False, edgecolor=INK, linewidth=1.6, linestyle="--",
                  label="highest of its row, and wrong")
        )  # fmt: skip
    marks.append(
        Patch(facecolor="white", edgecolor=PALETTE[7], hatch="xx",
              label="itself: left out")
    )  # fmt: skip
    fig.legend(handles=marks, loc="outside lower center", ncols=3, fontsize=10,
               handlelength=1.6)  # fmt: skip
