"""Changes that leave a picture what it is: self-supervision's only teacher.

Each name stands for a claim about the pictures, 'this does not matter'. Features learn
to ignore whatever the named changes change, so `colour` does not belong to fruit that
is told apart by its colour, nor `mirror` to letters.
"""

from __future__ import annotations

import numpy as np

from tlcourse.backbones import check_images
from tlcourse.quiet import import_keras


def _crop(layers):
    fill = {"fill_mode": "reflect"}
    zoom = layers.RandomZoom((-0.5, 0.0), **fill)
    return [zoom, layers.RandomTranslation(0.25, 0.25, **fill)]


def _shift(layers):
    return [layers.RandomTranslation(0.12, 0.12, fill_mode="nearest")]


def _mirror(layers):
    return [layers.RandomFlip("horizontal")]


def _any_way_up(layers):
    turn = layers.RandomRotation(0.5, fill_mode="reflect")
    return [layers.RandomFlip("horizontal_and_vertical"), turn]


def _tilt(layers):
    return [layers.RandomRotation(0.05, fill_mode="nearest")]


def _light(layers):
    brightness = layers.RandomBrightness(0.2, value_range=(0, 255))
    return [brightness, layers.RandomContrast(0.4, value_range=(0, 255))]


def _colour(layers):
    return [
        layers.RandomColorJitter(
            value_range=(0, 255), brightness_factor=0.3, contrast_factor=0.3,
            saturation_factor=(0.3, 0.7), hue_factor=0.1,
        )
    ]  # fmt: skip


def _grey(layers):
    return [layers.RandomGrayscale(0.2)]


#: The named changes; each makes Keras layers.
AUGMENTATIONS = {
    "crop": _crop,  # another part, up to twice as near
    "shift": _shift,  # a little up, down or sideways
    "mirror": _mirror,  # left is right, every second time
    "tilt": _tilt,  # up to 18 degrees
    "any_way_up": _any_way_up,  # turned by any angle and mirrored: no up and down
    "light": _light,  # brighter or darker, more or less contrast
    "colour": _colour,  # light, and hue and saturation too
    "grey": _grey,  # no colour at all, every fifth time
}


def augmenter(names):
    """Make one Keras model of several named changes, one after the other.

    It turns pictures (n, height, width, 3), 0-255, into changed ones; each picture gets
    a change of its own. `ValueError` if there are no names, or there is no such change.
    """
    names = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in names if name not in AUGMENTATIONS]
    if unknown:
        raise ValueError(
            f"There is no augmentation {unknown[0]!r}. Choose from "
            f"{', '.join(AUGMENTATIONS)}."
        )
    if not names:
        raise ValueError(
            "Without an augmentation two views are one picture: name at least one of "
            f"{', '.join(AUGMENTATIONS)}."
        )
    keras = import_keras()
    return keras.Sequential(
        [layer for name in names for layer in AUGMENTATIONS[name](keras.layers)]
    )


def views(images, augmentations, count=2, seed=0):
    """Draw views of pictures, as training sees them.

    Parameters
    ----------
    images : array, (n, height, width, 3), 0-255
    augmentations : sequence of str
        Names of ``AUGMENTATIONS``.
    count : int
        Views of each picture.
    seed : int
        It sets the seeds of Keras, NumPy and Python.

    Returns
    -------
    ndarray, float32, (count, n, height, width, 3), 0-255

    Raises
    ------
    ValueError
        If the images or the names are unusable.
    """
    images = check_images(images)
    import_keras().utils.set_random_seed(seed)
    change = augmenter(augmentations)
    return np.stack(
        [np.clip(change(images, training=True), 0, 255) for _ in range(count)]
    )
