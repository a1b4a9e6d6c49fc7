"""Type a text, and see what each model says of it, and which words make it say so."""

from __future__ import annotations

import functools

import numpy as np

from tlcourse import plots
from tlcourse.widgets.static_first import StaticFirst, labelled


def effects(model, text):
    """What each word does to an answer: leave it out, and ask again.

    Parameters
    ----------
    model : callable
        ``model(texts) -> (n,)``: the probability that each of a list of str is
        positive.
    text : str

    Returns
    -------
    words : list of str
    answer : float
        For the whole text.
    change : ndarray, (words,)
        The answer minus that without the word.
    """
    words = text.split()
    without = [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]
    answer, *others = np.asarray(model([text, *without]), float)
    return words, float(answer), answer - np.array(others)


def draw(models, text):
    """Show what some models say of a text; see `try_text`."""
    if not text.strip():
        raise ValueError("there is no text: write a sentence or two")
    found = {name: effects(model, text) for name, model in models.items()}
    words = next(iter(found.values()))[0]
    return plots.word_effects(
        words,
        {name: change for name, (_, _, change) in found.items()},
        {name: answer for name, (_, answer, _) in found.items()},
        title="What each word adds to the answer",
    )


def try_text(models, text):
    """Show what each model says of a text, and a field to type another.

    Parameters
    ----------
    models : dict of str to callable
        By name: ``model(texts) -> (n,)``, the probability that each of a list of str is
        positive.
    text : str
        To begin with; at most 40 words.

    Returns
    -------
    StaticFirst
        Shows itself at the end of a cell.
    """
    import ipywidgets as widgets

    field = labelled(
        widgets.Text, "Your text (Enter)", value=text, continuous_update=False,
        layout=widgets.Layout(width="95%"),
    )  # fmt: skip
    return StaticFirst(functools.partial(draw, models), text=field)
