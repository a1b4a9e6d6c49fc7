"""Fetch, before a day without a network, what lessons can use from it.

Lessons 12 to 15 need the language models, and no other lesson needs any of it: without
these files the lessons take what is installed.
"""

from __future__ import annotations

from dataclasses import dataclass

from tlcourse.fetching import NO_NETWORK, fetch, sha256
from tlcourse.language.files import MODELS, ModelNotAvailable, model_files
from tlcourse.resources import keras_home


@dataclass(frozen=True)
class File:
    """A file where Keras looks for it: ``place`` is below Keras's own folder."""

    name: str
    address: str
    place: str
    sha256: str


FILES = (
    File(
        "MobileNetV2's ImageNet weights",
        "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "4c4954a34be50c77fd664cfe9467ba9a7f7cef4dd9f95b5eb872cabcf3ddc9a6",
    ),
    File(
        "the photographs of flowers",
        "https://download.tensorflow.org/example_images/flower_photos.tgz",
        "datasets/flower_photos.tgz_archive",  # Keras's name for what it unpacks
        "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
    ),
)


def prefetch(files=None, models=None):
    """Fetch language models and files of Keras, and print what came of each.

    One that is there already is left as it is. Of one that stopped half-way the rest
    is fetched. A file is in its place only once its checksum was right.

    Parameters
    ----------
    files : sequence of File, optional
        Into Keras's own folder; ``FILES`` unless told.
    models : sequence of str, optional
        Into the course's cache; all of ``MODELS`` unless told.

    Returns
    -------
    bool
        Whether all of them are there now.
    """
    for name in MODELS if models is None else models:
        try:
            folder = model_files(name)
        except ModelNotAvailable as problem:
            print(problem)
            return False
        print(f"Ready: {MODELS[name].title}, {folder}")
    for file in FILES if files is None else files:
        place = keras_home() / file.place
        try:
            if not place.is_file() or sha256(place) != file.sha256:
                fetch(file.address, place, file.sha256, file.name)
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
