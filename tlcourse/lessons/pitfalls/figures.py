"""A figure of the lesson: confidence against accuracy."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Patch

from tlcourse.plots.style import (
    HALO,
    INK,
    PALETTE,
    Picture,
    new_figure,
    readable,
    styled,
)

BINS = 10  # equal parts of the confidence from 0 to 1


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
