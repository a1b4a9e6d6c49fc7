"""Scores of clusters and of features: with labels that taught nobody, or without."""

from __future__ import annotations

import numpy as np
import scipy.optimize
from sklearn.metrics import (
    confusion_matrix,
    normalized_mutual_info_score,
    silhouette_score,
)
from sklearn.neighbors import KNeighborsClassifier

from tlcourse.threads import one_thread

NEIGHBOURS = 5  # that vote in the kNN probe


def nmi(labels, clusters):
    """Normalised mutual information: what clusters tell about labels, and back.

    It is 0 if they tell nothing of each other, 1 if each tells the other.

    Parameters
    ----------
    labels, clusters : array of int, (n,)

    Raises
    ------
    ValueError
        If they are not of one length.

    References
    ----------
    Strehl & Ghosh (2002), Cluster ensembles, JMLR.
    """
    return float(normalized_mutual_info_score(*_paired(labels, clusters)))


def clustering_accuracy(labels, clusters):
    """Share of pictures, 0-1, that are right if each cluster is given the best class.

    Each class is given to one cluster at most, so that more clusters than classes are
    no help. SciPy finds the best way to give them (the Hungarian method).

    For parameters and errors see `nmi`.

    References
    ----------
    Kuhn (1955), The Hungarian method for the assignment problem.
    """
    labels, clusters = _paired(labels, clusters)
    # Numbers from 0 up, whatever the classes and clusters are called.
    pairs = [np.unique(each, return_inverse=True)[1] for each in (labels, clusters)]
    counts = confusion_matrix(*pairs)
    rows, columns = scipy.optimize.linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / len(labels))


@one_thread
def silhouette(features, clusters):
    """How much nearer pictures are to their own cluster than to the next one.

    It needs no label, and goes from -1 to 1; it is about 0 where clusters overlap.

    Parameters
    ----------
    features : array, (n, d)
    clusters : array of int, (n,)

    Raises
    ------
    ValueError
        If there is one cluster, or each picture is one.

    References
    ----------
    Rousseeuw (1987), Silhouettes: a graphical aid to the interpretation and validation
    of cluster analysis.
    """
    count = len(np.unique(clusters))
    if not 2 <= count < len(features):
        raise ValueError(
            f"The silhouette compares clusters, and there are {count} of "
            f"{len(features)} pictures: make 2 at least, and fewer than pictures."
        )
    return float(silhouette_score(features, clusters))


def knn_probe(backbone, task):
    """Test accuracy, 0-1, of the nearest neighbours: what features are worth as such.

    A test picture takes the commonest class among the nearest 5 of all training
    pictures. Labels are used for this score alone.

    Parameters
    ----------
    backbone : Backbone
    task : Task
        With at least 5 training pictures.

    References
    ----------
    Wu et al. (2018), Unsupervised feature learning via non-parametric instance
    discrimination, CVPR.
    """
    near = KNeighborsClassifier(NEIGHBOURS)
    near.fit(backbone.features(task.train.images), task.train.labels)
    return float(near.score(backbone.features(task.test.images), task.test.labels))


@one_thread
def effective_rank(features):
    """How many directions features, (n, d), really use: 1 where they lie on a line.

    It is the smaller of n and d at most.

    References
    ----------
    Roy & Vetterli (2007), The effective rank: a measure of effective dimensionality.
    Garrido et al. (2023), RankMe, ICML.
    """
    features = np.asarray(features, float)
    values = np.linalg.svd(features - features.mean(0), compute_uv=False)
    shares = values / max(values.sum(), np.finfo(float).tiny)
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _paired(labels, clusters):
    labels, clusters = np.asarray(labels), np.asarray(clusters)
    if labels.ndim != 1 or labels.shape != clusters.shape or len(labels) == 0:
        raise ValueError(
            "Labels and clusters must be two lists of one length, a number for each "
            f"picture; these have the shapes {labels.shape} and {clusters.shape}."
        )
    return labels, clusters
