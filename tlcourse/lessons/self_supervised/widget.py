"""The widget of the lesson: what a change does to pictures."""

from __future__ import annotations

import functools

import numpy as np

from tlcourse import datasets, unsupervised
from tlcourse.lessons.self_supervised import figures
from tlcourse.plots.style import readable
from tlcourse.widgets.static_first import StaticFirst

DATA = ("tissue", "digits", "apples", "faces", "photos")
DRAWS = 5


def view_lab():
    """Let the learner choose pictures and a change, and see five draws of it."""
    changes = {readable(name): name for name in unsupervised.AUGMENTATIONS}
    StaticFirst(draw, data=DATA, change=changes).show()


@functools.lru_cache(maxsize=48)
def draw(data, change):
    """Draw a picture of each of four classes, beside five views of it.

    Parameters
    ----------
    data : str
        One of ``DATA``.
    change : str
        One of ``unsupervised.AUGMENTATIONS``.
    """
    views = unsupervised.views(one_each(data), [change], count=DRAWS)
    shown = {f"draw {number}": each for number, each in enumerate(views, start=1)}
    title = f"{data}, changed by {readable(change)}"
    return figures.view_grid(one_each(data), shown, title=title)


@functools.lru_cache(maxsize=5)
def one_each(data):
    """A picture of each class, of four classes at most; (n, height, width, 3)."""
    train = datasets.load(data).train
    kinds = np.unique(train.labels)[:4]
    return train.images[[np.flatnonzero(train.labels == kind)[0] for kind in kinds]]
