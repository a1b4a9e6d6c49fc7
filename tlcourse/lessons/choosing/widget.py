"""The widget of the lesson: what the scores say of a source, and what comes true."""

from __future__ import annotations

import functools

import pandas
from threadpoolctl import threadpool_limits

from tlcourse import datasets, probes, transferability
from tlcourse.lessons.choosing import figures
from tlcourse.plots.style import readable
from tlcourse.widgets.static_first import StaticFirst

TARGETS = ("photos", "apples", "faces", "digits")
PER_CLASS = (2, 5, 10, 20)


def choose_a_source(backbones):
    """Let the learner choose a source for a target by its scores, then see the truth.

    Parameters
    ----------
    backbones : dict of str to Backbone
        The sources to choose from; the keys name them.
    """
    widget = StaticFirst(
        functools.partial(draw, backbones),
        target=TARGETS,
        your_source=list(backbones),
        labels_per_class=PER_CLASS,
        show_the_truth=True,
    )
    widget.controls["labels_per_class"].value = 10
    widget.show()


def draw(backbones, target, your_source, labels_per_class, show_the_truth):
    """Draw the ranks that each score gives the sources, beside the truth or without it.

    Parameters
    ----------
    backbones : dict of str to Backbone
    target : str
        See ``datasets.load``.
    your_source : str
        The source to frame: one of the keys.
    labels_per_class : int
    show_the_truth : bool
        False hides the accuracies and what follows from them.
    """
    table = scored(backbones, target, labels_per_class)
    choice = f"you choose {readable(your_source)}"
    words = f"{target}, {labels_per_class} labels per class: {choice}"
    if not show_the_truth:
        table = table.drop(columns="accuracy")
        return figures.rankings(table, chosen=your_source, title=words)
    best, yours = table["accuracy"].max(), table.loc[your_source, "accuracy"]
    name = readable(table["accuracy"].idxmax())
    more = f"; {name} reaches {best:.2f}" if yours < best else ", and none reaches more"
    return figures.rankings(
        table,
        transferability.agreement(table),
        chosen=your_source,
        title=f"{words}, {yours:.2f}{more}",
    )


def scored(backbones, target, per_class):
    """Score sources for a target, and try each with a linear head.

    Parameters
    ----------
    backbones : dict of str to Backbone
    target : str
        See ``datasets.load``.
    per_class : int
        Labelled images of each class; the scores and the head see no others.

    Returns
    -------
    pandas.DataFrame
        A row a source: the scores from features, ``parameters``, and ``accuracy``
        of a linear head on the test split.
    """
    rows = {
        name: _scored(backbone, target, per_class)
        for name, backbone in backbones.items()
    }
    return pandas.DataFrame.from_dict(rows, orient="index").rename_axis("backbone")


@functools.lru_cache(maxsize=256)
def _scored(backbone, target, per_class):
    """One row of `scored`, a dict."""
    task, (train, test) = datasets.load(target), _features(backbone, target)
    few = datasets.few(task.train.labels, per_class, 0, target)
    with threadpool_limits(1):  # on matrices this small, threads wait for one another
        row = {
            name: score(train[few], task.train.labels[few])
            for name, score in transferability.FROM_FEATURES.items()
        }
    truth = probes.probe_features(train, test, task, per_class, [0])["accuracy"]
    return row | {"parameters": backbone.parameters, "accuracy": truth.iloc[0]}


@functools.lru_cache(maxsize=32)
def _features(backbone, target):
    """Features of a target's training and test images; two arrays (n, d)."""
    task = datasets.load(target)
    return backbone.features(task.train.images), backbone.features(task.test.images)
