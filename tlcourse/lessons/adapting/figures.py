"""Two domains: their pictures and features, what methods make of them, and doubts."""

from __future__ import annotations

import numpy as np
import pandas
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from tlcourse.plots.pictures import as_pixels
from tlcourse.plots.style import (
    HALO,
    INK,
    PALETTE,
    Picture,
    checked_table,
    line_style,
    listed,
    name_rows,
    new_figure,
    put_title,
    readable,
    series_style,
    styled,
    title_above,
    write_beside,
)

ENDS = ("source_only", "oracle")  # what every method stands between


@styled
def domain_rows(rows):
    """Pictures of several domains, a row each.

    Parameters
    ----------
    rows : dict of str to array_like, shape (n, height, width, 3)
        Name of a domain to some of its pictures, 0-255; as many in each row.

    Raises
    ------
    ValueError
        If there is no row, or the rows are not of one length.
    """
    counts = {len(images) for images in rows.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            "domain_rows needs at least one row, and as many pictures in each: these "
            f"have {listed(map(len, rows.values())) or 'none'}."
        )
    [count] = counts
    fig = new_figure(7.4, 0.1 + 0.78 * len(rows))
    grid = fig.subplots(
        len(rows), count + 1, width_ratios=[1.8] + [1] * count, squeeze=False
    )
    for axes, (name, images) in zip(grid, rows.items(), strict=True):
        axes[0].text(0, 0.5, readable(name), fontsize=11, va="center")
        for each, image in zip(axes[1:], as_pixels(images, "domain_rows"), strict=True):
            each.imshow(image)
    for axes in grid.ravel():
        axes.set_axis_off()
    in_words = listed(map(readable, rows))
    return Picture(fig, f"{count} pictures of each domain, a row each: {in_words}.")


@styled
def ladder(summaries, looks, *, title=None):
    """Methods between source-only and oracle, a panel for each pair of domains.

    Parameters
    ----------
    summaries : dict of str to pandas.DataFrame
        Name of a pair to a table with the columns method, mean, low and high, with a
        row source_only and a row oracle; the same methods in each.
    looks : int
        How often the target's labels were looked at for this. It stands below.

    Raises
    ------
    ValueError
        If there is no table, or one lacks a column or a method.
    """
    tables = {
        name: checked_table(summary, ["method", "mean", "low", "high"], "ladder")
        for name, summary in summaries.items()
    }
    names = [list(table["method"]) for table in tables.values()]
    if not names or any(set(n) != {*names[0], *ENDS} for n in names):
        raise ValueError(
            "ladder needs tables of the same methods, each with the rows source_only "
            "and oracle."
        )
    fig = new_figure(7.4, 1.5 + 0.33 * len(names[0]))
    grid = fig.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    in_words = []
    for axes, (pair, table) in zip(grid, tables.items(), strict=True):
        rows = table.set_index("method").loc[names[0]]
        _rungs(axes, rows)
        axes.set_title(readable(pair))
        inner = ", ".join(f"{readable(m)} {v:.2f}" for m, v in rows["mean"].items())
        in_words.append(f"{readable(pair)}: {inner}")
    peeked = f"The target's labels were looked at {looks} times for this."
    fig.supxlabel(f"Accuracy on the target's test pictures\n{peeked}", fontsize=10.5)
    title_above(fig, title)
    words = f"Bars between source-only and oracle. {'; '.join(in_words)}. {peeked}"
    return Picture(fig, words)


