"""Which source suits this target? Scores that tell before any training.

Each score takes what a source makes of the target's training images, and their labels,
and gives one number: the more, the better. `logme`, `h_score`, `gbc`, `knn` and
`linear_probe` take features, `leep` and `nce` the probabilities of the source's own
classes. A score compares sources on one target; across targets it says nothing.
`rank` puts several backbones in a table, and `agreement` holds it against the truth.
"""

from __future__ import annotations

import functools
import time

import numpy as np
import pandas
import scipy.optimize
import scipy.special
import scipy.stats
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestNeighbors

from tlcourse import datasets, probes
from tlcourse.datasets import photos
from tlcourse.progress import progress
from tlcourse.threads import one_thread
from tlcourse.training import transfer

NEIGHBOURS = 5
FOLDS = 5
_GBC_DIMENSIONS = 64  # as in the paper
_FLOOR = 1e-4  # of the mean variance: a class of equal images has none of its own


@one_thread
def logme(features, labels):
    """Logarithm of maximum evidence: how well a linear model explains the labels.

    Each class in turn is 1 and the others 0. A Bayesian linear regression with prior
    precision alpha and noise precision beta gives the evidence, the probability of
    those numbers with all weights averaged out; it is largest for the best alpha and
    beta. The score is its logarithm divided by n, averaged over the classes.

    Parameters
    ----------
    features : array, (n, d)
    labels : array of int, (n,)

    Raises
    ------
    ValueError
        If features and labels don't fit, or there is a single class; for `gbc`, `knn`
        and `linear_probe` also if a class has a single image.

    Notes
    -----
    Given t = alpha / beta, the best beta is known, so one number is searched for, in
    place of the published code's fixed point, which is wrong where n < d. The search
    covers t from 1e-10 to 1e10 times the largest eigenvalue: where a linear model
    explains a class without any error, the evidence has no largest value.

    References
    ----------
    You et al. (2021), LogME: practical assessment of pre-trained models for transfer
    learning, ICML.
    """
    features, labels = _checked(features, labels)
    left, singular, _ = np.linalg.svd(features, full_matrices=False)
    above_zero = singular > singular.max(initial=0) * max(features.shape) * 1e-15
    left, eigenvalues = left[:, above_zero], singular[above_zero] ** 2
    targets = np.eye(labels.max() + 1)[labels]
    inside = (left.T @ targets) ** 2
    outside = np.maximum((targets**2).sum(0) - inside.sum(0), 0)
    evidences = [
        _largest_evidence(eigenvalues, *parts, len(labels))
        for parts in zip(inside.T, outside, strict=True)
    ]
    return float(np.mean(evidences))


def _largest_evidence(eigenvalues, inside, outside, n):
    """Log evidence a label at its best t; ``outside``: what no weights can explain."""

    def evidence(log_t):
        t = np.exp(np.asarray(log_t))[..., None]
        shrunk = t / (t + eigenvalues)
        error = outside + (inside * shrunk).sum(-1)  # squared errors and prior
        error = np.maximum(error, np.finfo(float).tiny)
        log_beta = np.log(n / error)
        return (np.log(shrunk).sum(-1) / n + log_beta - 1 - np.log(2 * np.pi)) / 2

    centre = np.log(eigenvalues.max(initial=1e-300))
    grid = centre + np.linspace(-10, 10, 101) * np.log(10)
    best = evidence(grid).argmax()  # there may be several maxima
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    search = scipy.optimize.minimize_scalar(
        lambda log_t: -evidence(log_t), bounds=around, method="bounded"
    )
    return max(-search.fun, evidence(grid[best]))


@one_thread
def h_score(features, labels):
    """H-score: how much of the features' variance lies between the classes.

    The trace of the features' inverse covariance times the covariance of the class
    means, from 0 to the number of classes minus one, about. With fewer images than
    features the plain covariance has no inverse, and the score is the number of classes
    minus one whatever the features are; here it is shrunk as Ledoit and Wolf do.

    For parameters and errors see `logme`.

    References
    ----------
    Bao et al. (2019), An information-theoretic approach to transferability in task
    transfer learning, ICIP. Ibrahim et al. (2022), Newer is not always better:
    rethinking transferability metrics, their peculiarities, stability and
    performance, ECML: the shrinkage.
    """
    features, labels = _checked(features, labels)
    centred = features - features.mean(0)
    if not centred.any():
        return 0.0
    covariance, shrinkage = ledoit_wolf(centred, assume_centered=True)
    means = _means(centred, labels)[labels]  # each image stands where its class does
    between = (1 - shrinkage) * means.T @ means / len(labels)
    return float(np.trace(np.linalg.solve(covariance, between)))


