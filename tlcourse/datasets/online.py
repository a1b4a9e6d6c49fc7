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

_FLOWERS = "https://download.tensorflow.org/example_images/flower_photos.tgz"
_FLOWERS_SHA256 = "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c"
_LIBSVM = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"
# Only md5 is public for these two (torchvision gives it): it finds a damaged file, but
# would not keep out somebody who forges one.
_USPS = {
    "train": (_LIBSVM + "usps.bz2", "ec16c51db3855ca6c91edd34d0e9b197"),
    "test": (_LIBSVM + "usps.t.bz2", "8ea070ee2aca1ac39742fdd1ef5ed118"),
}
_STANFORD = "http://ufldl.stanford.edu/housenumbers/"
_SVHN = {  # sha256, as TensorFlow Datasets gives it
    "train": (
        _STANFORD + "train_32x32.mat",
        "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
    ),
    "test": (
        _STANFORD + "test_32x32.mat",
        "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    ),
}
_NUMBER = 6  # digits that a house number has at most
_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
# All of MNIST would take 0.6 GB as three float channels, and few labels are our
# subject: we keep so many examples.
_KEPT = 8000


def make(name):
    """Download one of the sets in ``datasets.ONLINE``.

    Raises
    ------
    ConnectionError
        If it has to be downloaded and cannot be.
    ValueError
        If what was downloaded is not what the course knows; it is not read.
    """
    keras = import_keras()
    own = {"flowers": _flowers, "usps": _usps, "svhn": _svhn, "mnist_m": _mnist_m}
    try:
        return own[name](keras) if name in own else _from_keras(keras, name)
    except Exception as problem:
        advice = _advice(name, problem)
        if advice is None:
            raise
        raise advice from None


def _advice(name, problem):
    """Say what to do about a download that failed; None if something else did."""
    said, offline = str(problem), ", ".join(datasets.NAMES)
    # Keras wraps what goes wrong before the first byte; a line that drops later on
    # comes through as it is.
    dropped = (ConnectionError, TimeoutError, http.client.HTTPException)
    if "URL fetch failure" in said or isinstance(problem, dropped):
        return ConnectionError(
            f"The data set {name!r} could not be downloaded. Without a network take "
            f"one of {offline}, or connect and try again."
        )
    if "Incomplete or corrupted file" in said:
        return ValueError(
            f"The download of the data set {name!r} was not read, because its checksum "
            "is wrong: the file is damaged, or a network's log-in page came in its "
            "place. Call again to download it anew, or take a set that needs no "
            f"network, one of {offline}."
        )
    return None


def _from_keras(keras, name):
    """Take the first examples of a set that Keras downloads."""
    (images, labels), (more, their) = getattr(keras.datasets, name).load_data()
    classes = _CIFAR10.split() if name == "cifar10" else "0123456789"
    return _parted(
        classes,
        (_colour(images[:_KEPT]), labels[:_KEPT].ravel()),
        (_colour(more[: _KEPT // 4]), their[: _KEPT // 4].ravel()),
    )


def _parted(classes, train, test):
    """Part the original's training examples in train and val; keep its test."""
    splits = datasets.shuffled_splits(*train, train=0.8, val=0.2)
    return {"classes": tuple(classes), **splits, "test": test}


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


def _usps(keras):
    """Read handwritten digits of envelopes, 16 x 16 pixels, in LIBSVM's format."""

    def read(split, most):
        url, checksum = _USPS[split]
        path = keras.utils.get_file(origin=url, file_hash=checksum)
        rows, labels = sklearn.datasets.load_svmlight_file(path, n_features=256)
        images = (rows[:most].toarray() + 1) * 127.5  # from -1..1
        # Label 1 is the digit 0, and label 10 the digit 9.
        return _colour(images.reshape(-1, 16, 16)), labels[:most].astype(int) - 1

    return _parted("0123456789", read("train", _KEPT), read("test", _KEPT // 4))


def _svhn(keras):
    """Read digits of photographed house numbers, 32 x 32 pixels, in MATLAB's format.

    The digits of one number follow one another, and each picture shows its neighbours
    at the sides. So validation comes after training, with a number's length between
    them that neither gets: no photograph is in both.
    """

    def read(split, most):
        url, checksum = _SVHN[split]
        path = keras.utils.get_file(origin=url, file_hash=checksum)
        held = scipy.io.loadmat(path, variable_names=["X", "y"])
        images = np.moveaxis(held["X"][..., :most], 3, 0)
        # Label 10 is the digit 0. The copy lets the whole file's pictures go.
        return images.astype("float32", order="C"), held["y"][:most].ravel() % 10

    images, labels = read("train", _KEPT + _NUMBER)
    cut = round(0.8 * (len(labels) - _NUMBER))
    train = (images[:cut], labels[:cut])
    val = (images[cut + _NUMBER :], labels[cut + _NUMBER :])
    test = read("test", _KEPT // 4)
    return {"classes": tuple("0123456789"), "train": train, "val": val, "test": test}


def _mnist_m(keras):
    """Blend MNIST's digits with patches of photographs: MNIST-M, made again.

    Ganin et al. (2016) cut their patches from the colour photographs of BSDS500. We
    cut ours from the source photographs of `photos`, which come with the course: no
    second download. The digits and their splits are those of ``"mnist"``.
    """
    (images, labels), (more, their) = keras.datasets.mnist.load_data()
    images, more = images[:_KEPT], more[: _KEPT // 4]
    rng = np.random.default_rng(0)
    return _parted(
        "0123456789",
        (_blend(images, _patches(len(images), rng)), labels[:_KEPT]),
        (_blend(more, _patches(len(more), rng)), their[: _KEPT // 4]),
    )


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


def _blend(digits, patches):
    """Take the difference of patch and digit, channel by channel, without its sign."""
    return np.abs(patches - _colour(digits))
