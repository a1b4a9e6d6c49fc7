"""Files from the network: resumed where they stopped, checked before they are used."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request

from tlcourse.progress import progress

NO_NETWORK = (OSError, http.client.HTTPException)  # URLError is an OSError
_STEP = 2**20  # bytes between two looks at the progress bar


def sha256(path):
    """Return the checksum of a file, in hexadecimal."""
    return _digest(path, "sha256")


def has_checksum(path, checksum):
    """Tell whether a file is there and has this checksum, SHA-256 or MD5.

    Of many files of Keras and others only the MD5 is public: it finds a damaged file.
    """
    kind = "md5" if len(checksum) == 32 else "sha256"
    return path.is_file() and _digest(path, kind) == checksum


def _digest(path, kind):
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()


def fetch(address, place, checksum, name, patience=20):
    """Fetch a file, or what is missing of it since it was stopped.

    Parameters
    ----------
    address : str
    place : path
        Where it appears, once it is whole.
    checksum : str
        SHA-256, or MD5 where no other is public, in hexadecimal.
    name : str
        What to call it.
    patience : float
        Seconds without a byte after which the network counts as failed.

    Raises
    ------
    ValueError
        If what came is another file.
    OSError, http.client.HTTPException
        If the network fails: the next call goes on from there.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address)
    request.add_header("Range", f"bytes={there}-")
    try:
        answer = urllib.request.urlopen(request, timeout=patience)
    except urllib.error.HTTPError as problem:
        if problem.code != 416:  # nothing is missing
            raise
    else:
        with answer:
            _append(answer, part, there if answer.status == 206 else 0, name)
    if not has_checksum(part, checksum):
        part.unlink()
        raise ValueError(
            f"What came for {name} is not the file that the course knows, so it "
            "was deleted: it was damaged, or a network's log-in page came in its "
            "place. Try again."
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
