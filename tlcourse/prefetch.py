"""Fetch, before a day without a network, what lessons can use from it.

Lessons 12 to 15 need the language models, and no other lesson needs any of it: without
these files the lessons take what is installed. Keras itself says from where it takes
its weights and data, where it looks for them, and what their checksums are.
"""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass
from unittest import mock

from tlcourse.fetching import NO_NETWORK, fetch, has_checksum
from tlcourse.language.files import MODELS, ModelNotAvailable, model_files
from tlcourse.quiet import import_keras
from tlcourse.resources import keras_home


@dataclass(frozen=True)
class File:
    """A file where Keras looks for it: ``place`` is below Keras's own folder.

    ``checksum`` is its SHA-256, or its MD5 where no other is public.
    """

    name: str
    address: str
    place: str
    checksum: str


# What lessons use, if it is there. It stands here so that `make lab` need not wait for
# Keras to say the same.
USED = {
    "MobileNet": File(
        "MobileNet's ImageNet weights",
        "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
        "mobilenet_2_5_128_tf_no_top.h5",
        "models/mobilenet_2_5_128_tf_no_top.h5",
        "8fad3781ed3593751e6834dba9b9bc0e8cb54ea679baa2c7fd874fa3f8158da5",
    ),
    "MobileNetV2": File(
        "MobileNetV2's ImageNet weights",
        "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "4c4954a34be50c77fd664cfe9467ba9a7f7cef4dd9f95b5eb872cabcf3ddc9a6",
    ),
    "flowers": File(
        "the data set flowers",
        "https://download.tensorflow.org/example_images/flower_photos.tgz",
        "datasets/flower_photos.tgz_archive",
        "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
    ),
}
IMAGENET, DATA = ("MobileNet", "MobileNetV2"), ("flowers",)


class UnknownName(ValueError):  # noqa: N818  (said to a user as it is)
    """A model or a data set that cannot be fetched."""


def keras_files(imagenet=IMAGENET, data=DATA):
    """List the files of weights and data sets, as the installed Keras asks for them.

    Parameters
    ----------
    imagenet : sequence of str
        Models of ``keras.applications``, in any case: their ImageNet weights, without
        the top, as ``tl.backbones.load`` takes them.
    data : sequence of str
        Of ``datasets.ONLINE``.

    Returns
    -------
    list of File

    Raises
    ------
    UnknownName
        If there is no such model or data set, before anything else is done.
    """
    if set(imagenet) <= set(IMAGENET) and set(data) <= set(DATA):
        return [USED[name] for name in dict.fromkeys([*imagenet, *data])]
    # Here, because both load NumPy, and more.
    from tlcourse import backbones, datasets

    table = backbones.catalogue()["model"]
    models = [name for name in table if name != backbones.LITE0]  # that is installed
    wanted = [_known(name, models, "model") for name in imagenet]
    sets = [_known(name, datasets.ONLINE, "data set") for name in data]
    found = [_weights(name) for name in wanted]
    for name in sets:
        found += _data(name)
    return list(dict.fromkeys(found))


def _known(name, known, kind):
    for one in known:
        if one.lower() == name.lower():
            return one
    raise UnknownName(
        f"There is no {kind} {name!r} to fetch. There are: {', '.join(known)}."
    )


class _Asked(Exception):
    """Keras has asked for a file, and that is all that we want to know."""


def _asked_by(call):
    """What Keras asks `get_file` for, during a call, as a dict of its parameters."""

    def ask(fname=None, origin=None, **options):
        raise _Asked({"fname": fname, "origin": origin, **options})

    import_keras()
    homes = ("utils.file_utils", "datasets.cifar10", "datasets.mnist")
    with contextlib.ExitStack() as stack:
        for home in homes:
            module = importlib.import_module(f"keras.src.{home}")
            stack.enter_context(mock.patch.object(module, "get_file", ask))
        try:
            call()
        except _Asked as asked:
            return asked.args[0]
    raise RuntimeError("Keras did not ask for a file: is this version of it too new?")


def _file(name, origin, fname=None, cache_subdir="datasets", **options):
    """Give a `File` for parameters of `keras.utils.get_file`."""
    stored = fname or origin.rpartition("/")[2]
    checksum = options.get("file_hash")
    if checksum is None:  # as for both MobileNets: ours
        [checksum] = [one.checksum for one in USED.values() if one.address == origin]
    if options.get("extract") and (fname is None or "." not in fname):
        stored += "_archive"  # Keras's name for what it unpacks
    return File(name, origin, f"{cache_subdir}/{stored}", checksum)


def _weights(model):
    from tlcourse import backbones

    asked = _asked_by(lambda: backbones.load(model, source="imagenet"))
    return _file(f"{model}'s ImageNet weights", **asked)


def _data(name):
    """The files of a data set: of our own table, or as Keras's module asks for it."""
    from tlcourse.datasets import online

    known = {
        file: facts for file, facts in online._FILES.items() if file.split()[0] == name
    }
    if known:
        extract = name == "flowers"
        return [
            _file(f"the data set {file}", origin, file_hash=checksum, extract=extract)
            for file, (origin, checksum) in known.items()
        ]
    theirs = "mnist" if name == "mnist_m" else name  # its digits are MNIST's
    asked = _asked_by(getattr(import_keras().datasets, theirs).load_data)
    return [_file(f"the data set {theirs}", **asked)]


def prefetch(files=None, models=None):
    """Fetch language models and files of Keras, and print what came of each.

    One that is there already is left as it is. Of one that stopped half-way the rest
    is fetched. A file is in its place only once its checksum was right.

    Parameters
    ----------
    files : sequence of File, optional
        Into Keras's own folder; ``keras_files()`` unless told.
    models : sequence of str, optional
        Into the course's cache; all of ``MODELS`` unless told.

    Returns
    -------
    bool
        Whether all of them are there now.
    """
    results = [_model(name) for name in (MODELS if models is None else models)]
    results += [_fetched(file) for file in (keras_files() if files is None else files)]
    return all(results)


def _model(name):
    try:
        folder = model_files(name)
    except ModelNotAvailable as problem:
        print(problem)
        return False
    print(f"Ready: {MODELS[name].title}, {folder}")
    return True


def _fetched(file):
    place = keras_home() / file.place
    try:
        if not has_checksum(place, file.checksum):
            fetch(file.address, place, file.checksum, file.name)
    except ValueError as problem:
        print(problem)
        return False
    except NO_NETWORK as problem:
        reason = getattr(problem, "reason", None) or problem
        print(
            f"Could not fetch {file.name} ({reason}). The lessons go on without; "
            "`tlcourse prefetch` goes on where this stopped."
        )
        return False
    print(f"Ready: {file.name}, {place}")
    return True
