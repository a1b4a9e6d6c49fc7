"""The widget of the lesson: what a network says to a picture, and where it looks."""

from __future__ import annotations

import functools

import numpy as np

from tlcourse import datasets, plots
from tlcourse.freezing import FreezePlan
from tlcourse.quiet import import_keras
from tlcourse.training import transfer
from tlcourse.widgets.features import bundled
from tlcourse.widgets.static_first import StaticFirst

TARGETS = ("apples", "faces", "tissue")
PER_CLASS, EPOCHS = 20, 40
INPUT_SIZE = 128  # at 64 pixels the last maps have two cells a side: no place to tell
SHOWN = 24  # test pictures that the slider offers


def where_it_looks(source="imagenet_distilled"):
    """Show a test picture, the network's answer and where it looks.

    Parameters
    ----------
    source : str
        See ``backbones.load``.
    """
    figure = functools.partial(draw, source=source)
    StaticFirst(figure, target=TARGETS, picture=list(range(1, SHOWN + 1))).show()


def draw(target, picture, source="imagenet_distilled"):
    """Draw a test picture, the heat over it, and the probabilities of the classes.

    Parameters
    ----------
    target : str
        One of ``TARGETS``.
    picture : int
        From 1 to ``SHOWN``.
    source : str
    """
    run, classes, images, labels = trained(target, source)
    image = images[picture - 1 : picture]
    chances = run.predict(image)[0]
    heat = grad_cam(run, image, [chances.argmax()])[0]
    truth = classes[labels[picture - 1]]
    return plots.looked_at(image[0], heat, chances, classes, truth)


@functools.lru_cache(maxsize=3)
def trained(target, source):
    """Fit a head for a target; the run, its classes, some test pictures and labels."""
    backbone = bundled(source, INPUT_SIZE)
    task = datasets.load(target, per_class=PER_CLASS, seed=0)
    plan = FreezePlan.features(backbone)
    run = transfer(backbone, task, plan, EPOCHS, validate=False, show_progress=False)
    some = np.random.default_rng(0).permutation(len(task.test))[:SHOWN]
    return run, task.classes, task.test.images[some], task.test.labels[some]


def grad_cam(run, images, labels, block=-1):
    """Tell which places of the pictures speak for a class.

    The maps that a block puts out are weighted by how much the class's score rises
    with each of them, on average over the places, and summed; what is below zero
    speaks against the class and is left out.

    Parameters
    ----------
    run : Run
    images : array, (n, height, width, 3), 0-255
    labels : sequence of int, (n,)
        For which class.
    block : int
        Whose maps; the last block's without it.

    Returns
    -------
    ndarray, float32, (n, h, w)

    References
    ----------
    Selvaraju et al. (2017), Grad-CAM: visual explanations from deep networks via
    gradient-based localization, ICCV.
    """
    keras = import_keras()
    import tensorflow as tf  # Keras has no word for a gradient

    cut = run.model.get_layer(run.backbone.blocks[block].output).output
    maps = keras.Model(run.model.input, cut)(run.backbone.preprocess(images))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        logits = keras.Model(cut, run.model.output)(maps)
        score = tf.gather(logits, labels, axis=1, batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
    return keras.ops.convert_to_numpy(keras.ops.relu((weights * maps).numpy().sum(-1)))
