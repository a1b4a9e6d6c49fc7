"""Images side by side: any pictures, or examples of data sets."""

import math
import textwrap

import numpy as np

from tlcourse.plots.style import (
    Picture,
    listed,
    new_figure,
    readable,
    styled,
    title_above,
)


@styled
def image_grid(images, titles=None, columns=8, *, title=None, alt=None):
    """Pictures side by side, each with its title above it.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3)
        Values from 0 to 255. Grey pictures (n, height, width) are taken too.
    titles : sequence of str, optional
        One per picture, of one or two lines. A long one goes on in a second line, and
        what is too long even then is cut.
    columns : int
        Pictures in a row.

    Raises
    ------
    ValueError
        If the shape is wrong, there is no picture, or the titles do not match.
    """
    fig, _, in_words = titled_grid("image_grid", images, titles, columns)
    title_above(fig, title)
    return Picture(fig, alt or in_words)


def titled_grid(what, images, titles, columns):
    """Draw pictures as tiles; gives the figure, the tiles' axes, and words for it."""
    pixels = as_pixels(images, what)
    count, height, width, _ = pixels.shape
    if titles is not None and len(titles) != count:
        raise ValueError(
            f"{what} needs one title per picture: there are {count} pictures and "
            f"{len(titles)} titles."
        )
    columns = max(1, min(columns, count))
    rows = math.ceil(count / columns)
    side = min(7.4 / columns, 1.25)
    texts = [_made_to_fit(readable(each), side, 9) for each in titles or ()]
    lines = max((text.count("\n") + 1 for text in texts), default=0)
    fig = new_figure(
        side * columns, rows * (side * height / width + (0.2 * lines or 0.04)) + 0.1
    )
    grid = fig.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, picture in zip(grid, pixels, strict=False):
        axes.imshow(picture)
    for axes, text in zip(grid, texts, strict=False):
        axes.set_title(text, fontsize=9, loc="center", pad=2)
    in_words = f"Grid of {count} pictures."
    if titles:
        names = listed(dict.fromkeys(map(readable, titles)), 16)
        in_words = f"Grid of {count} pictures: {names}."
    return fig, grid, in_words


IN_A_ROW = 7  # examples of each data set in a gallery


@styled
def gallery(tasks):
    """A row of examples for each data set, with its name, classes and size.

    Parameters
    ----------
    tasks : sequence of Task
        A row each; ``load(name, per_class=4)`` has enough examples.

    Raises
    ------
    ValueError
        If there is no task.
    """
    tasks = list(tasks)
    if not tasks:
        raise ValueError("gallery needs at least one task: tl.datasets.load gives one.")
    fig = new_figure(7.4, 1.0 * len(tasks))
    widths = [1.35] + [1] * IN_A_ROW
    grid = fig.subplots(len(tasks), len(widths), width_ratios=widths, squeeze=False)
    rows = [_gallery_row(axes, task) for axes, task in zip(grid, tasks, strict=True)]
    return Picture(fig, f"A row of pictures for each data set: {'; '.join(rows)}.")


def _gallery_row(axes, task):
    """Draw a data set's name, facts and examples; return them in words."""
    # Every few-shot draw begins with one picture of each class: spread over them.
    step = max(1, len(task.classes) // IN_A_ROW)
    images = task.train.images[: step * IN_A_ROW : step]
    labels = task.train.labels[: step * IN_A_ROW : step]
    names = [readable(task.classes[label]) for label in labels]
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
    some = listed(dict.fromkeys(names), 3)
    return f"{task.name} ({len(task.classes)} classes, such as {some})"


def as_pixels(images, what):
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


def _made_to_fit(text, side, size):
    """The text in lines that fit above a tile `side` inches wide: two, or cut."""
    room = max(3, int(side * 0.9 * 72 / (size * 0.6)))
    lines = text.split("\n")
    if len(lines) == 1:
        lines = textwrap.wrap(
            text, room, max_lines=2, placeholder="…", break_long_words=False
        ) or [""]
    return "\n".join(x if len(x) <= room else x[: room - 1] + "…" for x in lines)
