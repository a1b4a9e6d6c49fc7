"""Real photographs that scikit-image, scikit-learn and matplotlib carry.

Ten of them are the target, from whose patches the `photos` task is made; ten
others are the source, on which the backbone `photos` is pre-trained. None is both.
"""

from __future__ import annotations

import functools

import matplotlib.cbook
import matplotlib.pyplot as plt
import numpy as np
import skimage.transform
import sklearn.datasets

from tlcourse.datasets import camera, patches
from tlcourse.datasets.drawing import resize_matrix

PATCH, GAP = 48, 4  # pixels: patches do not touch
_CROP = 64  # pixels of a picture for pre-training
_SQUARE = 128  # pixels of the squares into which the source photographs are ruled
FLAT = 8  # a standard deviation, in grey levels, below which nothing is to be seen

# name: (file, factor by which it is made smaller so that a patch shows something)
TARGET = {
    "cat": ("chelsea.png", 1.0),
    "histology": ("ihc.png", 1.0),
    "retina": ("retina.jpg", 0.5),
    "coffee": ("coffee.png", 1.0),
    "brick": ("brick.png", 1.0),
    "grass": ("grass.png", 1.0),
    "gravel": ("gravel.png", 1.0),
    "motorcycle": ("motorcycle_left.png", 1.0),
    "flower": ("flower.jpg", 1.0),
    "temple": ("china.jpg", 1.0),
}
SOURCE = {
    "astronaut": ("astronaut.png", 1.0),
    "camera": ("camera.png", 1.0),
    "cell": ("cell.png", 1.0),
    "coins": ("coins.png", 1.0),
    "deep field": ("hubble_deep_field.jpg", 1.0),
    "moon": ("moon.png", 1.0),
    "page": ("page.png", 1.0),
    "rocket": ("rocket.jpg", 1.0),
    "handwriting": ("text.png", 1.0),
    "admiral": ("grace_hopper.jpg", 1.0),
}


@functools.cache
def photograph(name):
    """Read one of ``TARGET`` or ``SOURCE`` by its name; float32 (h, w, 3) in 0-255."""
    file, factor = {**TARGET, **SOURCE}[name]
    if file in ("china.jpg", "flower.jpg"):
        picture = sklearn.datasets.load_sample_image(file)
    elif file == "grace_hopper.jpg":
        picture = plt.imread(matplotlib.cbook.get_sample_data(file))
    else:
        picture = patches.read(file)
    if picture.ndim == 2:
        picture = np.stack([picture] * 3, -1)
    picture = picture[..., :3].astype("float32")
    if factor != 1.0:
        shape = [round(side * factor) for side in picture.shape[:2]]
        picture = skimage.transform.resize(picture, shape, anti_aliasing=True)
    return picture


def grey(images):
    """Replace colour by luminance (ITU-R BT.601), still in three channels."""
    light = images @ np.array([0.299, 0.587, 0.114], "float32")
    return np.repeat(light[..., None], 3, axis=-1).astype("float32")


def _patches(name):
    """Cut a photograph into grey patches, but for flat ones.

    A patch of plain sky or black frame belongs to no photograph in particular.
    """
    pieces = patches.cut(grey(photograph(name)), PATCH, GAP)
    return pieces[pieces.std((1, 2, 3)) > FLAT]


def _window(picture, rng):
    """Choose a square of a photograph; rows and columns where it starts, its side."""
    side = int(min(np.exp(rng.uniform(*np.log((28, 200)))), *picture.shape[:2]))
    top, left = (rng.integers(0, s - side + 1) for s in picture.shape[:2])
    return top, left, side


def _ruling():
    """Squares down and across each source photograph; two int arrays."""
    shapes = np.array([photograph(name).shape[:2] for name in SOURCE])
    return (-(-shapes // _SQUARE)).T


def parts():
    """Count the squares into which `crops` rules the source photographs."""
    down, across = _ruling()
    return int((down * across).sum())


def crops(rng, n):
    """Take n pictures of the source photographs: anywhere, near or far.

    Gives images, float32 (n, 64, 64, 3) in 0-255, and as labels, int (n,), the square,
    of all photographs, that holds the picture's centre.
    """
    names = list(SOURCE)
    down, across = _ruling()
    first = np.cumsum([0, *(down * across)])
    images, labels = np.empty((n, _CROP, _CROP, 3), "float32"), np.empty(n, int)
    for i in range(n):
        which = rng.integers(len(names))
        picture = photograph(names[which])
        for _ in range(5):  # plain sky teaches nothing: look elsewhere
            top, left, window = _window(picture, rng)
            view = picture[top : top + window, left : left + window]
            if view.std() > FLAT:
                break
        shrink = resize_matrix(window, _CROP)
        view = np.einsum("ij,jkc,lk->ilc", shrink, view, shrink, optimize=True)
        view = np.rot90(view, rng.integers(4))
        images[i] = view[:, ::-1] if rng.random() < 0.5 else view
        row, column = ((edge + window // 2) // _SQUARE for edge in (top, left))
        labels[i] = first[which] + row * across[which] + column
    return _develop(images, rng), labels


def _develop(images, rng):
    """Vary light, contrast and tint; make two thirds of the pictures grey."""
    n = len(images)
    no_colour = rng.random(n) < 2 / 3
    images[no_colour] = grey(images[no_colour])
    tint = rng.uniform(0.7, 1.3, (n, 1, 1, 3))
    tint[no_colour] = tint[no_colour].mean(-1, keepdims=True)
    middle = images.mean((1, 2, 3), keepdims=True)
    contrast = np.exp(rng.normal(0.3, 0.4, (n, 1, 1, 1)))
    light = rng.normal(0, 25, (n, 1, 1, 1))
    images = (images - middle) * contrast * tint + middle + light
    return images.clip(0, 255).astype("float32")


def make(domain="as_taken"):
    """Cut the target's photographs into grey patches: whose patch is this?

    Colour would give most photographs away. In every photograph a fixed draw
    sends half of the patches to training, the rest to validation and test. The other
    domains hold the same patches as another camera takes them.
    """
    splits = patches.splits(map(_patches, TARGET))
    if domain != "as_taken":
        for split, (images, labels) in splits.items():
            splits[split] = camera.change(images, domain), labels
    return {"classes": tuple(TARGET), **splits}
