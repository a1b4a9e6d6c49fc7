"""From a trained policy to the start of a new one."""

from __future__ import annotations

import numpy as np

from tlcourse.quiet import import_keras


def moved(source, *, new_last=False, frozen=False, seed=0):
    """Copy a policy, to train it on a target.

    Parameters
    ----------
    source : keras.Sequential
        It stays as it is.
    new_last : bool
        The last layer begins anew, from random weights.
    frozen : bool
        All layers but the last stay as they are.
    seed : int
        Of the new last layer.

    Returns
    -------
    keras.Sequential
    """
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    policy = keras.models.clone_model(source)  # random weights
    kept = policy.layers[:-1] if new_last else policy.layers
    for new, old in zip(kept, source.layers, strict=False):
        new.set_weights(old.get_weights())
    for layer in policy.layers:
        layer.trainable = not (frozen and layer is not policy.layers[-1])
    return policy


def shuffled(source, seed=0):
    """Copy a policy and shuffle the numbers in each of its arrays: a matched start.

    Such a policy has weights as large as the source's, and is as sure of what it
    does. What the source knew is gone.

    Parameters
    ----------
    source : keras.Sequential
        It stays as it is.
    seed : int

    Returns
    -------
    keras.Sequential
    """
    rng, policy = np.random.default_rng(seed), moved(source)
    arrays = source.get_weights()
    policy.set_weights([rng.permutation(x.ravel()).reshape(x.shape) for x in arrays])
    return policy
