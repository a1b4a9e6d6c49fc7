"""Methods that change features, or how much an example counts, and fit a new head.

They take seconds, since the backbone stays as it is.
"""

from __future__ import annotations

import numpy as np
import scipy.spatial.distance
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tlcourse.adaptation.adapted import Adapted, check, features_of, fit_head
from tlcourse.threads import one_thread


def source_only(backbone, source, target_images, *, seed=0):
    """Fit a head to the source and hope: what every method has to beat.

    Parameters
    ----------
    backbone : Backbone
    source : Split
        Images and labels.
    target_images : ndarray, (n, height, width, 3), 0-255
        Not used: it stands here so that all methods have one signature.
    seed : int
        Not used either: nothing is drawn at random.

    Returns
    -------
    Adapted

    Raises
    ------
    ValueError
        If the source or the target's images are unusable.
    """
    check(source, target_images)
    features = features_of(backbone, source.images)
    return Adapted(backbone, fit_head(features, source.labels), features)


def importance_weighting(backbone, source, target_images, *, seed=0):
    """Count source examples more that look like the target's.

    For parameters, result and errors see `source_only`.

    References
    ----------
    Shimodaira (2000), Improving predictive inference under covariate shift by
    weighting the log-likelihood function. Bickel et al. (2009), Discriminative
    learning under covariate shift: a domain classifier gives the weights.
    """
    xs, xt, _ = _standard_features(backbone, source, target_images)
    weights = importance_weights(xs, xt)
    features = features_of(backbone, source.images)
    return Adapted(backbone, fit_head(features, source.labels, weights), features)


@one_thread
def importance_weights(source_features, target_features):
    """How much likelier each source example is in the target, by a domain classifier.

    From standardised features, (n, d) and (m, d), to weights, (n,), with a mean of 1.
    """
    both = np.concatenate([source_features, target_features])
    is_target = np.arange(len(both)) >= len(source_features)
    classifier = LogisticRegression(C=0.01, max_iter=1000).fit(both, is_target)
    odds = np.exp(classifier.decision_function(source_features))
    return odds / odds.mean()


@one_thread
def subspace_alignment(backbone, source, target_images, *, seed=0, dimensions=20):
    """Turn the source's main directions into the target's.

    For the other parameters, result and errors see `source_only`.

    Parameters
    ----------
    dimensions : int
        How many main directions are kept.

    References
    ----------
    Fernando et al. (2013), Unsupervised visual domain adaptation using subspace
    alignment, ICCV.
    """
    xs, xt, scale = _standard_features(backbone, source, target_images)
    dimensions = min(dimensions, *xs.shape, *xt.shape)
    ours, theirs = PCA(dimensions).fit(xs), PCA(dimensions).fit(xt)
    aligned = ours.transform(xs) @ (ours.components_ @ theirs.components_.T)
    head = fit_head(aligned, source.labels)
    return Adapted(backbone, head, aligned, lambda x: theirs.transform(scale(x)))


def coral(backbone, source, target_images, *, seed=0):
    """Give the source's features the target's mean and covariance.

    For parameters, result and errors see `source_only`.

    References
    ----------
    Sun et al. (2016), Return of frustratingly easy domain adaptation, AAAI.
    """
    xs, xt, scale = _standard_features(backbone, source, target_images)
    # A feature that never varies must not become one whose rounding errors vary.
    recoloured = recolour(xs, xt).round(6)
    head = fit_head(recoloured, source.labels)
    return Adapted(backbone, head, recoloured, scale)


@one_thread
def recolour(source_features, target_features, regularisation=1.0):
    """Whiten the source's features and colour them with the target's covariance.

    From features, (n, d) and (m, d), to those of the source, (n, d). ``regularisation``
    is added to each variance: a covariance of few examples has directions in which
    nothing varies, and they would be blown up. 1, as in the paper, suits standardised
    features.
    """
    extra = regularisation * np.eye(source_features.shape[1])
    ours = np.cov(source_features, rowvar=False) + extra
    theirs = np.cov(target_features, rowvar=False) + extra
    centred = source_features - source_features.mean(0)
    coloured = centred @ _power(ours, -0.5) @ _power(theirs, 0.5)
    return coloured + target_features.mean(0)


def _power(covariance, exponent):
    """Power of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(covariance)
    values = values.clip(np.finfo(float).eps * values.max())
    return (vectors * values**exponent) @ vectors.T


def optimal_transport(
    backbone, source, target_images, *, seed=0, regularisation=0.1
):  # fmt: skip
    """Move each source example to the target's examples that it is sent to.

    For the other parameters, result and errors see `source_only`.

    Parameters
    ----------
    regularisation : float
        How widely an example is spread; see `sinkhorn`.

    References
    ----------
    Courty et al. (2017), Optimal transport for domain adaptation, TPAMI: the
    barycentric mapping.
    """
    xs, xt, scale = _standard_features(backbone, source, target_images)
    cost = scipy.spatial.distance.cdist(xs, xt, "sqeuclidean")
    plan = sinkhorn(cost / cost.mean(), regularisation)
    moved = plan @ xt / plan.sum(1, keepdims=True)
    return Adapted(backbone, fit_head(moved, source.labels), moved, scale)


@one_thread
def sinkhorn(cost, regularisation, most=1000):
    """Find the cheapest way to move n equal heaps into m equal holes, a little blurred.

    Gives what goes where, (n, m). Columns add up to 1/m, and rows, when it has settled,
    to 1/n.

    Parameters
    ----------
    cost : ndarray, (n, m)
    regularisation : float
        Weight of the entropy, in units of the cost: towards 0 each heap goes to one
        hole, with much of it to all.
    most : int
        The most rounds. They end when no heap is off by more than 1e-9 of it.

    References
    ----------
    Cuturi (2013), Sinkhorn distances: lightspeed computation of optimal transport.
    """
    n, m = cost.shape
    # A cost that depends on the heap or on the hole alone does not change the plan;
    # without it no row and no column of the kernel vanishes in floating point.
    cost = cost - cost.min(1, keepdims=True)
    cost = cost - cost.min(0, keepdims=True)
    kernel = np.exp(-cost / regularisation)
    rows, columns = np.ones(n), np.ones(m)
    for _ in range(most):
        rows = 1 / n / (kernel @ columns)
        columns = 1 / m / (kernel.T @ rows)
        if np.abs(n * rows * (kernel @ columns) - 1).max() < 1e-9:
            break
    return rows[:, None] * kernel * columns


def _standard_features(backbone, source, target_images):
    """Features of both by the source's mean and spread, and the scaling itself."""
    check(source, target_images)
    ours = features_of(backbone, source.images)
    scale = StandardScaler().fit(ours).transform
    return scale(ours), scale(features_of(backbone, target_images)), scale
