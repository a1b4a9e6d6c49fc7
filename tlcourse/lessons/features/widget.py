"""The widget of the lesson: where the pictures lie, as each source sees them."""

from __future__ import annotations

import functools

import numpy as np
from threadpoolctl import threadpool_limits

from tlcourse import datasets
from tlcourse.lessons.features import figures
from tlcourse.transferability import NEIGHBOURS, knn
from tlcourse.widgets.features import features_by
from tlcourse.widgets.static_first import StaticFirst

SOURCES = ("imagenet_distilled", "photos", "glyphs", "fractals", "random", "pixels")
TASKS = ("photos", "digits", "faces")
PROJECTIONS = ("t-SNE", "PCA")
PER_CLASS = 30  # more points hide one another


def where_pictures_lie(source="imagenet_distilled"):
    """Show a task's training pictures on a map, and let the learner choose.

    Parameters
    ----------
    source : str
        The source to begin with: one of ``SOURCES``, or ``"imagenet"``.
    """
    sources = list(dict.fromkeys([source, *SOURCES]))
    widget = StaticFirst(draw, source=sources, task=TASKS, projection=PROJECTIONS)
    widget.show()


def draw(source, task, projection="t-SNE"):
    """Draw the map of a task's training pictures, as one source sees them.

    Parameters
    ----------
    source : str
        ``"pixels"``, ``"random"`` or a source of ``backbones.load``.
    task : str
        See ``datasets.load``.
    projection : {"t-SNE", "PCA"}

    Returns
    -------
    Picture
        Its title gives the share of pictures that their neighbours classify
        rightly, counted before the projection.
    """
    vectors, labels, classes = described(source, task)
    accuracy = knn(vectors, labels)
    guess = f"{1 / len(classes):.2f}"
    seen = "as pixels" if source == "pixels" else f"seen by {source.replace('_', ' ')}"
    return figures.feature_map(
        _flattened(source, task, projection),
        labels,
        classes,
        title=f"{task} {seen}: neighbours right {accuracy:.2f}, guessing {guess}",
        alt=f"Map of {len(labels)} training pictures of {task}, {seen}, made with "
        f"{projection}. The {NEIGHBOURS} nearest neighbours name the class of "
        f"{accuracy:.2f} of them rightly, where guessing gives {guess}.",
    )


@functools.lru_cache(maxsize=24)
def described(source, task):
    """Describe some training pictures of a task by a source's features.

    Parameters
    ----------
    source, task : str
        As for `draw`.

    Returns
    -------
    vectors : ndarray, float32, (n, d)
    labels : ndarray, int, (n,)
    classes : tuple of str
    """
    data = datasets.load(task)
    per_class = min(PER_CLASS, np.bincount(data.train.labels).min())
    few = datasets.few(data.train.labels, per_class, 0, task)
    images, labels = data.train.images[few], data.train.labels[few]
    return features_by(source, images), labels, data.classes


@functools.lru_cache(maxsize=48)
def _flattened(source, task, projection):
    """Bring the pictures of `described` into the plane; (n, 2)."""
    vectors = described(source, task)[0]
    if projection == "PCA":
        from sklearn.decomposition import PCA

        return PCA(2, random_state=0).fit_transform(vectors)
    from sklearn.manifold import TSNE

    # On so few points, threads only wait for one another: six times slower.
    with threadpool_limits(1):
        return TSNE(init="pca", random_state=0).fit_transform(vectors)
