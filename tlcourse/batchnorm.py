"""BatchNorm's moving statistics, replaced by those of some images."""

from __future__ import annotations

import dataclasses

from tlcourse.quiet import import_keras

SMALLEST_BATCH = 8  # BatchNorm would take the statistics of fewer for everybody's
_AT_ONCE = 128  # pictures whose statistics are taken together; more would take memory


def with_statistics(backbone, images):
    """Copy a backbone, with the BatchNorm statistics of some images.

    Parameters
    ----------
    backbone : Backbone
    images : ndarray, (n, height, width, 3), 0-255

    Returns
    -------
    Backbone
    """
    model = copied_model(backbone)
    set_statistics(model, backbone.preprocess(images))
    return dataclasses.replace(backbone, model=model)


def copied_model(backbone):
    """Copy a backbone's Keras model, weights and all."""
    model = import_keras().models.clone_model(backbone.model)
    model.set_weights(backbone.model.get_weights())
    return model


def set_statistics(model, inputs):
    """Replace the moving mean and variance of each BatchNorm by those of the inputs.

    Those of batches of up to 128, evenly taken, are averaged.

    Parameters
    ----------
    model : keras.Model
        Is changed.
    inputs : ndarray, float32, (n, h, w, 3)
        Preprocessed images.
    """
    layers = batchnorms(model)
    before = [(layer.momentum, layer.trainable) for layer in layers]
    count = -(-len(inputs) // _AT_ONCE)
    for done in range(count):
        for layer in layers:
            # The mean over all batches, which count alike: the old ones are dropped.
            layer.momentum, layer.trainable = done / (done + 1), True
        model(inputs[done::count], training=True)
    for layer, (momentum, trainable) in zip(layers, before, strict=True):
        layer.momentum, layer.trainable = momentum, trainable


def batchnorms(model):
    """The BatchNorm layers of a model, a list."""
    kind = import_keras().layers.BatchNormalization
    return [layer for layer in model.layers if isinstance(layer, kind)]


def sound_batch(examples, most):
    """The size of a training's batches: the last one holds enough for BatchNorm.

    Parameters
    ----------
    examples, most : int
        How many there are, and how many a batch may have.

    Returns
    -------
    int
        The largest up to ``most`` that leaves nothing over, or at least 8.
    """
    for size in range(most, 0, -1):
        if not 0 < examples % size < SMALLEST_BATCH:
            return size
