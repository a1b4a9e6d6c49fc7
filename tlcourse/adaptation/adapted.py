"""What every method of adaptation is given, and what it gives back."""

from __future__ import annotations

import dataclasses

import numpy as np

from tlcourse.activations import frozen_outputs
from tlcourse.backbones import Backbone, check_images
from tlcourse.datasets import check_labels
from tlcourse.probes import linear_probe
from tlcourse.threads import one_thread


@dataclasses.dataclass(frozen=True, eq=False)
class Adapted:
    """A classifier for images of the target.

    Attributes
    ----------
    backbone : Backbone
        What the target's images run through.
    head : sklearn.base.ClassifierMixin
        Tells classes by features.
    source_features : ndarray, float, (n, d)
        The source's examples as the head has seen them.
    align : callable or None
        From the backbone's features of the target, (n, d), to those for the head;
        None where they are the same.
    """

    backbone: Backbone
    head: object
    source_features: np.ndarray
    align: object = None

    def features(self, images):
        """Describe images (n, height, width, 3), 0-255, as the head does: (n, d)."""
        features = features_of(self.backbone, images)
        return features if self.align is None else self.align(features)

    @one_thread
    def predict(self, images):
        """Give probabilities, float32, (n, classes), of images as in `features`."""
        known = self.head.classes_  # a small source may lack a class
        chances = np.zeros((len(images), known[-1] + 1), "float32")
        chances[:, known] = self.head.predict_proba(self.features(images))
        return chances


def features_of(backbone, images):
    """Give a backbone's features of images, computed once; float32, (n, d)."""
    return frozen_outputs(backbone, [images])[0]


@one_thread
def fit_head(features, labels, weights=None):
    """Fit the linear head that all methods share, to features (n, d) and labels (n,).

    ``weights``, (n,), say how much each example counts.
    """
    head = linear_probe()
    last = head.steps[-1][0]
    return head.fit(features, labels, **{f"{last}__sample_weight": weights})


def check(source, target_images):
    """Refuse, before any work, what cannot be adapted.

    Raises
    ------
    ValueError
        If the source has no images with labels of at least two classes, or the
        target's images are none.
    """
    if not (hasattr(source, "images") and hasattr(source, "labels")):
        raise ValueError(
            "source must have images and labels: give a split of a task, such as "
            f"task.train, not {type(source).__name__}."
        )
    if not isinstance(target_images, np.ndarray):
        raise ValueError(
            "target_images must be an array of images, without labels: give "
            f"target.images, not {type(target_images).__name__}."
        )
    check_images(source.images)
    check_images(target_images)
    check_labels(source, "the source")
    if len(np.unique(source.labels)) < 2:
        raise ValueError(
            "All examples of the source are of one class, so there is nothing to tell "
            "apart: give examples of at least two classes."
        )
    if len(target_images) < 2:
        raise ValueError(
            "One image does not show what a domain looks like: give at least two of "
            "the target's."
        )
