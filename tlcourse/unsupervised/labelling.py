"""From clusters to what they mean, and to labels."""

from __future__ import annotations

import numpy as np


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
    found = []
    for cluster in range(len(clusters.centres)):
        rows = np.flatnonzero(clusters.members == cluster)
        found.append(rows[np.argsort(away[rows, cluster], kind="stable")])
    return found
