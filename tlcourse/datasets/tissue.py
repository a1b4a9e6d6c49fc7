"""Patches under a microscope and of the eye's retina: what tissue is this?

Two pictures that scikit-image carries: tissue of the colon in which a stain colours
the glands brown, and the retina of an eye. The labels come from what the grey patches
no longer show, the stain's colour, and from a filter that finds vessels.
"""

from __future__ import annotations

import functools

import numpy as np
import skimage.color
import skimage.filters
import skimage.morphology

from tlcourse.datasets import patches

PATCH, GAP = 24, 2  # pixels: patches do not touch
CLASSES = ("gland", "connective tissue", "retina with vessel", "retina without")
_MOST = 160  # patches of a class: the retina has many more
_SPREAD = 40  # grey levels, of each patch

_cut = functools.partial(patches.cut, side=PATCH, gap=GAP)


def make():
    """Cut both pictures into patches, keep clear cases, split them by a fixed draw."""
    classes = (_exposed(kind) for kind in (*_microscope(), *_retina()))
    return {"classes": CLASSES, **patches.splits(classes, _MOST)}


def _microscope():
    """Patches of the glands, which the stain has coloured, and of what lies between."""
    picture = patches.read("ihc.png")
    stained = skimage.color.rgb2hed(picture)[..., 2] > 0.04  # the brown stain, DAB
    pieces, share = _cut(picture[..., 1]), _cut(stained).mean((1, 2))
    tissue = pieces.std((1, 2)) > 12  # the white between is no tissue
    return pieces[tissue & (share > 0.7)], pieces[tissue & (share < 0.1)]


def _retina():
    """Patches of the retina that a vessel crosses, and others."""
    picture = patches.read("retina.jpg")
    inside = picture[..., 0] > 60  # the frame is black
    ridges = skimage.filters.sato(picture[..., 1] / 255, sigmas=[2, 3, 4, 6])
    pieces, share = _cut(picture[..., 1]), _cut(ridges > 0.015).mean((1, 2))
    whole = _cut(skimage.morphology.isotropic_erosion(inside, 20)).all((1, 2))
    return pieces[whole & (share > 0.2)], pieces[whole & (share < 0.01)]


def _exposed(pieces):
    """Give all patches one brightness and contrast, which would tell most classes."""
    pieces = pieces.astype("float32")
    middle, spread = (f(pieces, (1, 2), keepdims=True) for f in (np.mean, np.std))
    pieces = ((pieces - middle) / np.maximum(spread, 1) * _SPREAD + 128).clip(0, 255)
    return np.repeat(pieces[..., None], 3, axis=-1)
