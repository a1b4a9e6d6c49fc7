"""Features of examples as points in two dimensions."""

import numpy as np

from tlcourse.plots.style import (
    GRID,
    HALO,
    INK,
    Picture,
    listed,
    new_figure,
    put_title,
    readable,
    series_style,
    styled,
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
    fig = new_figure(7.4, 4.8)
    axes = fig.subplots()
    for index in range(len(classes)):
        style = series_style(index)
        chosen = points[labels == index]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=38, color=style["color"], alpha=0.8,
            marker=style["marker"], linewidths=0.3, edgecolors="white",
            label=readable(classes[index]),
        )  # fmt: skip
        if len(chosen):
            _name_at(axes, np.median(chosen, axis=0), readable(classes[index]))
    axes.set(xticks=[], yticks=[])
    axes.spines[["left", "bottom"]].set_color(GRID)
    put_title(axes, title)
    fig.legend(loc="outside right upper", ncols=1 + (len(classes) > 18), fontsize=10)
    in_words = (
        f"Map of {len(points)} examples of {len(classes)} classes in two dimensions"
    )
    return Picture(fig, alt or f"{in_words}: {listed(map(readable, classes), 20)}.")


def _name_at(axes, point, name):
    """The name of a class in its midst, readable on top of its own points."""
    axes.annotate(
        name, point, ha="center", va="center", fontsize=11, fontweight="bold",
        color=INK, path_effects=HALO,
    )  # fmt: skip
