"""Handwritten digits (UCI), as scikit-learn carries them, and printed ones."""

from __future__ import annotations

import functools

import numpy as np
import sklearn.datasets

from tlcourse import datasets
from tlcourse.datasets import glyphs
from tlcourse.datasets.drawing import sample_bilinear

CLASSES = tuple("0123456789")
_PRINTED = {"train": 150, "val": 20, "test": 40}  # pictures of each printed digit
_SIDE = 8


def make(domain="handwritten"):
    """Give 1797 handwritten digits, or 2100 printed ones; 8 x 8 pixels, 17 greys."""
    if domain == "fonts":
        return {"classes": CLASSES, **{split: _printed(split) for split in _PRINTED}}
    raw = sklearn.datasets.load_digits()
    # 83 digits or so a class: enough for 50 labels per class and a long test split.
    splits = datasets.shuffled_splits(
        _colour(raw.images), raw.target, train=0.5, val=0.1
    )
    return {"classes": CLASSES, **splits}


def _colour(greys):
    """Make 16 levels of grey into 0-255, in three channels."""
    return np.repeat((greys * (255 / 16))[..., None], 3, axis=-1)


@functools.cache
def _outlines():
    """Draw each digit in each font that `glyphs` uses, (10, fonts, 48, 48), 0-1."""
    return np.stack([[glyphs.outline(font, digit) for font in glyphs.fonts()]
                     for digit in CLASSES])  # fmt: skip


def _printed(split):
    """Print digits, a little askew, and scan them as the handwritten ones were.

    Those were scanned at 32 x 32 pixels, and each 4 x 4 of them counted as one.
    """
    rng = np.random.default_rng([2026, *split.encode()])
    labels = np.repeat(np.arange(len(CLASSES)), _PRINTED[split])
    n, outlines = len(labels), _outlines()
    chosen = outlines[labels, rng.integers(outlines.shape[1], size=n)]
    angle, fill = rng.normal(0, 0.08, n), rng.uniform(0.85, 1.05, n)
    right, down = rng.normal(0, 0.05, (2, n, 1, 1))
    line = np.linspace(-1, 1, 4 * _SIDE)
    y, x = np.meshgrid(line, line, indexing="ij")
    cos, sin = (part[:, None, None] for part in (np.cos(angle), np.sin(angle)) / fill)
    middle = (chosen.shape[1] - 1) / 2
    rows = (cos * y - sin * x + down + 1) * middle
    columns = (cos * x + sin * y + right + 1) * middle
    sheets = sample_bilinear(chosen[..., None], rows, columns)
    counts = sheets.reshape(n, _SIDE, 4, _SIDE, 4).mean((2, 4))
    return _colour(np.round(16 * counts)), labels
