"""Unsupervised transfer: no labels on either side.

Training takes a backbone and an array of pictures, and gives a backbone; no function
has a place for labels. Scores that need labels take them to judge, never to train.

=======================  =============================================================
`simclr`                 know a picture again in another view, among many (contrastive)
`vicreg`                 describe two views alike, without comparing pictures
-----------------------  -------------------------------------------------------------
`AUGMENTATIONS`          the named changes that make a view; `views` draws them
`kmeans`                 clusters of features, each picture to the nearest centre
`how_many`               numbers of clusters, scored without a label
`nearest`                the pictures that a cluster stands for
`odd_ones_out`           the pictures that fit their cluster least
`project`                features in a plane: PCA, t-SNE
-----------------------  -------------------------------------------------------------
`nmi`                    how well clusters and labels agree
`clustering_accuracy`    right answers if each cluster is given the best class
`silhouette`             how well clusters are apart; it needs no label
`knn_probe`              what features are worth to their nearest neighbours
`effective_rank`         how many directions features use; few after a collapse
=======================  =============================================================
"""

from tlcourse.unsupervised.augmentations import AUGMENTATIONS, views
from tlcourse.unsupervised.clustering import (
    Clusters,
    how_many,
    kmeans,
    nearest,
    odd_ones_out,
)
from tlcourse.unsupervised.projections import project
from tlcourse.unsupervised.scores import (
    clustering_accuracy,
    effective_rank,
    knn_probe,
    nmi,
    silhouette,
)
from tlcourse.unsupervised.self_supervised import simclr, vicreg

__all__ = [
    "AUGMENTATIONS",
    "Clusters",
    "clustering_accuracy",
    "effective_rank",
    "how_many",
    "kmeans",
    "knn_probe",
    "nearest",
    "nmi",
    "odd_ones_out",
    "project",
    "silhouette",
    "simclr",
    "vicreg",
    "views",
]
