"""Figures for choosing a source: scores beside truth, ranks, the catalogue."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.patches import ConnectionPatch, Rectangle
from matplotlib.ticker import FixedLocator, NullLocator

from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    checked_table,
    ink_on,
    listed,
    mark_guessing,
    name_rows,
    new_figure,
    readable,
    series_style,
    styled,
    title_above,
    write_beside,
)

# Fifteen families are too many for the eye; relatives share a sign.
_KIN = {
    "MobileNet": ("mobilenet", "mobilenet_v2", "mobilenet_v3"),
    "EfficientNet": ("efficientnet", "efficientnet_v2"),
    "ConvNeXt": ("convnext",),
    "ResNet": ("resnet", "resnet_v2"),
    "DenseNet": ("densenet",),
    "Inception": ("inception_v3", "inception_resnet_v2", "xception"),
    "NASNet": ("nasnet",),
    "VGG": ("vgg16", "vgg19"),
}
# Models that are named in the catalogue where none was measured, and where: points
# right of and above the model, and the end of the name that lies there.
_LANDMARKS = {
    "MobileNetV3Small": ((6, -12), "left"),
    "ConvNeXtXLarge": ((-6, 4), "right"),
    "VGG16": ((-6, -12), "right"),
}
_NAMES = {
    "logme": "LogME",
    "h_score": "H-score",
    "gbc": "GBC",
    "knn": "kNN",
    "linear_probe": "linear\nprobe",
    "leep": "LEEP",
    "nce": "NCE",
    "parameters": "size",
}


def _score_name(name, line=" "):
    return _NAMES.get(name, readable(name)).replace("\n", line)


@styled
def catalogue(table, speed=None):
    """Accuracy of models against their size and, where it was measured, their speed.

    A thin line joins the models that no smaller one beats.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, family, parameters (millions) and top1 (0-1), as
        `backbones.catalogue` returns them.
    speed : dict or pandas.Series, optional
        Speed by model, as a ratio to one of them; draws a second panel with these
        models.

    Raises
    ------
    ValueError
        If the table lacks a model of `speed`.
    """
    columns = ["model", "family", "parameters", "top1"]
    table = checked_table(table, columns, "catalogue").sort_values("parameters")
    speed = dict(speed if speed is not None else {})
    unknown = [name for name in speed if name not in set(table["model"])]
    if unknown:
        raise ValueError(f"The table has no model {listed(unknown)}.")
    fig = new_figure(9.6 if speed else 7.6, 4.3)
    widths = [3, 2] if speed else [1]
    grid = fig.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=widths)
    table = table.assign(speed=table["model"].map(speed))
    _points(grid[0, 0], table, "parameters")
    best = table[table["top1"] >= table["top1"].cummax()]
    grid[0, 0].plot(best["parameters"], best["top1"], color=INK, linewidth=0.9,
                    drawstyle="steps-post", zorder=1)  # fmt: skip
    grid[0, 0].set(xlabel="Millions of parameters, with the old head")
    grid[0, 0].set(ylabel="Top-1 accuracy on ImageNet", ylim=(0.66, 0.895))
    _log_axis(grid[0, 0], (3, 10, 30, 100, 300), room=12 if speed else 3)
    if speed:
        tried = table[table["model"].isin(speed)]
        _name_points(grid[0, 0], tried, "parameters", 0.7)
        _points(grid[0, 1], tried, "speed")
        _log_axis(grid[0, 1], _steps(tried["speed"]), "{:g}x", room=6)
        grid[0, 1].set(xlabel="Speed here, as a ratio")
        _name_points(grid[0, 1], tried, "speed", 0.58)
    else:
        _name_landmarks(grid[0, 0], table)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right upper")
    return Picture(fig, _catalogue_in_words(table, best, speed))


def _points(axes, table, x):
    for index, (name, families) in enumerate(_KIN.items()):
        rows = table[table["family"].isin(families)]
        style = series_style(index)
        axes.plot(rows[x], rows["top1"], linestyle="none", label=name, alpha=0.9,
                  color=style["color"], marker=style["marker"])  # fmt: skip
    axes.grid()


def _name_landmarks(axes, table):
    """Write a few names beside their points, where nothing else is."""
    for row in table.to_dict("records"):
        if row["model"] in _LANDMARKS:
            offset, ha = _LANDMARKS[row["model"]]
            axes.annotate(
                row["model"], (row["parameters"], row["top1"]), offset, fontsize=9,
                textcoords="offset points", ha=ha, color=INK,
            )  # fmt: skip


def _name_points(axes, named, x, left):
    """Write names in a column that begins at `left`, each with a line to its point."""
    for place, row in enumerate(named.sort_values("top1").to_dict("records")):
        height = 0.05 + 0.08 * place  # shares of the axes, as `left` is
        axes.text(left, height, row["model"], transform=axes.transAxes, va="center",
                  fontsize=9, color=INK)  # fmt: skip
        axes.add_patch(ConnectionPatch(
            (row[x], row["top1"]), (left - 0.01, height), "data", "axes fraction",
            axesA=axes, axesB=axes, shrinkA=4, color="#888888", linewidth=0.7,
        ))  # fmt: skip


def _log_axis(axes, ticks, form="{:g}", *, room):
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(lambda value, _: form.format(value))
    axes.xaxis.set_minor_locator(NullLocator())
    values = np.concatenate([line.get_xdata() for line in axes.lines])
    axes.set_xlim(values.min() / 1.5, values.max() * room)


def _steps(values):
    """Powers of two that span the values."""
    low, high = np.floor(np.log2(values.min())), np.ceil(np.log2(values.max()))
    return 2.0 ** np.arange(low, high + 1)


def _catalogue_in_words(table, best, speed):
    first, last = best.iloc[0], best.iloc[-1]
    words = (
        f"Scatter plot of {len(table)} models, top-1 accuracy on ImageNet against "
        f"parameters: from {first['model']} ({first['parameters']:g} million, "
        f"{first['top1']:.3f}) to {last['model']} ({last['parameters']:g} million, "
        f"{last['top1']:.3f}). "
    )
    if not speed:
        return words
    in_words = [f"{name} {ratio:.1f}" for name, ratio in speed.items()]
    return f"{words}Beside it the same accuracy against speed: {listed(in_words)}."


@styled
def rankings(table, *, chosen=None, title=None):
    """Where each score ranks each source, beside how good the source really was.

    The best source stands on top, so a perfect score reads 1, 2, 3 downwards. Without
    the column accuracy the sources stand as they come, and no truth is shown.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a source, named by the index; a column a score, as
        `transferability.rank` returns them; and accuracy, 0-1. Others are left out.
    chosen : str, optional
        A source to frame.

    Raises
    ------
    ValueError
        If the table is empty or holds no score.
    """
    table = checked_table(table, [], "rankings")
    scores = [name for name in _NAMES if name in table]
    if not scores:
        raise ValueError(
            f"rankings needs one of the columns {', '.join(_NAMES)}: "
            "transferability.rank makes such a table."
        )
    known = "accuracy" in table
    if known:
        table = table.sort_values("accuracy", ascending=False, kind="stable")
    fig = new_figure(8.2, 1.5 + 0.46 * len(table))
    left, right = fig.subplots(1, 2, sharey=True, width_ratios=[len(scores), 3])
    ranks = table[scores].rank(ascending=False, method="min")
    shades = table[scores].rank(ascending=False, method="average")
    ties = table[scores].apply(lambda values: values.duplicated(keep=False))
    for x, score in enumerate(scores):
        for y, rank in enumerate(ranks[score]):
            words = f"={rank:.0f}" if ties[score].iloc[y] else f"{rank:.0f}"
            words = "–" if np.isnan(rank) else words
            _rank_cell(left, x, y, words, shades[score].iloc[y], len(table))
    left.set(xlim=(-0.5, len(scores) - 0.5), ylim=(len(table) - 0.4, -0.6))
    left.set_xticks(range(len(scores)), [_score_name(s, "\n") for s in scores])
    left.set_yticks(range(len(table)), [readable(name) for name in table.index])
    left.tick_params(length=0, labeltop=True, labelbottom=False)
    left.spines[:].set_visible(False)
    _true_bars(right, table["accuracy"] if known else None)
    if chosen is not None:
        _frame(left, right, list(table.index).index(chosen), len(scores))
    title_above(fig, title)
    return Picture(fig, _ranks_in_words(table, ranks))


def _rank_cell(axes, x, y, words, shade, count):
    """The darker, the better; what ties has the shade of the ranks' mean."""
    share = 0 if np.isnan(shade) else 1 - (shade - 1) / max(count - 1, 1)
    colour = matplotlib.colormaps["Blues"](0.05 + 0.8 * share)
    axes.add_patch(Rectangle(
        (x - 0.5, y - 0.5), 1, 1, edgecolor="white", linewidth=2, facecolor=colour,
    ))  # fmt: skip
    axes.text(x, y, words, ha="center", va="center", fontsize=12,
              color=ink_on(colour))  # fmt: skip


