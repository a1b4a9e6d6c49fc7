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
        Of the new last layer. Not the source's own: that would begin it as the source
        once began, which is nearly where its training ended.

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


def matched(source, seen, seed=0):
    """Give a start that is like a source and knows nothing: a control.

    The numbers in each of its arrays are the source's in another order. The last layer
    is then stretched and shifted, so that the outputs have the source's mean and
    spread: such a policy is about as sure of what it does. A transfer that is no
    better than this start owes nothing to what the source knew.

    Parameters
    ----------
    source : keras.Sequential
        It stays as it is.
    seen : ndarray, (n, inputs)
        What a beginner sees in the target; 100 rows or more.
    seed : int

    Returns
    -------
    keras.Sequential
    """
    rng, policy = np.random.default_rng(seed), moved(source)
    arrays = [rng.permutation(x.ravel()).reshape(x.shape) for x in source.get_weights()]
    policy.set_weights(arrays)
    ours, theirs = (each.predict(seen, verbose=0) for each in (policy, source))
    stretch = _lean(theirs).std() / _lean(ours).std()
    *hidden, kernel, bias = arrays
    bias = bias * stretch + theirs.mean(axis=0) - stretch * ours.mean(axis=0)
    policy.set_weights([*hidden, kernel * stretch, bias])
    return policy


def _lean(outputs):
    """What decides: the difference of two logits, or where the stick is."""
    return np.diff(outputs, axis=1) if outputs.shape[1] > 1 else outputs
