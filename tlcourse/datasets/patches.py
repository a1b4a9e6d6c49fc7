"""Pictures that packages carry, cut into patches that do not touch."""

from __future__ import annotations

import pathlib

import numpy as np
import skimage.data
import skimage.io


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

    Parameters
    ----------
    classes : iterable of ndarray, (n, ...)
        The patches of each class in turn.
    most : int, optional
        Keep so many patches of each class.

    Returns
    -------
    dict
        ``train``, ``val`` and ``test``, each (images, labels); always the same draw.
    """
    rng = np.random.default_rng(0)
    parts = {"train": ([], []), "val": ([], []), "test": ([], [])}
    for label, patches in enumerate(classes):
        order = rng.permutation(len(patches))[:most]
        cuts = [len(order) // 2, len(order) * 6 // 10]
        for split, chosen in zip(parts, np.split(order, cuts), strict=True):
            parts[split][0].append(patches[chosen])
            parts[split][1].append(np.full(len(chosen), label))
    return {
        split: (np.concatenate(images), np.concatenate(labels))
        for split, (images, labels) in parts.items()
    }