def _true_bars(axes, accuracy):
    axes.set(xlim=(0, 1.24), xticks=[0, 0.5, 1])
    axes.set_xlabel(
        "Test accuracy" if accuracy is not None else "Test accuracy: hidden"
    )
    axes.tick_params(axis="y", length=0, labelleft=False)
    if accuracy is None:
        return
    axes.barh(range(len(accuracy)), accuracy, 0.62, color=PALETTE[1])
    for y, value in enumerate(accuracy):
        write_beside(axes, value, y, value, 4)


def _frame(left, right, y, count):
    for axes, width in ((left, count), (right, 1.24)):
        start = -0.5 if axes is left else 0
        axes.add_patch(Rectangle(
            (start, y - 0.5), width, 1, fill=False, edgecolor=INK, linewidth=2.2,
            clip_on=False, zorder=4,
        ))  # fmt: skip


def _ranks_in_words(table, ranks):
    in_words = []
    for score in ranks:
        order = ranks[score].dropna().sort_values(kind="stable")
        if order.nunique() < 2:
            in_words.append(f"{_score_name(score)}: all tie")
            continue
        names = ", ".join(map(readable, order.index[:3]))
        in_words.append(f"{_score_name(score)}: first {names}")
    words = f"Table of the rank that each score gives to {len(table)} sources. "
    if "accuracy" in table:
        best = [f"{readable(name)} {v:.2f}" for name, v in table["accuracy"].items()]
        words += f"Test accuracy, best first: {', '.join(best)}. "
    return f"{words}By score: {'; '.join(in_words)}."


