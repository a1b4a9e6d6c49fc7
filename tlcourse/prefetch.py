"""Fetch, before a day without a network, what lessons can use from it.

No lesson needs any of it: without these files the lessons take what is installed.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from dataclasses import dataclass

from tlcourse.progress import progress
from tlcourse.resources import keras_home

_STEP = 2**20  # bytes between two looks at the progress bar
_PATIENCE = 20  # seconds without a byte

_NO_NETWORK = (OSError, http.client.HTTPException)  # URLError is an OSError


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


def prefetch(files=None):
    """Fetch files into Keras's own folder, and print what came of each.

    One that is there already is left as it is. Of one that stopped half-way the rest
    is fetched. A file is in its place only once its checksum was right.

    Parameters
    ----------
    files : sequence of File, optional
        ``FILES`` unless told.

    Returns
    -------
    bool
        Whether all of them are there now.
    """
    for file in FILES if files is None else files:
        place = keras_home() / file.place
        try:
            if not place.is_file() or sha256(place) != file.sha256:
                _fetch(file, place)
        except ValueError as problem:
            print(problem)
            return False
        except _NO_NETWORK as problem:
            reason = getattr(problem, "reason", None) or problem
            print(
                f"Could not fetch {file.name} ({reason}). The lessons go on without; "
                "`tlcourse prefetch` goes on where this stopped."
            )
            return False
        print(f"Ready: {file.name}, {place}")
    return True


def sha256(path):
    """Return the checksum of a file, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch(file, place):
    """Fetch a file, or what is missing of it; ValueError if it is not the right one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(file.address)
    request.add_header("Range", f"bytes={there}-")
    try:
        answer = urllib.request.urlopen(request, timeout=_PATIENCE)
    except urllib.error.HTTPError as problem:
        if problem.code != 416:  # nothing is missing
            raise
    else:
        with answer:
            _append(answer, part, there if answer.status == 206 else 0, file.name)
    if sha256(part) != file.sha256:
        part.unlink()
        raise ValueError(
            f"What came for {file.name} is not the file that the course knows, so it "
            "was deleted: it was damaged, or a network's log-in page came in its "
            "place. Try `tlcourse prefetch` again."
        )
    os.replace(part, place)


def _append(answer, part, there, name):
    """Write an answer behind the first ``there`` bytes of a file."""
    missing = int(answer.headers.get("Content-Length", 0))
    steps = -(-missing // _STEP)
    with open(part, "ab") as stream, progress(steps, f"Fetching {name}, MB") as bar:
        stream.truncate(there)
        while chunk := answer.read(_STEP):
            stream.write(chunk)
            bar.update()
    if missing and part.stat().st_size < there + missing:
        raise ConnectionError("the connection broke off")
