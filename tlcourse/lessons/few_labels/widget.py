"""The widget of the lesson: choose classes and shots, see prototypes and mistakes."""

from __future__ import annotations

import functools

import numpy as np

from tlcourse import few_shot
from tlcourse.lessons.few_labels import figures
from tlcourse.widgets.static_first import StaticFirst, labelled

QUERIES = 40  # new pictures of each class


def prototypes(task, views):
    """Let the learner choose classes, shots and what is seen, and look at mistakes.

    Parameters
    ----------
    task : Task
        With its whole training split.
    views : dict of str to (ndarray, ndarray)
        By name, features (n, d) of all training and of all test pictures.
    """
    import ipywidgets as widgets

    shots = labelled(
        widgets.SelectionSlider, "shots", options=[1, 2, 5, 10, 20], value=1
    )
    classes = labelled(
        widgets.SelectMultiple,
        "classes (Ctrl or Shift for several)",
        options=[(name, k) for k, name in enumerate(task.classes)],
        value=tuple(range(len(task.classes)))[:5],
        rows=min(6, len(task.classes)),
    )
    draws = {f"draw {k + 1}": k for k in range(5)}
    StaticFirst(
        functools.partial(draw, task, views),
        shots=shots, classes=classes, sees=list(views), labels=draws,
    ).show()  # fmt: skip


def draw(task, views, shots, classes, sees, labels):
    """Draw the prototypes of some classes, and queries that got another name.

    Parameters
    ----------
    task, views
        As for `prototypes`.
    shots : int
    classes : sequence of int
        Places in ``task.classes``.
    sees : str
        A key of ``views``.
    labels : int
        Which draw of the labelled pictures.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there are fewer than two classes.
    """
    if len(classes) < 2:
        raise ValueError("There is nothing to tell apart: choose at least two classes.")
    train, test = views[sees]
    rng = np.random.default_rng(labels)
    order = {
        split: [
            rng.permutation(np.flatnonzero(part.labels == k))
            for k in range(len(task.classes))  # of all: a choice changes no draw
        ]
        for split, part in (("train", task.train), ("test", task.test))
    }
    few = [order["train"][k][:shots] for k in classes]
    asked = [order["test"][k][:QUERIES] for k in classes]
    names = [task.classes[k] for k in classes]
    said = [
        few_shot.nearest_centroid(
            train[np.concatenate(few)],
            np.repeat(np.arange(len(few)), shots),
            test[rows],
        )
        for rows in asked
    ]
    right = [float((labels == k).mean()) for k, labels in enumerate(said)]
    wrong = [
        [
            (task.test.images[row], names[label])
            for row, label in zip(rows, labels, strict=True)
            if label != k
        ]
        for k, (rows, labels) in enumerate(zip(asked, said, strict=True))
    ]
    pictures = [task.train.images[rows].mean(axis=0) for rows in few]
    return figures.mistakes(
        pictures, names, right, wrong,
        title=f"{sees}, {len(few)} ways, {shots} shot{'s' * (shots > 1)}: "
        f"{np.mean(right):.0%} right",
    )  # fmt: skip
