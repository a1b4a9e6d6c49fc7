"""Larger data sets, which are downloaded once and checked by their sha256."""

from __future__ import annotations

import pathlib

import numpy as np

from tlcourse import datasets
from tlcourse.quiet import import_keras

_FLOWERS = "https://download.tensorflow.org/example_images/flower_photos.tgz"
_FLOWERS_SHA256 = "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c"
_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
# All of MNIST would take 0.6 GB as three float channels, and few labels are our
# subject: we keep so many examples.
_KEPT = 8000


def make(name):
    """Download ``"cifar10"``, ``"mnist"`` or ``"flowers"``.

    Raises
    ------
    ConnectionError
        If it has to be downloaded and cannot be.
    """
    keras = import_keras()
    try:
        if name == "flowers":
            return _flowers(keras)
        (images, labels), (more, their) = getattr(keras.datasets, name).load_data()
    except Exception as problem:
        if "URL fetch failure" not in str(problem):
            raise
        raise ConnectionError(
            f"The data set {name!r} could not be downloaded. Without a network take "
            f"one of {', '.join(datasets.NAMES)}, or connect and try again."
        ) from None
    splits = datasets.shuffled_splits(
        _colour(images[:_KEPT]), labels[:_KEPT].ravel(), train=0.8, val=0.2
    )
    splits["test"] = (_colour(more[: _KEPT // 4]), their[: _KEPT // 4].ravel())
    classes = _CIFAR10.split() if name == "cifar10" else "0123456789"
    return {"classes": tuple(classes), **splits}


def _colour(images):
    """Give grey images three channels; float32, (n, h, w, 3)."""
    if images.ndim == 3:
        images = np.repeat(images[..., None], 3, axis=-1)
    return images.astype("float32")


def _flowers(keras):
    """Read 3670 photographs of five flowers, at 64 x 64 pixels."""
    folder = keras.utils.get_file(
        origin=_FLOWERS, extract=True, file_hash=_FLOWERS_SHA256
    )
    # Keras 3.6 and later give the folder into which the archive was unpacked.
    root = next(iter(sorted(pathlib.Path(folder).rglob("daisy")))).parent
    classes = sorted(path.name for path in root.iterdir() if path.is_dir())
    images, labels = [], []
    for label, flower in enumerate(classes):
        for path in sorted((root / flower).glob("*.jpg")):
            picture = keras.utils.load_img(path, target_size=(64, 64))
            images.append(np.asarray(picture, "float32"))
            labels.append(label)
    splits = datasets.shuffled_splits(
        np.stack(images), np.array(labels), train=0.6, val=0.1
    )
    return {"classes": tuple(classes), **splits}
