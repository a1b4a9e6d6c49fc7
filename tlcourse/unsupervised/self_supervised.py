"""Training a backbone on pictures without labels: pretext tasks.

No function here has a place for labels. Each is given an array of pictures and makes
its own task from them.
"""

from __future__ import annotations

import dataclasses
import functools
import gc

import numpy as np

from tlcourse.backbones import check_images, resized
from tlcourse.batchnorm import copied_model, set_statistics
from tlcourse.progress import progress
from tlcourse.quiet import import_keras
from tlcourse.unsupervised import losses
from tlcourse.unsupervised.augmentations import augmenter

BATCH, RATE, STEPS = 64, 5e-3, 200
AT_ONCE = 25  # steps between two looks at the loss, two checkpoints, two clusterings
PHOTOGRAPHS = ("crop", "mirror", "colour", "grey")
PROJECTION = 128  # features of a view that the loss compares


def simclr(
    backbone, images, *, augmentations=PHOTOGRAPHS, temperature=0.2, steps=STEPS,
    seed=0, checkpoints=None, show_progress=True,
):  # fmt: skip
    """Train a backbone to know each picture again in another view, among many.

    For the paper see `losses.nt_xent`.

    Parameters
    ----------
    backbone : Backbone
        Where training starts. Is copied, so its own weights stay as they are.
    images : ndarray, (n, height, width, 3), 0-255
        At least 64.
    augmentations : sequence of str
        What makes a view; names of ``AUGMENTATIONS``.
    temperature : float
        See `losses.nt_xent`.
    steps : int
        Batches of 64 pictures, in two views each; above 25, rounded up to whole 25s.
    seed : int
        It sets the seeds of Keras, NumPy and Python.
    checkpoints : path, optional
        A folder: what was stopped half-way goes on from there.
    show_progress : bool

    Returns
    -------
    Backbone
        Its card's ``"losses"`` are the mean losses of every 25 steps.

    Raises
    ------
    ValueError
        If the images, the augmentations or the number of steps are unusable.
    """

    loss = functools.partial(losses.nt_xent, temperature=temperature)
    goal = _compare(loss, augmentations)
    return _train(
        "simclr", backbone, images, goal, steps, seed, checkpoints, show_progress
    )


def vicreg(
    backbone, images, *, augmentations=PHOTOGRAPHS, invariance=25.0, variance=25.0,
    covariance=1.0, steps=STEPS, seed=0, checkpoints=None, show_progress=True,
):  # fmt: skip
    """Train a backbone to describe two views alike, without comparing pictures.

    For the paper see `losses.vicreg_loss`, for the other parameters, the result and
    errors `simclr`.

    Parameters
    ----------
    invariance, variance, covariance : float
        See `losses.vicreg_loss`. Without ``variance`` and ``covariance`` the cheapest
        way is to describe all pictures alike: features collapse.
    """

    weights = {
        "invariance": invariance, "variance": variance, "covariance": covariance,
    }  # fmt: skip
    goal = _compare(functools.partial(losses.vicreg_loss, **weights), augmentations)
    return _train(
        "vicreg", backbone, images, goal, steps, seed, checkpoints, show_progress
    )


def _compare(loss, augmentations):
    """The goal of a loss that compares two views of each picture."""

    def goal(encode, pictures):
        from tlcourse.unsupervised.layers import Loss

        keras = import_keras()
        layers, ops, change = keras.layers, keras.ops, augmenter(augmentations)
        # Both views in one batch: their BatchNorm statistics are the same.
        features = encode(change(layers.Concatenate(axis=0)([pictures, pictures])))
        # The loss throws away what the views don't share. A projection takes the blow:
        # the features before it keep more (Chen et al. 2020, section 4.2).
        project = keras.Sequential([
            layers.Dense(features.shape[-1]),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(PROJECTION),
        ])  # fmt: skip
        return Loss(lambda both: loss(*ops.split(both, 2)))(project(features))

    return goal


def _train(name, backbone, images, goal, steps, seed, checkpoints, show_progress):
    """Train a copy of a backbone towards a goal that it adds to its own loss."""
    images = check_pictures(images, steps)
    gc.collect()  # trainings that are over hang in cycles
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    body = copied_model(backbone)
    body.trainable = True
    pictures = keras.Input((backbone.input_size, backbone.input_size, 3))
    network = keras.Model(pictures, goal(encoder(backbone, body), pictures))
    network.compile(keras.optimizers.AdamW(weight_decay=1e-4), loss=None)
    optimizer = network.optimizer  # another one around it in mixed precision
    # Momenta and a rate's `if` inside the traced step would keep its graph for ever.
    optimizer.build(network.trainable_variables)
    pace = _pace(steps)

    def set_rate(step, logs):
        optimizer.learning_rate = pace(optimizer.iterations)

    def show_loss(turn, logs):
        bar.update(note=f"loss {logs['loss']:.2f}")

    callbacks = [
        keras.callbacks.LambdaCallback(
            on_train_batch_begin=set_rate, on_epoch_end=show_loss
        )
    ]
    if checkpoints:
        callbacks.append(keras.callbacks.BackupAndRestore(checkpoints))
    turns = -(-steps // AT_ONCE)
    with progress(turns, f"Training ({name})", show_progress) as bar:
        history = network.fit(
            _batches(resized(images, backbone.input_size), seed), callbacks=callbacks,
            epochs=turns, steps_per_epoch=min(steps, AT_ONCE), shuffle=False, verbose=0,
        ).history  # fmt: skip
    card = {**backbone.card, "then": name, "losses": history["loss"]}
    # Training saw changed pictures; from now on whole ones are described.
    set_statistics(body, backbone.preprocess(images))
    return dataclasses.replace(backbone, model=body, card=card)


def _pace(steps):
    """Learning rate: up for a tenth of the steps, then down to 0 along a cosine."""
    if steps > AT_ONCE:
        steps = -(-steps // AT_ONCE) * AT_ONCE  # those that are made
    rising = steps // 10
    return import_keras().optimizers.schedules.CosineDecay(
        RATE / 10, steps - rising, warmup_target=RATE, warmup_steps=rising
    )


def encoder(backbone, body):
    """From pictures, (n, input_size, input_size, 3) in 0-255, to features (n, d)."""
    pool = import_keras().layers.GlobalAveragePooling2D()
    return lambda pictures: pool(body(backbone.scaled(pictures)))


def _batches(pictures, seed):
    """Batches of pictures for ever, in another order each time."""
    import tensorflow as tf

    pictures = tf.constant(pictures)
    order = tf.data.Dataset.range(len(pictures)).shuffle(len(pictures), seed=seed)
    # A last batch of one or two pictures would have nothing to compare them with.
    order = order.batch(BATCH, drop_remainder=True).repeat()
    return order.map(lambda rows: tf.gather(pictures, rows)).prefetch(2)


def check_pictures(images, steps):
    """Refuse, before any work, what cannot be trained on: `ValueError`.

    That is too few pictures, no array, or ``steps`` that are no whole number from 1 up.
    """
    if not isinstance(images, np.ndarray):
        raise ValueError(
            "images must be an array of pictures, without labels: give "
            f"task.train.images, not {type(images).__name__}."
        )
    images = check_images(images)
    if len(images) < BATCH:
        raise ValueError(
            f"Pictures are compared {BATCH} at a time, and there are {len(images)}: "
            "give more of them; they need no labels."
        )
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps must be a whole number from 1 up, not {steps!r}.")
    return images
