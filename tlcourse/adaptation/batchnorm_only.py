"""Methods that change nothing but the network's BatchNorm layers."""

from __future__ import annotations

import dataclasses
import gc

import numpy as np

from tlcourse.adaptation.adapted import check
from tlcourse.adaptation.features import source_only
from tlcourse.batchnorm import (
    batchnorms,
    copied_model,
    set_statistics,
    sound_batch,
    with_statistics,
)
from tlcourse.quiet import import_keras

BATCH, RATE = 64, 1e-3


def adabn(backbone, source, target_images, *, seed=0):
    """Normalise each domain by its own statistics.

    The head is fitted to the source's features under the source's statistics; images
    of the target run under the target's.

    For parameters, result and errors see `source_only`.

    References
    ----------
    Li et al. (2017), Revisiting batch normalization for practical domain adaptation.
    """
    check(source, target_images)
    model = source_only(
        with_statistics(backbone, source.images), source, target_images
    )  # fmt: skip
    return dataclasses.replace(model, backbone=with_statistics(backbone, target_images))


def tent(backbone, source, target_images, *, seed=0, epochs=5):
    """Change BatchNorm's scale and shift until the answers are sure.

    It begins with what `adabn` gives: a head that was fitted under the source's
    statistics. (One fitted under those of the pre-training would not know what it sees
    under the target's.) Images of the target are normalised by the statistics of their
    batch in training, and of all of them afterwards.

    For the other parameters, result and errors see `source_only`.

    Parameters
    ----------
    epochs : int
        0 is `adabn`.

    References
    ----------
    Wang et al. (2021), Tent: fully test-time adaptation by entropy minimization, ICLR.
    """
    model = adabn(backbone, source, target_images)
    if epochs == 0:
        return model
    from tlcourse.adaptation.layers import Entropy

    gc.collect()  # trainings that are over hang in cycles
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    body, inputs = copied_model(backbone), backbone.preprocess(target_images)
    for layer in body.layers:
        layer.trainable = layer in batchnorms(body)
    pooled = keras.layers.GlobalAveragePooling2D()(body.output)
    classes = len(model.head.classes_)
    head = keras.layers.Dense(classes, trainable=False, dtype="float32")
    network = keras.Model(body.input, Entropy()(head(pooled)))
    head.set_weights(_kernel_and_bias(model.head, pooled.shape[-1]))
    network.compile(keras.optimizers.Adam(RATE), loss=None)
    network.optimizer.build(network.trainable_variables)  # as in deep
    size = sound_batch(len(inputs), BATCH)
    network.fit(inputs, batch_size=size, epochs=epochs, verbose=0)
    set_statistics(body, inputs)
    return dataclasses.replace(
        model, backbone=dataclasses.replace(backbone, model=body)
    )  # fmt: skip


def _kernel_and_bias(head, d):
    """Write a linear scikit-learn pipeline as the weights of a Dense layer."""

    def logits(features):
        scores = head.decision_function(features)
        # Of two classes scikit-learn gives one number, that of the second.
        return scores if scores.ndim == 2 else np.stack([0 * scores, scores], axis=1)

    bias = logits(np.zeros((1, d)))
    return [logits(np.eye(d)) - bias, bias[0]]
