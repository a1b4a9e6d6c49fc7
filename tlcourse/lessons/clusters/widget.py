"""The widget of the lesson: clusters of features, and the pictures in them."""

from __future__ import annotations

import functools

import numpy as np

from tlcourse import datasets, unsupervised
from tlcourse.lessons.clusters import figures
from tlcourse.plots.style import readable
from tlcourse.widgets.features import features_by
from tlcourse.widgets.static_first import StaticFirst, labelled

DATA = ("apples", "photos", "faces", "digits", "tissue")
PROJECTIONS = {"t-SNE": "tsne", "PCA": "pca"}
MOST_CLUSTERS = 12
POINTS = 240  # more points hide one another
NEAR, ODD = 6, 4


def cluster_lab(source="imagenet_distilled"):
    """Let the learner choose features, projection and number of clusters, and look in.

    Pointing at a point of the map shows its picture; the last slider goes through the
    clusters.

    Parameters
    ----------
    source : str
        See ``backbones.load``.
    """
    features = list(dict.fromkeys([source, "glyphs", "random", "pixels"]))
    k, cluster = _sliders()
    StaticFirst(
        draw,
        data=DATA,
        features=features,
        projection=PROJECTIONS,
        k=k,
        cluster=cluster,
    ).show()


def _sliders():
    """Number of clusters, and which of them to look into: never more than there are."""
    import ipywidgets as widgets

    # While a slider is dragged nothing is drawn: the clusters are found anew.
    slider = functools.partial(labelled, widgets.IntSlider, continuous_update=False)
    k = slider("clusters, k", value=4, min=2, max=MOST_CLUSTERS)
    cluster = slider("look into cluster", value=1, min=1, max=k.value)

    def fewer_or_more(change):
        cluster.max = change["new"]

    k.observe(fewer_or_more, names="value")
    return k, cluster


@functools.lru_cache(maxsize=8)
def draw(data, features, projection, k, cluster):
    """Draw the map of a data set's clusters, their scores, and one cluster's pictures.

    Parameters
    ----------
    data : str
        One of ``DATA``.
    features : str
        ``"pixels"``, ``"random"`` or a source of ``backbones.load``.
    projection : str
        One of the values of ``PROJECTIONS``.
    k : int
        Number of clusters.
    cluster : int
        The one to look into, from 1 to k.
    """
    chosen = min(cluster, k) - 1
    near, odd = looked_into(data, features, k)
    seen = "raw pixels" if features == "pixels" else readable(features)
    [laid] = (name for name, value in PROJECTIONS.items() if value == projection)
    return figures.cluster_lab(
        flat(data, features, projection),
        clustered(data, features, k).members,
        some(data)[0],
        scored(data, features, k),
        chosen,
        near[chosen],
        odd[chosen],
        title=f"{data} by {seen}: {k} clusters, {laid}",
    )


@functools.lru_cache(maxsize=5)
def some(data):
    """Some training pictures, drawn without a look at their labels.

    Returns
    -------
    images : ndarray, float32, (n, height, width, 3), 0-255
    labels : ndarray, int, (n,)
        For scores alone.
    """
    train = datasets.load(data).train
    rows = np.random.default_rng(0).permutation(len(train))[:POINTS]
    return train.images[rows], train.labels[rows]


@functools.lru_cache(maxsize=24)
def described(data, features):
    """Describe the pictures of `some`; (n, d)."""
    return features_by(features, some(data)[0])


@functools.lru_cache(maxsize=48)
def clustered(data, features, k):
    """Clusters of the pictures, found without labels."""
    return unsupervised.kmeans(described(data, features), k)


@functools.lru_cache(maxsize=48)
def flat(data, features, projection):
    """Lay the pictures out in the plane; (n, 2)."""
    return unsupervised.project(described(data, features), projection)


@functools.lru_cache(maxsize=48)
def looked_into(data, features, k):
    """Positions of the pictures nearest each centre, and furthest; two lists of k."""
    vectors, clusters = described(data, features), clustered(data, features, k)
    return (
        unsupervised.nearest(clusters, vectors, NEAR),
        unsupervised.odd_ones_out(clusters, vectors, ODD),
    )


@functools.lru_cache(maxsize=48)
def scored(data, features, k):
    """Score clusters, with and without labels; a dict for each."""
    members, (_, labels) = clustered(data, features, k).members, some(data)
    within = unsupervised.silhouette(described(data, features), members)
    return {
        "No label needed": {"silhouette": within},
        "With labels that the\nclusters never saw": {
            "NMI": unsupervised.nmi(labels, members),
            "accuracy": unsupervised.clustering_accuracy(labels, members),
        },
    }
