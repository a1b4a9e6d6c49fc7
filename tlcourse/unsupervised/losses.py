"""What self-supervised training makes small, as Keras functions."""

from __future__ import annotations

from tlcourse.quiet import import_keras


def nt_xent(first, second, temperature=0.2):
    """Find the other view of each picture among all views (SimCLR).

    Gives the mean cross-entropy over 2n views; log(2n - 1) where all views look alike.

    Parameters
    ----------
    first, second : tensor, (n, d)
        Row i of both describes one picture, in two views.
    temperature : float
        Small values look at the nearest of the other pictures alone.

    References
    ----------
    Chen et al. (2020), A simple framework for contrastive learning of visual
    representations, ICML.
    """
    ops = import_keras().ops
    n = ops.shape(first)[0]
    logits = similarities(first, second) / temperature
    logits = logits - 1e9 * ops.eye(2 * n)  # a view is not compared with itself
    other = ops.concatenate([ops.arange(n) + n, ops.arange(n)])
    return cross_entropy(logits, other)


def similarities(first, second):
    """Cosines (2n, 2n) of all views: the first ones, (n, d), then the second ones."""
    ops = import_keras().ops
    views = ops.normalize(ops.concatenate([first, second]), axis=1)
    return views @ ops.transpose(views)


def vicreg_loss(first, second, invariance=25.0, variance=25.0, covariance=1.0):
    """Make two views alike, and forbid the ways of cheating (VICReg).

    Parameters
    ----------
    first, second : tensor, (n, d)
        See `nt_xent`.
    invariance : float
        Weight of the squared distance between the views of a picture.
    variance : float
        Weight of how much the spread of a feature falls below 1: where all pictures
        look alike, this is large.
    covariance : float
        Weight of what features say twice.

    References
    ----------
    Bardes, Ponce & LeCun (2022), VICReg: variance-invariance-covariance regularization
    for self-supervised learning, ICLR.
    """
    ops = import_keras().ops
    apart = ops.mean(ops.square(first - second))
    narrow = twice = 0.0
    for view in (first, second):
        n, d = ops.cast(ops.shape(view)[0], view.dtype), view.shape[1]
        centred = view - ops.mean(view, axis=0)
        squares = ops.square(ops.transpose(centred) @ centred / (n - 1))
        own = ops.sum(ops.square(centred), axis=0) / (n - 1)
        narrow += ops.mean(ops.relu(1 - ops.sqrt(own + 1e-4))) / 2
        twice += (ops.sum(squares) - ops.sum(ops.square(own))) / d
    return invariance * apart + variance * narrow + covariance * twice


def cross_entropy(logits, labels):
    """Mean cross-entropy of answers, logits (n, classes), to labels (n,)."""
    keras = import_keras()
    errors = keras.losses.sparse_categorical_crossentropy(
        labels, logits, from_logits=True
    )
    return keras.ops.mean(errors)