@one_thread
def gbc(features, labels):
    """Gaussian Bhattacharyya coefficient: how little the classes overlap; at most 0.

    Each class becomes a Gaussian with a diagonal covariance, in the first 64
    principal components. The score is minus the sum, over all pairs of different
    classes, of the overlap of their Gaussians, which is 1 where they are equal and 0
    where they are far apart.

    For parameters and errors see `logme`.

    References
    ----------
    Pandy et al. (2022), Transferability estimation using Bhattacharyya class
    separability, CVPR.
    """
    features, labels = _checked(features, labels, least=2)
    dimensions = min(_GBC_DIMENSIONS, features.shape[1], len(features) - 1)
    centred = features - features.mean(0)
    if not centred.any():
        classes = labels.max() + 1
        return -float(classes * (classes - 1))  # every pair overlaps wholly
    points = PCA(dimensions, svd_solver="full").fit_transform(centred)
    points /= points.std()
    means = _means(points, labels)
    variances = _means((points - means[labels]) ** 2, labels) + _FLOOR
    score = 0.0
    for one in range(len(means)):
        for other in range(one):
            both = (variances[one] + variances[other]) / 2
            apart = ((means[one] - means[other]) ** 2 / both).sum() / 8
            unlike = np.log(both / np.sqrt(variances[one] * variances[other])).sum()
            score -= 2 * np.exp(-apart - unlike / 2)
    return float(score)


@one_thread
def knn(features, labels):
    """Accuracy, 0-1, of the nearest neighbours, each image left out once.

    An image takes the commonest class among its 5 nearest; among fewer where the
    smallest class has not 5 others to offer.

    For parameters and errors see `logme`.

    References
    ----------
    Cover & Hart (1967), Nearest neighbor pattern classification.
    """
    features, labels = _checked(features, labels, least=2)
    k = min(NEIGHBOURS, np.bincount(labels).min() - 1)
    # Without an argument, kneighbors leaves each image out of its own list.
    near = NearestNeighbors(n_neighbors=k).fit(features).kneighbors()[1]
    votes = np.eye(labels.max() + 1)[labels[near]].sum(1)
    return float((votes.argmax(1) == labels).mean())


@one_thread
def linear_probe(features, labels):
    """Accuracy, 0-1, of a linear classifier on images that it was not fitted on.

    Cross-validated: in 5 parts, or as many as the smallest class has images.

    For parameters and errors see `logme`.

    References
    ----------
    Alain & Bengio (2016), Understanding intermediate layers using linear classifier
    probes.
    """
    features, labels = _checked(features, labels, least=2)
    parts = min(FOLDS, np.bincount(labels).min())
    folds = StratifiedKFold(parts, shuffle=True, random_state=0)
    scores = cross_val_score(probes.linear_probe(), features, labels, cv=folds)
    return float(scores.mean())


def leep(probabilities, labels):
    """Log expected empirical prediction: what the source's own classes tell; at most 0.

    The source's head says for each image how likely each source class z is. Counted
    over the images, P(y | z) says which target class goes with z. The two together
    predict the label; the score is the mean log probability of the right one.

    Parameters
    ----------
    probabilities : array, (n, source classes)
        Of the source's head for each target image; rows sum to 1.
    labels : array of int, (n,)
        The target's.

    Raises
    ------
    ValueError
        If probabilities and labels don't fit, or there is a single class.

    References
    ----------
    Nguyen et al. (2020), LEEP: a new measure to evaluate transferability of learned
    representations, ICML.
    """
    probabilities, labels = _checked_probabilities(probabilities, labels)
    targets = np.eye(labels.max() + 1)[labels]
    joint = targets.T @ probabilities / len(labels)  # P(y, z)
    mass = joint.sum(0)
    # A source class without mass predicts nothing: 0 / 0 would make the score NaN.
    conditional = np.divide(joint, mass, out=np.zeros_like(joint), where=mass > 0)
    expected = (probabilities @ conditional.T)[np.arange(len(labels)), labels]
    return float(np.log(expected).mean())


