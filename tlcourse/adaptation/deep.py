"""Methods that train the whole network, on both domains at once.

Each step sees a batch of the source with labels and a batch of the target without.
The loss is that of the task, on the source, plus what the method wants of the
features of both.
"""

from __future__ import annotations

import dataclasses
import gc

import numpy as np
from sklearn.linear_model import LogisticRegression

from tlcourse.adaptation.adapted import Adapted, check, features_of
from tlcourse.adaptation.losses import coral_loss, mmd_loss
from tlcourse.batchnorm import copied_model, with_statistics
from tlcourse.quiet import import_keras

BATCH, RATE, EPOCHS = 32, 1e-3, 15
LOSSES = {"deep_coral": coral_loss, "mmd": mmd_loss}  # of both domains' features


def fine_tuned(backbone, source, target_images, *, seed=0, epochs=EPOCHS):
    """Train the network on the source and hope: what the deep methods have to beat.

    A copy is trained, so the backbone's own weights stay as they are. For the other
    parameters, result and errors see `source_only`.

    Parameters
    ----------
    seed : int
        It sets the seeds of Keras, NumPy and Python.
    epochs : int
        How often the source is seen.
    """
    return _train(backbone, source, target_images, "fine_tuned", 0, seed, epochs)


def deep_coral(backbone, source, target_images, *, seed=0, weight=100.0, epochs=EPOCHS):
    """Train so that the features of both domains have one covariance.

    For the other parameters, result and errors see `fine_tuned`.

    Parameters
    ----------
    weight : float
        How much this counts beside the task; 0 is `fine_tuned`.

    References
    ----------
    Sun & Saenko (2016), Deep CORAL: correlation alignment for deep domain adaptation.
    """
    return _train(backbone, source, target_images, "deep_coral", weight, seed, epochs)


def mmd(
    backbone, source, target_images, *, seed=0, weight=10.0, epochs=EPOCHS
):  # fmt: skip
    """Train so that no kernel can tell the domains' features apart.

    For parameters, errors and result see `deep_coral`.

    References
    ----------
    Long et al. (2015), Learning transferable features with deep adaptation networks
    (DAN), ICML.
    """
    return _train(backbone, source, target_images, "mmd", weight, seed, epochs)


def dann(
    backbone, source, target_images, *, seed=0, weight=0.3, epochs=EPOCHS
):  # fmt: skip
    """Train so that no classifier can tell the domains' features apart.

    For parameters, errors and result see `deep_coral`.

    References
    ----------
    Ganin et al. (2016), Domain-adversarial training of neural networks, JMLR.
    """
    return _train(backbone, source, target_images, "dann", weight, seed, epochs)


def _train(backbone, source, target_images, name, weight, seed, epochs):
    """Train a copy of the backbone, and fit a head to what its features are then."""
    check(source, target_images)
    gc.collect()  # trainings that are over hang in cycles
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    steps = epochs * max(1, len(source.images) // BATCH)
    body = copied_model(backbone)
    body.trainable = True
    network = _network(body, int(max(source.labels)) + 1, name, weight, steps)
    pace = keras.optimizers.schedules.CosineDecay(RATE, steps)
    network.compile(
        keras.optimizers.Adam(pace),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    # Momenta that are made inside the traced step would keep its graph for ever. In
    # mixed precision another optimizer stands around the one that was given.
    network.optimizer.build(network.trainable_variables)
    pairs = _pairs(backbone, source, target_images, seed)
    network.fit(pairs, steps_per_epoch=steps, shuffle=False, verbose=0)
    trained = dataclasses.replace(backbone, model=body)
    ours = with_statistics(trained, source.images)
    # In training each domain's batches were normalised by their own statistics.
    theirs = with_statistics(trained, target_images) if weight else ours
    head = _classifier(*network.get_layer("head").get_weights())
    return Adapted(theirs, head, features_of(ours, source.images))


def _classifier(kernel, bias):
    """Make a Dense layer's weights, (d, classes) and (classes,), a classifier."""
    head = LogisticRegression()
    head.classes_ = np.arange(len(bias))
    if len(bias) == 2:  # of two classes scikit-learn keeps the second against the first
        kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
    head.coef_, head.intercept_ = kernel.T, bias
    return head


def _alignment(name, weight, steps):
    """From both domains' features to the source's, with a loss that aligns them."""
    from tlcourse.adaptation.layers import Adversary, Alignment

    if not weight:
        return lambda features: features[0]
    if name == "dann":
        return Adversary(weight, steps)
    return Alignment(LOSSES[name], weight)


def _network(body, classes, name, weight, steps):
    """From pictures of both domains to the logits of the source's."""
    keras = import_keras()
    encoder = keras.Sequential([body, keras.layers.GlobalAveragePooling2D()])
    head = keras.layers.Dense(classes, dtype="float32", name="head")
    inputs = [keras.Input(body.input.shape[1:]) for _ in range(2)]
    # One after the other: a batch of both would be normalised by common statistics.
    features = [encoder(each) for each in inputs]
    align = _alignment(name, weight, steps)
    return keras.Model(inputs, head(align(features)))


def _pairs(backbone, source, target_images, seed):
    """Batches of both domains for ever: ((source, target), labels of the source)."""
    import tensorflow as tf

    ours = tf.constant(backbone.preprocess(source.images))
    theirs = tf.constant(backbone.preprocess(target_images))
    labels = tf.constant(source.labels)

    def rows(count, seed):
        order = tf.data.Dataset.range(count).shuffle(count, seed=seed)
        return order.repeat().batch(BATCH)

    order = tf.data.Dataset.zip(rows(len(ours), seed), rows(len(theirs), seed + 1))
    return order.map(
        lambda i, j: ((tf.gather(ours, i), tf.gather(theirs, j)), tf.gather(labels, i))
    )