_MEASURES = {
    "knn": "kNN, cross-validated",
    "linear_probe": "linear probe, cross-validated",
    "accuracy": "test accuracy",
}


@styled
def scores(summary, *, chance=None, title=None):
    """Two scores and the truth for each source, with their intervals.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns source, what (knn, linear_probe, accuracy), mean, low and high. The
        source with the best test accuracy stands on top.
    chance : float, optional
        The accuracy of guessing, drawn as a line.
    """
    columns = ["source", "what", "mean", "low", "high"]
    summary = checked_table(summary, columns, "scores")
    summary = summary[summary["what"].isin(_MEASURES)]
    tables = {what: rows.set_index("source") for what, rows in summary.groupby("what")}
    truth = tables["accuracy"]["mean"].sort_values(ascending=False)
    fig = new_figure(7.4, 1.4 + 0.44 * len(truth))
    axes = fig.subplots()
    if chance is not None:
        mark_guessing(axes, chance)
    for index, (what, name) in enumerate(_MEASURES.items()):
        rows, style = tables[what].loc[truth.index], series_style(index)
        y = np.arange(len(truth)) + 0.24 * (index - 1)
        axes.hlines(y, rows["low"], rows["high"], color=style["color"], linewidth=1.8)
        axes.plot(rows["mean"], y, style["marker"], color=style["color"], label=name,
                  markersize=6)  # fmt: skip
    for y, mean in enumerate(truth):
        axes.annotate(f"{mean:.2f}", (1.03, y), va="center", fontsize=11, color=INK)
    axes.annotate("test", (1.03, -0.55), va="center", fontsize=11, color=INK)
    name_rows(axes, list(truth.index))
    axes.set(xlim=(0, 1.13), ylim=(len(truth) - 0.5, -0.8), xlabel="Accuracy")
    axes.set_xticks(np.arange(0, 1.1, 0.2))
    axes.grid(axis="x")
    fig.legend(loc="outside lower center", ncols=3, fontsize=9.5)
    title_above(fig, title)
    return Picture(fig, _scores_in_words(tables, truth))


def _scores_in_words(tables, truth):
    in_words = [
        f"{readable(source)} {mean:.2f} (linear probe "
        f"{tables['linear_probe']['mean'][source]:.2f}, kNN "
        f"{tables['knn']['mean'][source]:.2f})"
        for source, mean in truth.items()
    ]
    return (
        "Dot plot of test accuracy and, beside it, of two scores for each source, best "
        f"first: {listed(in_words, 12)}."
    )
