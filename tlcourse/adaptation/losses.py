"""What the deep methods add to the loss, as Keras functions."""

from __future__ import annotations

from tlcourse.quiet import import_keras

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the kernels, in mean squared distances


def coral_loss(source, target):
    """How far the covariances of two samples, (n, d) and (m, d), are apart.

    References
    ----------
    Sun & Saenko (2016), Deep CORAL: correlation alignment for deep domain adaptation.
    """
    ops = import_keras().ops
    d = source.shape[-1]
    gap = _covariance(source) - _covariance(target)
    return ops.sum(ops.square(gap)) / (4 * d**2)


def _covariance(features):
    ops = import_keras().ops
    count = ops.cast(ops.shape(features)[0], features.dtype)
    centred = features - ops.mean(features, axis=0)
    return ops.transpose(centred) @ centred / (count - 1)


def mmd_loss(source, target):
    """Maximum mean discrepancy of (n, d) and (m, d): how far apart, by several kernels.

    Within a sample, examples are alike by as much as between the samples only if both
    come from one distribution. It is 0 for equal samples and never negative.

    References
    ----------
    Gretton et al. (2012), A kernel two-sample test, JMLR. Long et al. (2015), Learning
    transferable features with deep adaptation networks (DAN), ICML.
    """
    keras = import_keras()
    ops = keras.ops
    n, both = ops.shape(source)[0], ops.concatenate([source, target])
    squares = ops.sum(ops.square(both), axis=1)
    distances = squares[:, None] + squares - 2 * both @ ops.transpose(both)
    unit = ops.stop_gradient(ops.mean(distances)) + keras.config.epsilon()
    alike = sum(ops.exp(-distances / (b * unit)) for b in BANDWIDTHS) / len(BANDWIDTHS)
    within = ops.mean(alike[:n, :n]) + ops.mean(alike[n:, n:])
    return within - 2 * ops.mean(alike[:n, n:])


def entropy(logits):
    """How unsure answers are: mean entropy of logits (n, classes), in nats."""
    ops = import_keras().ops
    chances, logs = ops.softmax(logits), ops.log_softmax(logits)
    return -ops.mean(ops.sum(chances * logs, axis=1))


def ramp(progress):
    """Strength of the reversal, 0 to nearly 1, for 0-1 of the training; see `dann`."""
    return 2 / (1 + import_keras().ops.exp(-10 * progress)) - 1
