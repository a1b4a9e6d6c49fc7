"""The widget of the lesson: browse the pictures of every data set."""

from __future__ import annotations

import functools

import numpy as np

from tlcourse import datasets, plots
from tlcourse.widgets.static_first import StaticFirst

SHOWN = 24  # pictures at a time, in rows of eight
HANDFULS = (1, 2, 3, 4, 5)

#: What the list offers: the words, and the data set and domain that they stand for.
DATA_SETS = {
    "digits": ("digits", None),
    "faces": ("faces", None),
    "photos": ("photos", None),
    "tissue": ("tissue", None),
    "glyphs": ("glyphs", None),
    "fractals": ("fractals", None),
    "apples in the studio": ("apples", "studio"),
    "apples in the orchard": ("apples", "orchard"),
}


@functools.cache
def _handfuls(data_set):
    """Take every handful at once: a whole set takes seconds to draw, and room.

    Returns
    -------
    facts : str
        How many classes and training pictures there are, and their size.
    taken : list of (ndarray, uint8, (SHOWN, h, w, 3); list of str)
        A handful each: pictures and the names of their classes.
    """
    name, domain = DATA_SETS[data_set]
    task = datasets.load(name, domain=domain)
    each = -(-SHOWN // len(task.classes))
    taken = []
    for seed in HANDFULS:
        few = datasets.few(task.train.labels, each, seed, name)
        # Where there are more classes than room, take some from all over the list.
        first = np.linspace(0, len(few) - 1, SHOWN).astype(int)
        chosen = np.sort(few[first]) if each == 1 else few[:SHOWN]
        names = [task.classes[label] for label in task.train.labels[chosen]]
        taken.append((task.train.images[chosen].astype("uint8"), names))
    height, width = task.train.images.shape[1:3]
    facts = (
        f"{len(task.classes)} classes, {len(task.train)} training pictures of "
        f"{height} × {width} px"
    )
    return facts, taken


def draw(data_set="digits", handful=1):
    """Show a handful of a data set's training pictures with their classes.

    Parameters
    ----------
    data_set : str
        A key of `DATA_SETS`.
    handful : int
        Which examples, 1 to 5.
    """
    facts, taken = _handfuls(data_set)
    images, names = taken[HANDFULS.index(handful)]
    seen = ", ".join(dict.fromkeys(names))
    return plots.image_grid(
        images,
        names,
        title=f"{data_set}: {facts}",
        alt=f"{len(images)} pictures of {data_set} ({facts}), handful {handful}. "
        f"Their classes: {seen}.",
    )


def browse_pictures():
    """Show pictures of a data set; choose the set, or another handful of it."""
    StaticFirst(draw, data_set=list(DATA_SETS), handful=HANDFULS).show()
