"""Faces or not: the subset of Labeled Faces in the Wild of scikit-image."""

from __future__ import annotations

import numpy as np
import skimage.data

from tlcourse import datasets


def make():
    """Read 100 faces and 100 other pictures, grey, of 25 x 25 pixels."""
    images = np.repeat(skimage.data.lfw_subset()[..., None] * 255.0, 3, axis=-1)
    labels = np.repeat([1, 0], 100)  # the file holds the faces first
    splits = datasets.shuffled_splits(images, labels, train=0.5, val=0.1)
    return {"classes": ("no face", "face"), **splits}