def nce(probabilities, labels):
    """Negative conditional entropy of the labels, given the source's best guess.

    As `leep`, but of the source's classes only the likeliest counts for each image.

    For parameters, result and errors see `leep`.

    References
    ----------
    Tran et al. (2019), Transferability and hardness of supervised classification
    tasks, ICCV.
    """
    probabilities, labels = _checked_probabilities(probabilities, labels)
    guesses = np.eye(probabilities.shape[1])[probabilities.argmax(1)]
    joint = np.eye(labels.max() + 1)[labels].T @ guesses / len(labels)
    log_likely = scipy.special.xlogy(joint, joint)
    return float((log_likely - scipy.special.xlogy(joint, joint.sum(0))).sum())


FROM_FEATURES = {
    score.__name__: score for score in (logme, h_score, gbc, knn, linear_probe)
}
FROM_PROBABILITIES = {score.__name__: score for score in (leep, nce)}
SCORES = (*FROM_FEATURES, *FROM_PROBABILITIES)


def source_probabilities(backbone, images):
    """Ask a source which of its own classes it sees in the target's images.

    For ``"imagenet"`` that is the source's own head. The bundled sources were stored
    without theirs; a linear one is fitted to fresh pictures of the source.

    Parameters
    ----------
    backbone : Backbone
        From the source ``"imagenet"``, ``"glyphs"``, ``"fractals"`` or ``"photos"``.
    images : array, (n, height, width, 3), 0-255

    Returns
    -------
    ndarray, float64, (n, source classes)

    Raises
    ------
    ValueError
        If the source has no classes.
    """
    if backbone.source == "imagenet":
        return np.float64(backbone.classify(images))
    if backbone.source not in _OWN_PICTURES:
        raise ValueError(
            f"The source {backbone.source!r} has no classes of its own, so leep and "
            "nce cannot be asked: take a score from features, such as logme."
        )
    return _own_head(backbone).predict_proba(backbone.features(images))


def _from_dataset(name):
    task = datasets.load(name)
    return task.train.images, task.train.labels


_OWN_PICTURES = {
    "glyphs": lambda: _from_dataset("glyphs"),
    "fractals": lambda: _from_dataset("fractals"),
    "photos": lambda: photos.crops(np.random.default_rng(0), 3000),
}


@functools.lru_cache(maxsize=8)
@one_thread
def _own_head(backbone):
    images, labels = _OWN_PICTURES[backbone.source]()
    return probes.linear_probe().fit(backbone.features(images), labels)


def rank(backbones, task, plan=None, *, scores=SCORES, epochs=20, seed=0):
    """Score several backbones on one target, and try them if asked to.

    Parameters
    ----------
    backbones : dict of str to Backbone
        The keys name the rows.
    task : Task
        The scores see its training split, and nothing else.
    plan : callable, optional
        ``plan(backbone)`` gives a FreezePlan or a schedule: ``tl.FreezePlan.all``,
        for instance. Then each backbone is transferred, and tested.
    scores : sequence of str
        Some of ``SCORES``.
    epochs, seed : int
        For the transfer.

    Returns
    -------
    pandas.DataFrame
        A row a backbone, the best LogME (or whichever score comes first) above: the
        scores, empty where the source has no classes; ``parameters``, for the plain
        baseline 'take the biggest'; ``seconds`` for features and scores; and with a
        plan ``accuracy`` (test split, 0-1) and ``seconds_to_train``. See `agreement`.

    Raises
    ------
    ValueError
        If there are no backbones, or a score is unknown.
    """
    _check_choice(backbones, scores)
    rows = {}
    for name, backbone in progress(list(backbones.items()), "Scoring"):
        started = time.perf_counter()
        row = _scores(backbone, task.train, scores)
        row |= {
            "parameters": backbone.parameters,
            "seconds": time.perf_counter() - started,
        }
        if plan is not None:
            run = transfer(
                backbone, task, plan(backbone), epochs, seed,
                validate=False, show_progress=False,
            )  # fmt: skip
            row |= {"accuracy": run.test_accuracy, "seconds_to_train": run.seconds}
        rows[name] = row
    table = pandas.DataFrame.from_dict(rows, orient="index").rename_axis("backbone")
    return table.sort_values(scores[0], ascending=False, kind="stable")


