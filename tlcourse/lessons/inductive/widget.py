"""The widget of the lesson: what a network says to a picture, and where it looks."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from tlcourse import backbones, datasets, plots
from tlcourse.class_activation import class_activation_maps
from tlcourse.freezing import FreezePlan
from tlcourse.lessons.inductive import regions
from tlcourse.training import transfer
from tlcourse.widgets.static_first import StaticFirst

TARGETS = ("orchard", "studio", "tissue")
PER_CLASS, EPOCHS = 10, 20
INPUT_SIZE = 128  # at 64 pixels the last maps have two cells a side: no place to tell
SHOWN = 24  # test pictures that the slider offers


def where_it_looks():
    """Show a test picture, the network's answer and where it looks."""
    StaticFirst(draw, target=TARGETS, picture=list(range(1, SHOWN + 1))).show()


def draw(target, picture):
    """Draw a test picture, the heat over it, and the probabilities of the classes.

    Parameters
    ----------
    target : str
        One of ``TARGETS``.
    picture : int
        From 1 to ``SHOWN``.
    """
    classes, *each = looked_at(target)
    image, label, chances, heat = (array[picture - 1] for array in each)
    return plots.looked_at(image, heat, chances, classes, classes[label])


@functools.lru_cache(maxsize=len(TARGETS))
def looked_at(target):
    """Fit a head for a target; classes, and of some test pictures all that is drawn.

    Gives the classes, then images, labels, probabilities and heat, one a picture.
    """
    backbone = backbones.load(input_size=INPUT_SIZE)
    if target == "tissue":
        task = datasets.load(regions.task("region"), PER_CLASS)
    else:
        task = datasets.load("apples", PER_CLASS, target)
    some = np.random.default_rng(0).permutation(len(task.test))[:SHOWN]
    images, labels = task.test.images[some], task.test.labels[some]
    # The other test pictures would only cost memory.
    task = dataclasses.replace(task, test=datasets.Split(images, labels))
    plan = FreezePlan.features(backbone)
    run = transfer(backbone, task, plan, EPOCHS, validate=False, show_progress=False)
    chances, inputs = run.predict(images), backbone.preprocess(images)
    heat = class_activation_maps(run.model, inputs, chances.argmax(axis=1))
    return task.classes, images, labels, chances, heat
