"""Groups that nobody has named: where they lie, what they hold, how many there are."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import MaxNLocator

from tlcourse.lessons.clusters.hovering import MOST, HoverPicture
from tlcourse.plots.pictures import as_pixels
from tlcourse.plots.style import (
    GRID,
    HALO,
    INK,
    PALETTE,
    Picture,
    checked_table,
    line_style,
    listed,
    name_rows,
    new_figure,
    readable,
    series_style,
    styled,
    title_above,
    write_beside,
)

NEAR, ODD = "nearest the centre", "odd ones out"


@styled
def cluster_rows(images, rows, names=None, *, odd=None):
    """Pictures of each cluster in a row, and behind a gap those that fit least.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3)
        Values from 0 to 255.
    rows : sequence of arrays of int
        For each cluster the positions of some pictures, as ``unsupervised.nearest``
        returns them.
    names : sequence of str, optional
        One per cluster, such as "cluster 3, 62 pictures"; a comma begins a new line.
    odd : sequence of arrays of int, optional
        More pictures of each, as ``unsupervised.odd_ones_out`` returns them.

    Raises
    ------
    ValueError
        If there is no row or picture, or the lists are not of one length.
    """
    pixels, odd = as_pixels(images, "cluster_rows"), list(odd or [])
    names = list(names or (f"cluster {k}" for k in range(1, len(rows) + 1)))
    if not len(rows) or len(names) != len(rows) or (odd and len(odd) != len(rows)):
        raise ValueError(
            "cluster_rows needs pictures of at least one cluster, and one name and one "
            f"list of odd ones for each: there are {len(rows)} rows, {len(names)} "
            f"names and {len(odd)} lists of odd ones."
        )
    left, right = _longest(rows), _longest(odd)
    if not left:
        raise ValueError("cluster_rows needs at least one picture in a row.")
    side = min(0.8, 5.9 / (left + right + bool(right) * 0.4))
    tall = (side + 0.06) * len(rows) + 0.25 * bool(right)
    fig = new_figure(7.4, tall + 0.1)
    labels = _strip(fig, pixels, rows, odd, 1.35, side)
    for axes, name in zip(labels, names, strict=True):
        axes.text(0, 0.5, readable(name).replace(", ", "\n"), fontsize=10.5,
                  va="center", linespacing=1.3)  # fmt: skip
    in_words = listed((readable(name).replace(",", " with") for name in names), 20)
    also = f", then {right} at most of the {ODD}" if right else ""
    words = f"A row of pictures for each cluster, {left} at most{also}: {in_words}."
    return Picture(fig, words)


def _longest(rows):
    return max(map(len, rows), default=0)


def _strip(fig, pixels, rows, odd, label, side):
    """Draw rows of tiles, behind a gap the odd ones; give the axes of their labels."""
    left, right = _longest(rows), _longest(odd)
    gap = max(0.4, 1.5 / side - left)  # the words above the tiles want 1.5 inches
    widths = [label / side] + [1] * left + ([gap] + [1] * right if right else [])
    widths.append(max(0.01, 7.2 / side - sum(widths)))  # few tiles leave room
    heights = [0.3] * bool(right) + [1] * len(rows)
    cells = fig.add_gridspec(
        len(heights), len(widths), width_ratios=widths, height_ratios=heights
    )
    if right:
        for place, words in ((1, NEAR), (left + 2, ODD)):
            head = _blank(fig, cells[0, place]).text(0, 0.1, words, fontsize=10)
            # In the layout the column would become as broad as the words.
            head.set_in_layout(False)
    labels = []
    for k, near in enumerate(rows):
        row = k + bool(right)
        labels.append(_blank(fig, cells[row, 0]))
        tiles = [*enumerate(near, start=1)]
        tiles += enumerate(odd[k], start=left + 2) if right else []
        for place, index in tiles:
            _blank(fig, cells[row, place]).imshow(pixels[index])
    return labels


def _blank(fig, cell):
    axes = fig.add_subplot(cell)
    axes.set_axis_off()
    return axes


def _checked_map(points, members):
    points, members = np.asarray(points, float), np.asarray(members).astype(int)
    if points.ndim != 2 or points.shape[1] != 2 or members.shape != (len(points),):
        raise ValueError(
            "A map of clusters needs points of the shape (n, 2) and one cluster for "
            f"each: the shapes are {points.shape} and {members.shape}."
        )
    if not len(points) or members.min() < 0:
        raise ValueError("A map of clusters needs points, and clusters from 0 up.")
    return points, members


def _dots(axes, points, members, labels, chosen=None):
    """Points by cluster, its number in its midst; all but the chosen one are faint."""
    for k, label in enumerate(labels):
        style, own = series_style(k), points[members == k]
        faint = chosen is not None and k != chosen
        axes.scatter(
            own[:, 0], own[:, 1], s=24 if faint else 38, color=style["color"],
            marker=style["marker"], alpha=0.5 if faint else 0.85, linewidths=0.3,
            edgecolors="white", label=label, zorder=2 if faint else 3,
        )  # fmt: skip
        if len(own):
            axes.annotate(
                f"{k + 1}", np.median(own, axis=0), ha="center", va="center",
                fontweight="bold", color=INK, fontsize=11 if faint else 14, zorder=6,
                path_effects=HALO,
            )  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.margins(0.07)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(GRID)


@styled
def numbers_of_clusters(table):
    """Scores of several numbers of clusters that need no label, a panel each.

    A ring marks the number that the silhouette would choose. Inertia chooses none: it
    falls with each further cluster.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns k, inertia and silhouette, of ``unsupervised.how_many``.
    """
    panels = {
        "inertia": ("inertia", "falls whatever k does", None),
        "silhouette": ("silhouette", "high is good", "idxmax"),
    }
    table = checked_table(table, ["k", *panels], "numbers_of_clusters")
    fig = new_figure(6.4, 3.0)
    grid, in_words = fig.subplots(1, len(panels)), []
    for index, (axes, (column, words)) in enumerate(
        zip(grid, panels.items(), strict=True)
    ):
        name, meaning, best = words
        axes.plot(table["k"], table[column], **line_style(index))
        axes.set(xlabel="Clusters, k", title=f"{name}\n{meaning}")
        axes.title.set_fontsize(11)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.ticklabel_format(axis="y", style="plain", useOffset=False)
        axes.grid(axis="y")
        axes.margins(x=0.14, y=0.3 if best else 0.08)
        if best:
            row = table.loc[getattr(table[column], best)()]
            _ring(axes, row["k"], row[column])
            in_words.append(f"{name} is best at {row['k']:.0f} clusters")
    words = (
        f"Two line charts over {table['k'].min()} to {table['k'].max()} clusters: "
        f"inertia and silhouette. {'; '.join(in_words)}."
    )
    return Picture(fig, words)


def _ring(axes, k, value):
    """Mark the best value, and name it."""
    axes.plot(k, value, "o", markersize=15, fillstyle="none", color=INK)
    axes.annotate(
        f"k = {k:.0f}", (k, value), (0, 15), textcoords="offset points",
        ha="center", va="center", fontsize=10, color=INK, path_effects=HALO,
    )  # fmt: skip


@styled
def cluster_lab(points, members, images, scores, chosen, near, odd, *, title=None):
    """A map of clusters, how good they are, and the pictures of one of them.

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Where each picture lies.
    members : array_like of int, shape (n,)
        The cluster of each, from 0 up.
    images : array_like, shape (n, height, width, 3)
        Values from 0 to 255; the pictures of at most 400 points.
    scores : dict of str to dict of str to float
        A heading to the scores under it, from -1 to 1.
    chosen : int
        The cluster that is shown closely.
    near, odd : sequence of int
        Positions of its pictures: nearest its centre, and furthest from it.

    Returns
    -------
    Picture
        Pointing at a point of the map shows its picture.

    Raises
    ------
    ValueError
        If the shapes do not match, or there is no such cluster.
    """
    points, members = _checked_map(points, members)
    pixels = as_pixels(images, "cluster_lab")
    if len(pixels) != len(points) or len(pixels) > MOST:
        raise ValueError(
            f"cluster_lab needs one picture for each of its {len(points)} points, and "
            f"takes {MOST} at most: there are {len(pixels)} pictures."
        )
    size = int((members == chosen).sum())
    if not size:
        raise ValueError(
            f"Cluster {chosen} has no picture: choose one of {np.unique(members)}."
        )
    fig = new_figure(7.4, 5.2)
    above, below = fig.subfigures(2, 1, height_ratios=[4.1, 0.9])
    left, right = above.subfigures(1, 2, width_ratios=[5.1, 2.3])
    axes = left.subplots()
    _dots(axes, points, members, [None] * (members.max() + 1), chosen)
    _scores(right, scores)
    [label] = _strip(below, pixels, [near], [odd], 1.15, 0.56)
    mark = series_style(chosen)
    label.set(xlim=(0, 1), ylim=(0, 1))
    label.plot(0.07, 0.82, mark["marker"], color=mark["color"], markersize=9)
    label.text(0.2, 0.82, f"cluster {chosen + 1}", va="center", fontweight="bold")
    label.text(0, 0.3, f"{size} of {len(points)}\npictures", va="center", fontsize=10)
    title_above(fig, title)
    inner = "; ".join(
        f"{head}: {', '.join(f'{name} {v:.2f}' for name, v in each.items())}"
        for head, each in scores.items()
    )
    in_words = (
        f"{title + '. ' if title else ''}Map of {len(points)} pictures in "
        f"{members.max() + 1} clusters. {inner}. Cluster {chosen + 1} has {size} "
        f"pictures; below, its {len(near)} {NEAR} and {len(odd)} {ODD}."
    )
    says = [f"no. {index}, cluster {k + 1}" for index, k in enumerate(members)]
    return HoverPicture(fig, in_words, axes, points, pixels, says)


def _scores(fig, scores):
    """A few bars under each heading."""
    heights = [0.75 + 0.5 * len(each) for each in scores.values()]
    grid = fig.subplots(len(scores), 1, squeeze=False, height_ratios=heights)[:, 0]
    lowest = min(0, *(v for each in scores.values() for v in each.values()))
    for index, (axes, (head, each)) in enumerate(
        zip(grid, scores.items(), strict=True)
    ):
        for y, value in enumerate(each.values()):
            axes.barh(y, value, 0.6, color=PALETTE[index], linewidth=0,
                      edgecolor="white", hatch="///" if index else "")  # fmt: skip
            write_beside(axes, max(value, 0), y, value, 4)
        name_rows(axes, each)
        axes.set(ylim=(len(each) - 0.4, -0.6), xlim=(lowest, 1.35))
        axes.set_xticks([0, 0.5, 1])
        axes.set_title(head, fontsize=10, loc="left")
        axes.tick_params(axis="y", labelsize=10)
        axes.tick_params(axis="x", labelsize=9)
