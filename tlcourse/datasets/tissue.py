"""Patches under a microscope and of the eye's retina: what tissue is this?

Two pictures that scikit-image carries: tissue of the colon in which a stain colours
the glands brown, and the retina of an eye. The labels come from what the grey patches
no longer show, the stain's colour, and from a filter that finds vessels.
"""

from __future__ import annotations

import pathlib

import numpy as np
import skimage.color
import skimage.data
import skimage.filters
import skimage.io
import skimage.morphology

PATCH, GAP = 24, 2  # pixels: patches do not touch
CLASSES = ("gland", "connective tissue", "retina with vessel", "retina without")
_MOST = 160  # patches of a class: the retina has many more
_SPREAD = 40  # grey levels, of each patch


def make(domain=None):
    """Cut both pictures into patches, keep clear cases, split them by a fixed draw."""
    rng = np.random.default_rng(0)
    parts = {"train": ([], []), "val": ([], []), "test": ([], [])}
    for label, patches in enumerate((*_microscope(), *_retina())):
        order = rng.permutation(len(patches))[:_MOST]
        cuts = [len(order) // 2, len(order) * 6 // 10]
        for split, chosen in zip(parts, np.split(order, cuts), strict=True):
            parts[split][0].append(_exposed(patches[chosen]))
            parts[split][1].append(np.full(len(chosen), label))
    splits = {
        split: (np.concatenate(images), np.concatenate(labels))
        for split, (images, labels) in parts.items()
    }
    return {"classes": CLASSES, **splits}


def _read(name):
    folder = pathlib.Path(skimage.data.__file__).parent
    return skimage.io.imread(folder / name)[..., :3]


def _microscope():
    """Patches of the glands, which the stain has coloured, and of what lies between."""
    picture = _read("ihc.png")
    stained = skimage.color.rgb2hed(picture)[..., 2] > 0.04  # the brown stain, DAB
    patches, share = _cut(picture[..., 1]), _cut(stained).mean((1, 2))
    tissue = patches.std((1, 2)) > 12  # the white between is no tissue
    return patches[tissue & (share > 0.7)], patches[tissue & (share < 0.1)]


def _retina():
    """Patches of the retina that a vessel crosses, and others."""
    picture = _read("retina.jpg")
    inside = picture[..., 0] > 60  # the frame is black
    ridges = skimage.filters.sato(picture[..., 1] / 255, sigmas=[2, 3, 4, 6])
    patches, share = _cut(picture[..., 1]), _cut(ridges > 0.015).mean((1, 2))
    whole = _cut(skimage.morphology.isotropic_erosion(inside, 20)).all((1, 2))
    return patches[whole & (share > 0.2)], patches[whole & (share < 0.01)]


def _cut(picture):
    """Cut a picture (h, w) into patches (n, PATCH, PATCH) with gaps between them."""
    step = PATCH + GAP
    return np.stack([
        picture[top : top + PATCH, left : left + PATCH]
        for top in range(0, picture.shape[0] - PATCH + 1, step)
        for left in range(0, picture.shape[1] - PATCH + 1, step)
    ])  # fmt: skip


def _exposed(patches):
    """Give all patches one brightness and contrast, which would tell most classes."""
    patches = patches.astype("float32")
    middle, spread = (f(patches, (1, 2), keepdims=True) for f in (np.mean, np.std))
    patches = ((patches - middle) / np.maximum(spread, 1) * _SPREAD + 128).clip(0, 255)
    return np.repeat(patches[..., None], 3, axis=-1)
