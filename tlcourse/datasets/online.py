"""Larger data sets, which are downloaded once and checked by their checksums."""

from __future__ import annotations

import http.client
import pathlib

import numpy as np
import scipy.io
import sklearn.datasets

from tlcourse import datasets
from tlcourse.datasets import photos
from tlcourse.quiet import import_keras

_LIBSVM = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"
_STANFORD = "http://ufldl.stanford.edu/housenumbers/"
# Address and checksum of each file: sha256, for SVHN as TensorFlow Datasets gives it.
# Of USPS only the md5 is public (torchvision gives it): it finds a damaged file, but
# would not keep out somebody who forges one.
_FILES = {
    "flowers": (
        "https://download.tensorflow.org/example_images/flower_photos.tgz",
        "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
    ),
    "usps train": (_LIBSVM + "usps.bz2", "ec16c51db3855ca6c91edd34d0e9b197"),
    "usps test": (_LIBSVM + "usps.t.bz2", "8ea070ee2aca1ac39742fdd1ef5ed118"),
    "svhn train": (
        _STANFORD + "train_32x32.mat",
        "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
    ),
    "svhn test": (
        _STANFORD + "test_32x32.mat",
        "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    ),
}
_NUMBER = 6  # digits that a house number has at most
_DIGITS = tuple("0123456789")
_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
# All of MNIST would take 0.6 GB as three float channels, and few labels are our
# subject: we keep so many examples.
_KEPT = 8000


def make(name):
    """Download one of ``datasets.ONLINE``; ConnectionError where that is not possible.

    What was downloaded and is not what the course knows is not read: ValueError.
    """
    readers = {
        "cifar10": lambda: _from_keras("cifar10", _CIFAR10.split()),
        "mnist": lambda: _from_keras("mnist", _DIGITS),
        "flowers": _flowers,
        "usps": _usps,
        "svhn": _svhn,
        "mnist_m": _mnist_m,
    }
    try:
        return readers[name]()
    except Exception as problem:
        advice = _advice(name, problem)
        if advice is None:
            raise
        raise advice from None


def _advice(name, problem):
    """Say what to do about a download that failed; None if something else did."""
    message, offline = str(problem), ", ".join(datasets.NAMES)
    # Keras wraps what goes wrong before the first byte; a line that drops later on
    # comes through as it is.
    dropped = (ConnectionError, TimeoutError, http.client.HTTPException)
    if "URL fetch failure" in message or isinstance(problem, dropped):
        return ConnectionError(
            f"The data set {name!r} could not be downloaded. Without a network take "
            f"one of {offline}, or connect and try again."
        )
    if "Incomplete or corrupted file" in message:
        return ValueError(
            f"The download of the data set {name!r} was not read, because its checksum "
            "is wrong: the file is damaged, or a network's log-in page came in its "
            "place. Call again to download it anew, or take a set that needs no "
            f"network, one of {offline}."
        )
    return None


def _download(file):
    address, checksum = _FILES[file]
    return import_keras().utils.get_file(origin=address, file_hash=checksum)


def _from_keras(name, classes, change=lambda images: images):
    """Take the first examples of a set that Keras downloads, with changed images."""
    (images, labels), (more, their) = getattr(import_keras().datasets, name).load_data()
    train = change(_colour(images[:_KEPT])), labels[:_KEPT].ravel()
    test = change(_colour(more[: _KEPT // 4])), their[: _KEPT // 4].ravel()
    return _parted(classes, train, test)


def _parted(classes, train, test):
    """Part the original's training examples in train and val; keep its test."""
    splits = datasets.shuffled_splits(*train, train=0.8, val=0.2)
    return {"classes": tuple(classes), **splits, "test": test}


def _colour(images):
    """Give grey images three channels; float32, (n, h, w, 3)."""
    if images.ndim == 3:
        images = np.repeat(images[..., None], 3, axis=-1)
    return images.astype("float32")


def flower_files():
    """Find 3670 photographs of five flowers as they were taken, about 320 x 240 pixels.

    Returns
    -------
    classes : tuple of str
    splits : dict of str to (array of path, array of int)
        Files and labels of "train", "val" and "test".
    """
    utils, (address, checksum) = import_keras().utils, _FILES["flowers"]
    folder = utils.get_file(origin=address, file_hash=checksum, extract=True)
    # Keras 3.6 and later give the folder into which the archive was unpacked.
    root = next(iter(sorted(pathlib.Path(folder).rglob("daisy")))).parent
    classes = tuple(sorted(path.name for path in root.iterdir() if path.is_dir()))
    files = [
        path for flower in classes for path in sorted((root / flower).glob("*.jpg"))
    ]
    labels = np.array([classes.index(path.parent.name) for path in files])
    splits = datasets.shuffled_splits(np.array(files), labels, train=0.6, val=0.1)
    return classes, splits


def _flowers():
    """Read the flowers at 64 x 64 pixels."""

    def read(path):
        picture = import_keras().utils.load_img(path, target_size=(64, 64))
        return np.asarray(picture, "float32")

    classes, splits = flower_files()
    for part, (files, labels) in splits.items():
        splits[part] = np.stack([read(path) for path in files]), labels
    return {"classes": classes, **splits}


def _usps():
    """Read handwritten digits of envelopes, 16 x 16 pixels, in LIBSVM's format."""

    def read(file, most):
        path = _download(file)
        rows, labels = sklearn.datasets.load_svmlight_file(path, n_features=256)
        images = (rows[:most].toarray() + 1) * 127.5  # from -1..1
        # Label 1 is the digit 0, and label 10 the digit 9.
        return _colour(images.reshape(-1, 16, 16)), labels[:most].astype(int) - 1

    train, test = read("usps train", _KEPT), read("usps test", _KEPT // 4)
    return _parted(_DIGITS, train, test)


def _svhn():
    """Read digits of photographed house numbers, 32 x 32 pixels, in MATLAB's format.

    The digits of one number follow one another, and each picture shows its neighbours
    at the sides. So validation comes after training, with a number's length between
    them that neither gets: no photograph is in both.
    """

    def read(file, most):
        content = scipy.io.loadmat(_download(file), variable_names=["X", "y"])
        images = np.moveaxis(content["X"][..., :most], 3, 0)
        # Label 10 is the digit 0. The copy lets the whole file's pictures go.
        return images.astype("float32", order="C"), content["y"][:most].ravel() % 10

    images, labels = read("svhn train", _KEPT + _NUMBER)
    cut = round(0.8 * (len(labels) - _NUMBER))
    train = (images[:cut], labels[:cut])
    val = (images[cut + _NUMBER :], labels[cut + _NUMBER :])
    test = read("svhn test", _KEPT // 4)
    return {"classes": _DIGITS, "train": train, "val": val, "test": test}


def _mnist_m():
    """Blend MNIST's digits with patches of photographs: MNIST-M, made again.

    Ganin et al. (2016) cut their patches from the colour photographs of BSDS500. We
    cut ours from the source photographs of `photos`, which come with the course: no
    second download. The digits and their splits are those of ``"mnist"``.
    """
    rng = np.random.default_rng(0)

    def blend(digits):
        # The difference of patch and digit, channel by channel, without its sign.
        return np.abs(_patches(len(digits), rng) - digits)

    return _from_keras("mnist", _DIGITS, blend)


def _patches(n, rng, side=28):
    """Cut squares from the source photographs; float32, (n, side, side, 3), 0-255."""
    pictures = [photos.photograph(name) for name in photos.SOURCE]
    patches = np.empty((n, side, side, 3), "float32")
    for i in range(n):
        for _ in range(5):  # on plain sky it would be as in MNIST: look elsewhere
            picture = pictures[rng.integers(len(pictures))]
            top, left = (rng.integers(0, s - side + 1) for s in picture.shape[:2])
            patches[i] = picture[top : top + side, left : left + side]
            if patches[i].std() > photos.FLAT:
                break
    return patches
