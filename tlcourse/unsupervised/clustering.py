"""Groups of pictures that nobody has named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from tlcourse.threads import one_thread
from tlcourse.unsupervised.scores import silhouette

STARTS = 10  # the tightest of so many clusterings is kept


@dataclasses.dataclass(frozen=True, eq=False)
class Clusters:
    """Groups found among some pictures, which others can be put into.

    Attributes
    ----------
    members : ndarray, int, (n,)
        The cluster of each picture, from 0 up.
    centres : ndarray, float, (k, d)
        Mean features of each cluster.
    model : sklearn.cluster.KMeans
        What grouped them.
    scale : float
        The features' spread, by which they are divided before.
    """

    members: np.ndarray
    centres: np.ndarray
    model: object
    scale: float

    @one_thread
    def predict(self, features):
        """Give the clusters (m,) of other pictures by such features, (m, d)."""
        return self.model.predict(np.asarray(features, float) / self.scale)

    def distances(self, features):
        """Euclidean distances (m, k) of features (m, d) to the centres."""
        return cdist(features, self.centres)


@one_thread
def kmeans(features, k, *, seed=0):
    """Put each picture to the nearest of k centres, each the mean of its pictures.

    Parameters
    ----------
    features : array, (n, d)
        Of pictures; raw pixels as rows will do, too.
    k : int
        From 2 to n.
    seed : int

    Returns
    -------
    Clusters

    Raises
    ------
    ValueError
        If features are not finite rows, or ``k`` does not fit them.

    References
    ----------
    Lloyd (1982), Least squares quantization in PCM. Arthur & Vassilvitskii (2007),
    k-means++.
    """
    features = _checked(features, k)
    # Features of a random network are so small that their squares vanish.
    scale = float(features.std()) or 1.0
    model = KMeans(k, n_init=STARTS, random_state=seed)
    members = model.fit_predict(features / scale)
    return Clusters(members, model.cluster_centers_ * scale, model, scale)


def _checked(features, k):
    features = np.asarray(features, float)
    if features.ndim != 2 or len(features) < 2 or not np.isfinite(features).all():
        raise ValueError(
            "Features must be finite rows, one for each of at least 2 pictures, and "
            f"these have the shape {features.shape}: see backbone.features(images)."
        )
    if not isinstance(k, (int, np.integer)) or not 2 <= k <= len(features):
        raise ValueError(
            f"k must be a whole number from 2 to the {len(features)} pictures, not "
            f"{k!r}."
        )
    return features


def how_many(features, ks, *, seed=0):
    """Score numbers of clusters ``ks`` without a label.

    For the other parameters and errors see `kmeans`.

    Returns
    -------
    pandas.DataFrame
        A row for each k. ``inertia``: squared distances to the own centre, which
        falls whatever k does; ``silhouette``: high is good.
    """
    rows = []
    for k in ks:
        clusters = kmeans(features, k, seed=seed)
        rows.append({
            "k": k,
            "inertia": clusters.model.inertia_,
            "silhouette": silhouette(features, clusters.members),
        })  # fmt: skip
    return pandas.DataFrame(rows)


def nearest(clusters, features, count=1):
    """Find the pictures nearest each centre: what a cluster stands for.

    Parameters
    ----------
    clusters : Clusters
    features : array, (n, d)
        Of the pictures that were clustered.
    count : int
        Pictures of each cluster.

    Returns
    -------
    list of ndarray of int
        For each cluster the positions of its pictures, the nearest first; fewer where
        a cluster has not so many.
    """
    return [rows[:count] for rows in _by_distance(clusters, features)]


def odd_ones_out(clusters, features, count=1):
    """Find the pictures furthest from their own centre.

    For parameters and result see `nearest`; the furthest come first.
    """
    return [rows[::-1][:count] for rows in _by_distance(clusters, features)]


def _by_distance(clusters, features):
    away = clusters.distances(features)
    sorted_rows = []
    for cluster in range(len(clusters.centres)):
        rows = np.flatnonzero(clusters.members == cluster)
        sorted_rows.append(rows[np.argsort(away[rows, cluster], kind="stable")])
    return sorted_rows
