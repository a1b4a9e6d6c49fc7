"""When transfer goes wrong: harm, losses that part, false sureness, forgetting."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from tlcourse.plots.style import (
    HALO,
    INK,
    PALETTE,
    Picture,
    checked_table,
    line_style,
    name_rows,
    new_figure,
    put_title,
    readable,
    styled,
    write_beside,
)


@styled
def gaps(summary, *, xlabel):
    """Bars to both sides of zero, where the left side is harm.

    Parameters
    ----------
    summary : pandas.DataFrame
        With the column source, which names the bars, first row on top.
    xlabel : str
        What the gap is between.
    """
    table = checked_table(summary, ["source", "mean", "low", "high"], "gaps")
    fig = new_figure(7.4, 1.3 + 0.5 * len(table))
    axes, in_words = fig.subplots(), []
    for y, row in enumerate(table.to_dict("records")):
        harm = row["mean"] < 0
        axes.barh(y, row["mean"], 0.62, color=PALETTE[1 if harm else 0], linewidth=0,
                  hatch="///" if harm else "", edgecolor="white")  # fmt: skip
        axes.hlines(y, row["low"], row["high"], color=INK, linewidth=1.6)
        end = min(row["low"], 0) if harm else max(row["high"], 0)
        write_beside(axes, end, y, row["mean"], -6 if harm else 6, "+.2f")
        in_words.append(
            f"{readable(row['source'])} {row['mean']:+.2f} ({row['low']:+.2f} to "
            f"{row['high']:+.2f})"
        )
    least, most = min(table["low"].min(), 0), max(table["high"].max(), 0)
    room = 0.14 * (most - least)
    axes.set(xlim=(least - room, most + room), xlabel=xlabel)
    axes.set_ylim(len(table) - 0.4, -0.9)
    axes.axvline(0, color=INK, linewidth=1.2)
    for words, side, ha in (("← harm", -6, "right"), ("gain →", 6, "left")):
        axes.annotate(words, (0, -0.62), (side, 0), textcoords="offset points", ha=ha,
                      va="center", fontsize=10, color=INK)  # fmt: skip
    name_rows(axes, table["source"])
    words = f"{xlabel}, as bars to both sides of zero: {'; '.join(in_words)}."
    return Picture(fig, words)


@styled
def losses(histories):
    """Training and validation loss over the epochs, a panel for each training.

    A ring marks the epoch of the lowest validation loss.

    Parameters
    ----------
    histories : dict of str to dict
        Name of a training to its ``Run.history``, with ``loss`` and ``val_loss``.

    Raises
    ------
    ValueError
        If there is no training, or one has no losses.
    """
    pairs = _loss_pairs(histories)
    fig = new_figure(min(7.6, 1.2 + 2.4 * len(pairs)), 3.3)
    grid = fig.subplots(1, len(pairs), sharey=True, squeeze=False)[0]
    in_words = []
    for axes, (name, lines) in zip(grid, pairs.items(), strict=True):
        for index, (words, values) in enumerate(lines.items()):
            at = np.arange(1, len(values) + 1)
            axes.plot(at, values, label=words, markevery=max(1, len(at) // 6),
                      **line_style(index))  # fmt: skip
        low = int(np.argmin(values))
        axes.plot(low + 1, values[low], "o", markersize=13, fillstyle="none",
                  color=INK, label="lowest")  # fmt: skip
        axes.set(xlabel="Epoch")
        axes.set_title(readable(name))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.grid(axis="y")
        in_words.append(
            f"{readable(name)}: training loss ends at {lines['training'][-1]:.2f}, "
            f"validation loss is lowest, {values[low]:.2f}, at epoch {low + 1} and "
            f"ends at {values[-1]:.2f}"
        )
    highest = max(max(v) for lines in pairs.values() for v in lines.values())
    grid[0].set(ylabel="Loss", ylim=(0, 1.05 * highest))
    fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center",
               ncols=3)  # fmt: skip
    return Picture(fig, f"Losses over epochs. {'; '.join(in_words)}.")


def _loss_pairs(histories):
    pairs = {
        name: {"training": history.get("loss"), "validation": history.get("val_loss")}
        for name, history in histories.items()
    }
    lengths = [len(v or ()) for lines in pairs.values() for v in lines.values()]
    if not pairs or not min(lengths):
        raise ValueError(
            "losses needs at least one history with loss and val_loss: train with "
            "validate=True."
        )
    return pairs


BINS = 10  # equal parts of the sureness from 0 to 1


@styled
def reliability(answers):
    """How often answers are right, by how sure they are; a panel for each network.

    A bar is the share of right answers among those that are about as sure. Where it
    ends below the diagonal, they are surer than right. Bars of more answers are darker.

    Parameters
    ----------
    answers : dict of str to (probabilities, labels)
        Class probabilities (n, classes) and the true labels (n,), by panel.

    Raises
    ------
    ValueError
        If there is nothing to draw, or probabilities and labels do not fit.
    """
    if not answers:
        raise ValueError("reliability needs the answers of at least one network.")
    fig = new_figure(min(7.6, 1.0 + 3.3 * len(answers)), 3.9)
    grid = fig.subplots(1, len(answers), sharey=True, squeeze=False)[0]
    in_words = []
    for axes, (name, given) in zip(grid, answers.items(), strict=True):
        sure, right = _sure_and_right(*given)
        _reliability_panel(axes, sure, right)
        axes.set_title(readable(name))
        in_words.append(
            f"{readable(name)}: sure to {sure.mean():.2f} on average, right in "
            f"{right.mean():.2f} of {len(right)}"
        )
    grid[0].set_ylabel("Share of right answers")
    legend = [
        Patch(facecolor=PALETTE[0], label="right answers"),
        Patch(facecolor="white", edgecolor=PALETTE[1], hatch="///", label="the gap"),
    ]
    fig.legend(handles=legend, loc="outside lower center", ncols=2)
    return Picture(fig, f"Reliability diagram. {'; '.join(in_words)}.")


def _sure_and_right(probabilities, labels):
    probabilities, labels = np.asarray(probabilities, float), np.asarray(labels)
    if probabilities.ndim != 2 or len(probabilities) != len(labels) or not len(labels):
        raise ValueError(
            "reliability needs probabilities (n, classes) and labels (n,), and these "
            f"have the shapes {probabilities.shape} and {labels.shape}."
        )
    return probabilities.max(1), probabilities.argmax(1) == labels


def _reliability_panel(axes, sure, right):
    part = np.minimum((sure * BINS).astype(int), BINS - 1)
    counts = np.bincount(part, minlength=BINS)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)))
    for k in np.flatnonzero(counts):
        share, mean = right[part == k].mean(), sure[part == k].mean()
        shade = 0.25 + 0.75 * counts[k] / counts.max()
        middle, width = (k + 0.5) / BINS, 0.9 / BINS
        axes.bar(middle, share, width, color=PALETTE[0], alpha=shade, linewidth=0)
        axes.bar(middle, mean - share, width, bottom=share, facecolor="none",
                 edgecolor=PALETTE[1], hatch="///", linewidth=1)  # fmt: skip
        axes.annotate(
            f"{counts[k]}", (middle, max(share, mean)), (0, 3), ha="center",
            textcoords="offset points", fontsize=8, color=INK,
            path_effects=HALO,
        )  # fmt: skip
    axes.set(xlabel="How sure", xlim=(0, 1), ylim=(0, 1.1))
    axes.set_xticks([0, 0.25, 0.5, 0.75])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])


@styled
def trade_off(table, *, xlabel, ylabel, title=None):
    """Paths between keeping an old task and learning a new one.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns source, mix (0-1), old and new (accuracies); a path for each source,
        in the order of its mix.
    xlabel, ylabel : str
        What the accuracies `old` and `new` are of.
    """
    table = checked_table(table, ["source", "mix", "old", "new"], "trade_off")
    fig = new_figure(5.6, 4.9)
    axes, in_words = fig.subplots(), []
    for index, (name, rows) in enumerate(table.groupby("source", sort=False)):
        rows = rows.sort_values("mix")
        axes.plot(rows["old"], rows["new"], label=readable(name), **line_style(index))
        for row in rows.to_dict("records"):
            axes.annotate(
                f"{row['mix']:g}", (row["old"], row["new"]), (7, 5), fontsize=10,
                textcoords="offset points", color=INK,
            )  # fmt: skip
        points = ", ".join(
            f"({row['old']:.2f}, {row['new']:.2f}) at {row['mix']:g}"
            for row in rows.to_dict("records")
        )
        in_words.append(f"{readable(name)} {points}")
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(0, 1.04), ylim=(0, 1.04))
    axes.grid()
    fig.legend(loc="outside lower center", ncols=2)
    put_title(axes, title)
    words = f"Paths of {xlabel.lower()} and {ylabel.lower()}: {'; '.join(in_words)}."
    return Picture(fig, words)
