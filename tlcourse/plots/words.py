"""What each word of a text does to an answer."""

import numpy as np

from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    new_figure,
    put_title,
    styled,
)

_MOST = 40  # words that fit


@styled
def word_effects(words, effects, answers, *, title=None):
    """What each word adds to the answer of each model: with it, minus without it.

    Parameters
    ----------
    words : sequence of str, (n,)
    effects : dict of str to array, (n,)
        By the name of a model: its probability with the word minus that without it.
    answers : dict of str to float
        Its probability for the whole text.

    Raises
    ------
    ValueError
        If there are no words or more than 40.
    """
    if not 0 < len(words) <= _MOST:
        raise ValueError(
            f"A text of 1 to {_MOST} words can be drawn, not {len(words)}."
        )
    fig = new_figure(2.0 + 2.7 * len(effects), 1.1 + 0.24 * len(words))
    grid = np.atleast_1d(fig.subplots(1, len(effects), sharey=True))
    largest = max(0.1, *(np.abs(each).max() for each in effects.values()))
    for axes, (name, change) in zip(grid, effects.items(), strict=True):
        up = np.asarray(change) >= 0
        for chosen, colour, hatch in [(up, 0, ""), (~up, 1, "///")]:
            axes.barh(
                np.flatnonzero(chosen), np.asarray(change)[chosen], height=0.7,
                color=PALETTE[colour], hatch=hatch, edgecolor="white",
            )  # fmt: skip
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set(xlim=(-1.15 * largest, 1.15 * largest), ylim=(len(words) - 0.4, -0.6))
        axes.set_xlabel(
            f"← negative     positive →\n{name}: {answers[name]:.0%} positive"
        )
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    grid[0].set_yticks(range(len(words)), words)
    put_title(grid[0], title)
    return Picture(fig, _in_words(words, effects, answers))


def _in_words(words, effects, answers):
    told = []
    for name, change in effects.items():
        strongest = np.argsort(-np.abs(change))[:3]
        named = ", ".join(f"{words[i]} {change[i]:+.2f}" for i in strongest)
        told.append(f"{name}: positive with {answers[name]:.0%}, most by {named}")
    return f"Bars of the effect of each of {len(words)} words. {'; '.join(told)}."