def _rungs(axes, rows):
    """Bars of methods; source-only and oracle as lines through all of them."""
    low, high = (rows["mean"][end] for end in ENDS)
    axes.axvspan(low, high, color=PALETTE[5], alpha=0.13, linewidth=0)
    axes.axvline(low, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.axvline(high, color=INK, linewidth=1)
    for y, (name, row) in enumerate(rows.iterrows()):
        is_end, worse = name in ENDS, row["mean"] < low
        axes.barh(
            y, row["mean"], 0.68, linewidth=0, edgecolor="white",
            color=PALETTE[7] if is_end else PALETTE[1 if worse else 0],
            hatch="" if is_end or not worse else "///",
        )  # fmt: skip
        axes.hlines(y, row["low"], row["high"], color=INK, linewidth=1.6)
        end = np.fmax(row["high"], row["mean"])
        write_beside(axes, end, y, row["mean"], 4, fontsize=9.5, path_effects=HALO)
    axes.set(xlim=(0, 1.18), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks([0, 0.5, 1])
    name_rows(axes, rows.index)


@styled
def shared_map(panels, labels, is_target, classes, *, title=None, alt=None):
    """Examples of two domains in the plane, a panel for each state of theirs.

    Colour and shape tell the class; filled marks are of the source, open ones of the
    target.

    Parameters
    ----------
    panels : dict of str to array_like, shape (n, 2)
        What a panel shows, and where each example lies there.
    labels : array_like of int, shape (n,)
    is_target : array_like of bool, shape (n,)
    classes : sequence of str

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    labels, is_target = np.asarray(labels), np.asarray(is_target, bool)
    panels = {name: np.asarray(points, float) for name, points in panels.items()}
    if not panels or any(
        points.shape != (len(labels), 2) or labels.shape != is_target.shape
        for points in panels.values()
    ):
        raise ValueError(
            "shared_map needs one label, one domain and one point of two numbers an "
            f"example: there are {len(labels)} labels, {len(is_target)} domains and "
            f"points of the shapes {[points.shape for points in panels.values()]}."
        )
    fig = new_figure(7.4, 3.9)
    grid = fig.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, points) in zip(grid, panels.items(), strict=True):
        for k in range(len(classes)):
            for domain in (False, True):
                chosen = points[(labels == k) & (is_target == domain)]
                axes.scatter(*chosen.T, s=24, **_mark(k, domain))
        axes.set(xticks=[], yticks=[])
        axes.set_title(readable(name), fontsize=11)
    _legend_of_domains(fig, classes)
    title_above(fig, title)
    in_words = (
        f"Maps of {len(labels)} examples of two domains and {len(classes)} classes: "
        f"{listed(map(readable, panels))}."
    )
    return Picture(fig, alt or in_words)


def _mark(index, is_target):
    style = series_style(index)
    face = "none" if is_target else style["color"]
    return {
        "marker": style["marker"], "facecolors": face, "edgecolors": style["color"],
        "linewidths": 1.0 if is_target else 0.3, "alpha": 0.85,
    }  # fmt: skip


def _legend_of_domains(fig, classes):
    marks = [
        Line2D([], [], linestyle="", marker=style["marker"], color=style["color"],
               markersize=6, label=readable(name))
        for name, style in ((c, series_style(k)) for k, c in enumerate(classes))
    ]  # fmt: skip
    marks += [
        Line2D([], [], linestyle="", marker="o", color=INK, markersize=6,
               fillstyle="none" if target else "full", label=name)
        for name, target in (("filled: source", False), ("open: target", True))
    ]  # fmt: skip
    columns = 6 if max(map(len, classes)) > 2 else 12
    fig.legend(handles=marks, loc="outside lower center", ncols=columns, fontsize=9,
               handlelength=1, columnspacing=1)  # fmt: skip


@styled
def shift_lab(images, titles, accuracies, *, title=None):
    """A few pictures of a domain, and under them what methods make of it.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3), 0-255
    titles : sequence of str, (n,)
        The pictures' classes.
    accuracies : dict of str to float
        By method, with source_only and oracle.
    """
    fig = new_figure(7.4, 1.9 + 0.34 * len(accuracies))
    above, below = fig.subfigures(2, 1, height_ratios=[1.35, 0.34 * len(accuracies)])
    tiles = above.subplots(1, len(titles), squeeze=False)[0]
    for axes, image, name in zip(
        tiles, as_pixels(images, "shift_lab"), titles, strict=True
    ):
        axes.imshow(image)
        axes.set_title(readable(name), fontsize=9, loc="center", pad=2)
        axes.set_axis_off()
    axes = below.subplots()
    mean = pandas.Series(accuracies)
    _rungs(axes, pandas.DataFrame({"mean": mean, "low": mean, "high": mean}))
    axes.set_xlabel("Accuracy on the changed test pictures")
    title_above(fig, title)
    in_words = ", ".join(f"{readable(name)} {v:.2f}" for name, v in accuracies.items())
    return Picture(fig, f"{title or 'Accuracy by method'}: {in_words}.")


@styled
def drift(table, *, title=None):
    """Rounds of self-training: how sure the answers are, and how right; a panel a pair.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns pair, round, accuracy (0-1) and sure (mean probability of the
        likeliest class, 0-1).
    """
    table = checked_table(table, ["pair", "round", "accuracy", "sure"], "drift")
    groups = dict(list(table.groupby("pair", sort=False)))
    fig = new_figure(7.4, 3.4)
    grid = fig.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    in_words = []
    for axes, (name, rows) in zip(grid, groups.items(), strict=True):
        for index, (column, words) in enumerate(
            {"sure": "how sure", "accuracy": "how right"}.items()
        ):
            axes.plot(rows["round"], rows[column], label=words, **line_style(index))
        axes.set(xlabel="Round", ylim=(0, 1.03))
        axes.set_title(readable(name))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(axis="y")
        first, last = rows.iloc[0], rows.iloc[-1]
        in_words.append(
            f"{readable(name)}: sure from {first['sure']:.2f} to {last['sure']:.2f}, "
            f"right from {first['accuracy']:.2f} to {last['accuracy']:.2f}"
        )
    handles = grid[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower center", ncols=2)
    title_above(fig, title)
    return Picture(fig, f"Rounds of self-training. {'; '.join(in_words)}.")


@styled
def choices(table, scores, *, title=None):
    """What scores without target labels say of models, against the truth.

    A ring marks the model that a score would choose; the dashed line is the best one.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns method, accuracy (0-1, the truth) and the scores'.
    scores : sequence of str
        The columns that would choose; a panel each.
    """
    table = checked_table(table, ["method", "accuracy", *scores], "choices")
    fig = new_figure(7.6, 3.9)
    grid = fig.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    best, in_words = table["accuracy"].max(), []
    for axes, score in zip(grid, scores, strict=True):
        for index, row in enumerate(table.to_dict("records")):
            style = series_style(index)
            axes.plot(
                row[score], row["accuracy"], style["marker"], color=style["color"],
                markersize=8, label=readable(row["method"]),
            )  # fmt: skip
        chosen = table.loc[table[score].idxmax()]
        axes.plot(chosen[score], chosen["accuracy"], "o", markersize=16, color=INK,
                  fillstyle="none", label="chosen")  # fmt: skip
        axes.axhline(best, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        regret = best - chosen["accuracy"]
        axes.set_title(f"{readable(score)}\nregret {regret:.2f}", fontsize=11)
        axes.set(ylim=(0, 1), xlabel="Score")
        axes.margins(x=0.15)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.grid()
        in_words.append(
            f"{readable(score)} chooses {readable(chosen['method'])}, whose accuracy "
            f"is {chosen['accuracy']:.2f}, {regret:.2f} below the best"
        )
    grid[0].set_ylabel("Accuracy on the target (the truth)")
    handles = grid[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower center", ncols=5, fontsize=10,
               handlelength=1.5)  # fmt: skip
    title_above(fig, title)
    return Picture(fig, f"Choosing without labels. {'; '.join(in_words)}.")


@styled
def adversary(*, title=None):
    """Gradient reversal: what flows forwards, and what comes back.

    Parameters
    ----------
    """
    fig = new_figure(7.4, 2.9)
    axes = fig.subplots()
    axes.set(xlim=(-0.1, 9.9), ylim=(-0.1, 3.8))
    axes.set_axis_off()
    boxes = {
        "pictures of\nboth domains": (0.9, 2, PALETTE[7]),
        "encoder": (3.3, 2, PALETTE[0]),
        "head:\nwhich class?": (8.9, 3.2, PALETTE[2]),
        "reversal\n× (−strength)": (5.9, 0.8, PALETTE[1]),
        "classifier:\nwhich domain?": (8.9, 0.8, PALETTE[3]),
    }
    for words, (x, y, colour) in boxes.items():
        axes.add_patch(
            FancyBboxPatch(
                (x - 0.85, y - 0.42),
                1.7,
                0.84,
                boxstyle="round,pad=0.08",
                facecolor="white",
                edgecolor=colour,
                linewidth=2,
            )  # fmt: skip
        )
        axes.text(x, y, words, ha="center", va="center", fontsize=10.5)
    _arrows(axes, (1.9, 2), (2.3, 2), None)
    _arrows(axes, (4.35, 2.3), (7.9, 3.2), "be right")
    _arrows(axes, (4.35, 1.7), (4.9, 1.1), None)
    _arrows(axes, (6.9, 0.8), (7.9, 0.8), None)
    axes.text(7.4, 0.05, "tell them apart", ha="center", fontsize=9.5, color=PALETTE[3])
    axes.text(3.3, 0.75, "make that\nimpossible", ha="center", fontsize=9.5,
              color=PALETTE[1])  # fmt: skip
    put_title(axes, title)
    words = (
        "An encoder sees pictures of both domains. Its features go to a head that "
        "tells the class, and through a reversal to a classifier that tells the "
        "domain. Solid arrows go forwards. Dashed arrows are gradients on the way "
        "back; between classifier and encoder the reversal turns their sign, so the "
        "encoder learns to make the domains alike."
    )
    return Picture(fig, words)


def _arrows(axes, start, end, words):
    """One arrow forwards, and beneath it a dashed one back."""
    for (x0, y0), (x1, y1), line, shift in (
        (start, end, "-", 0.11), (end, start, (0, (3, 2)), -0.11),
    ):  # fmt: skip
        axes.annotate(
            "", (x1, y1 + shift), (x0, y0 + shift),
            arrowprops={"arrowstyle": "->", "linestyle": line, "color": INK,
                        "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
    if words:
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        axes.text(x - 0.1, y + 0.35, words, ha="right", fontsize=9.5, color=PALETTE[2])
