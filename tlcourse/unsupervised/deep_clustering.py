"""Clusters and features that teach each other."""

from __future__ import annotations

import dataclasses
import gc

import numpy as np

from tlcourse.backbones import resized
from tlcourse.batchnorm import copied_model, set_statistics
from tlcourse.progress import progress
from tlcourse.quiet import import_keras
from tlcourse.unsupervised.augmentations import augmenter
from tlcourse.unsupervised.clustering import kmeans
from tlcourse.unsupervised.self_supervised import (
    AT_ONCE,
    BATCH,
    PHOTOGRAPHS,
    STEPS,
    check_pictures,
    encoder,
)

RATE = 1e-3


def deep_cluster(
    backbone, images, k, *, augmentations=PHOTOGRAPHS, steps=STEPS, seed=0,
    show_progress=True,
):  # fmt: skip
    """Cluster, learn to tell the clusters apart, cluster again.

    Every 25 steps the features that have been learnt are clustered; then a new head
    and the backbone learn to tell in which cluster a changed picture is.

    For the other parameters, the result and errors see `simclr`.

    Parameters
    ----------
    k : int
        Number of clusters; more than the kinds that one expects is usual.

    References
    ----------
    Caron et al. (2018), Deep clustering for unsupervised learning of visual features,
    ECCV.
    """
    images = check_pictures(images, steps)
    gc.collect()  # trainings that are over hang in cycles
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    body, head = copied_model(backbone), keras.layers.Dense(k, dtype="float32")
    body.trainable = True
    pictures = keras.Input((backbone.input_size, backbone.input_size, 3))
    changed = augmenter(augmentations)(pictures)
    network = keras.Model(pictures, head(encoder(backbone, body)(changed)))
    network.compile(
        keras.optimizers.Adam(RATE),  # a new head cannot follow a faster one
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    network.optimizer.build(network.trainable_variables)  # see self_supervised
    trained = dataclasses.replace(backbone, model=body)
    prepared = backbone.preprocess(images)
    drawn = resized(images, backbone.input_size)
    first = [weight.numpy() for weight in head.weights]
    rng, at_once = np.random.default_rng(seed), min(steps, AT_ONCE)
    turns = range(-(-steps // at_once))
    for turn in progress(turns, "Training (deep_cluster)", show_progress):
        members = kmeans(trained.features(images), k, seed=seed + turn).members
        # Cluster 3 of this turn has nothing to do with cluster 3 of the last one.
        head.set_weights(first)
        rows = _evenly(members, at_once * BATCH, rng)
        network.fit(
            drawn[rows], members[rows], batch_size=BATCH, shuffle=False, verbose=0
        )
        set_statistics(body, prepared)
    return trained


def _evenly(members, count, rng):
    """Rows at random, as many of each cluster: else one soon holds all pictures."""
    clusters = np.unique(members)
    each = -(-count // len(clusters))
    rows = np.concatenate([
        rng.choice(np.flatnonzero(members == cluster), each) for cluster in clusters
    ])  # fmt: skip
    return rng.permutation(rows)[:count]
