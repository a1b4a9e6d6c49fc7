"""Pictures that packages carry, cut into patches that do not touch."""

from __future__ import annotations

import pathlib

import numpy as np
import skimage.data
import skimage.io

from tlcourse import datasets


def read(file):
    """Read a picture that scikit-image carries; (h, w) or (h, w, channels)."""
    return skimage.io.imread(pathlib.Path(skimage.data.__file__).parent / file)


def cut(picture, side, gap):
    """Rule a picture (h, w, ...) into patches (n, side, side, ...) with gaps between.

    All numbers are pixels.
    """
    height, width = picture.shape[:2]
    return np.stack([
        picture[top : top + side, left : left + side]
        for top in range(0, height - side + 1, side + gap)
        for left in range(0, width - side + 1, side + gap)
    ])  # fmt: skip


def splits(classes, most=None):
    """Send half of each class's patches to training, a tenth to validation.

    ``classes`` are arrays (n, ...), of which ``most`` patches each are kept; see
    `tlcourse.datasets.shuffled_splits`.
    """
    classes = list(classes)
    labels = np.repeat(np.arange(len(classes)), [len(each) for each in classes])
    return datasets.shuffled_splits(
        np.concatenate(classes), labels, 0.5, 0.1, rounded=np.floor, most=most
    )
