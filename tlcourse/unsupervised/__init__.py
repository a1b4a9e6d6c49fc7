"""Unsupervised transfer: no labels on either side.

Training takes a backbone and an array of pictures, and gives a backbone; no function
has a place for labels. Scores that need labels take them to judge, never to train.

=======================  =============================================================
`simclr`                 know a picture again in another view, among many (contrastive)
`vicreg`                 describe two views alike, without comparing pictures
`rotation`               tell by how much a picture was turned
`autoencoder`            paint the picture again from its features
`deep_cluster`           learn to tell one's own clusters apart, and cluster again
-----------------------  -------------------------------------------------------------
`AUGMENTATIONS`          the named changes that make a view; `views` draws them
`kmeans`                 clusters of features, each picture to the nearest centre
`gaussian_mixture`       clusters as clouds with a breadth of their own
`how_many`               numbers of clusters, scored without a label
`nearest`                the pictures that a cluster stands for
`odd_ones_out`           the pictures that fit their cluster least
`project`                features in a plane: PCA, t-SNE, UMAP
-----------------------  -------------------------------------------------------------
`nmi`, `ari`             how well clusters and labels agree
`clustering_accuracy`    right answers if each cluster is given the best class
`silhouette`             how well clusters are apart; it needs no label
`knn_probe`              what features are worth to their nearest neighbours
`effective_rank`         how many directions features use; few after a collapse
=======================  =============================================================
"""

from tlcourse.unsupervised.augmentations import AUGMENTATIONS, views
from tlcourse.unsupervised.clustering import (
    Clusters,
    gaussian_mixture,
    how_many,
    kmeans,
    nearest,
    odd_ones_out,
)
from tlcourse.unsupervised.deep_clustering import deep_cluster
from tlcourse.unsupervised.projections import project
from tlcourse.unsupervised.scores import (
    ari,
    clustering_accuracy,
    effective_rank,
    knn_probe,
    nmi,
    silhouette,
)
from tlcourse.unsupervised.self_supervised import (
    autoencoder,
    rotation,
    simclr,
    vicreg,
)

__all__ = [
    "AUGMENTATIONS",
    "Clusters",
    "ari",
    "autoencoder",
    "clustering_accuracy",
    "deep_cluster",
    "effective_rank",
    "gaussian_mixture",
    "how_many",
    "kmeans",
    "knn_probe",
    "nearest",
    "nmi",
    "odd_ones_out",
    "project",
    "rotation",
    "silhouette",
    "simclr",
    "vicreg",
    "views",
]
