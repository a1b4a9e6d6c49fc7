"""Handwritten digits (UCI), as scikit-learn carries them."""

from __future__ import annotations

import numpy as np
import sklearn.datasets

from tlcourse import datasets


def make(domain=None):
    """Read 1797 digits of 8 x 8 pixels; 16 levels of grey become 0-255."""
    raw = sklearn.datasets.load_digits()
    images = np.repeat((raw.images * (255 / 16))[..., None], 3, axis=-1)
    # 83 digits or so a class: enough for 50 labels a class and a long test split.
    splits = datasets.shuffled_splits(images, raw.target, train=0.5, val=0.1)
    return {"classes": tuple("0123456789"), **splits}