def _check_choice(backbones, scores):
    if not backbones:
        raise ValueError("There are no backbones to rank: give at least one.")
    unknown = [name for name in scores if name not in SCORES]
    if unknown or not scores:
        raise ValueError(
            f"There is no score {', '.join(map(repr, unknown)) or 'to compute'}: "
            f"choose from {', '.join(SCORES)}."
        )


def _scores(backbone, split, names):
    """Compute scores of a split by name; NaN where the source has no classes."""
    features, row = backbone.features(split.images), {}
    classes = backbone.source == "imagenet" or backbone.source in _OWN_PICTURES
    for name in names:
        if name in FROM_FEATURES:
            row[name] = FROM_FEATURES[name](features, split.labels)
        elif classes:
            asked = source_probabilities(backbone, split.images)
            row[name] = FROM_PROBABILITIES[name](asked, split.labels)
        else:
            row[name] = np.nan
    return row


def agreement(table):
    """Hold the order that each score gives against the true one.

    Parameters
    ----------
    table : pandas.DataFrame
        From `rank` with a plan; or any table with a row a backbone, its scores and
        the ``accuracy`` to be predicted.

    Returns
    -------
    pandas.Series
        Weighted Kendall tau by score, ``parameters`` included: 1 where the order is
        the true one, -1 where it is turned round, about 0 by chance; a mistake among
        the best weighs most. Empty where some backbone lacks the score, or all tie.

    Raises
    ------
    ValueError
        If the table lacks the accuracy or has fewer than three rows.

    References
    ----------
    Vigna (2015), A weighted correlation index for rankings with ties, WWW.
    """
    if "accuracy" not in table:
        raise ValueError(
            "The table has no column 'accuracy': give rank a plan, so that it tries "
            "the backbones."
        )
    if len(table) < 3:
        raise ValueError(
            f"An order of {len(table)} backbones says nothing: rank at least three."
        )
    names = [name for name in (*SCORES, "parameters") if name in table]
    taus = {
        name: scipy.stats.weightedtau(table["accuracy"], table[name]).statistic
        if table[name].notna().all()
        else np.nan
        for name in names
    }
    return pandas.Series(taus, name="weighted tau")


def _means(values, labels):
    """Average of each class; (classes, d)."""
    return np.stack([values[labels == label].mean(0) for label in np.unique(labels)])


def _checked(features, labels, least=1):
    """Features as float64 and labels from 0 on, or one sentence on what is wrong."""
    features = np.asarray(features, "float64")
    labels = np.asarray(labels)
    if features.ndim != 2 or labels.shape != features.shape[:1] or not features.size:
        raise ValueError(
            "A score takes one row and one label an image, shapes (n, d) and (n,), not "
            f"{features.shape} and {labels.shape}: backbone.features(images) gives "
            "such rows."
        )
    if not np.isfinite(features).all():
        raise ValueError("Some numbers are NaN or infinite: look at the images first.")
    classes, labels = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            "All images are of one class, so there is nothing to tell apart: give "
            "images of at least two classes."
        )
    if np.bincount(labels).min() < least:
        raise ValueError(
            f"A class has fewer than {least} images, which this score needs: take "
            f"per_class={least} or more."
        )
    return features, labels


def _checked_probabilities(probabilities, labels):
    probabilities, labels = _checked(probabilities, labels)
    sums = probabilities.sum(1)
    if probabilities.min() < 0 or abs(sums - 1).max() > 1e-3:
        raise ValueError(
            "Probabilities must be at least 0 and each row must sum to 1; these sum "
            f"to {sums.min():.3g} to {sums.max():.3g}: give "
            "source_probabilities(backbone, images), not features."
        )
    return probabilities, labels
