"""What frozen blocks put out, computed once and kept: in memory first, then on disk.

An array is looked up by what it was computed from, the weights and the images
themselves, so a kept one is never stale. Memory holds up to `MEMORY_LIMIT` bytes; past
that, the arrays that were not asked for longest go to memory-mapped files under
`folder()`, up to `DISK_LIMIT` bytes, where the oldest are deleted first. A file gets
its name when it is whole: after a kill half-way, none is read. Room on the disk is
taken before a file is written; where there is none, nothing is kept.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import hashlib
import math
import os
import shutil
import tempfile
import threading

import numpy as np
import psutil

from tlcourse.backbones import FEATURES, IMAGES, check_images, hash_of
from tlcourse.resources import cache_folder

MEMORY_LIMIT = 256 * 2**20
DISK_LIMIT = 4 * 2**30

_memory = collections.OrderedDict()  # the one asked for last stands last
_lock = threading.RLock()


def folder():
    """Where files are kept: $TLCOURSE_CACHE, or the user's folder for caches."""
    return cache_folder("activations")


def frozen_outputs(backbone, images, until=FEATURES):
    """Give what a backbone, or its blocks up to one, make of several sets of images.

    Only what is not kept from before is computed. It starts at the last block whose
    output is kept for the same images.

    Parameters
    ----------
    backbone : Backbone
    images : sequence of array, (n, height, width, 3), 0-255
        For instance those of a task's three splits, all of one height and width.
    until : str
        The last block that runs, one of ``backbone.cuts``, or "features".

    Returns
    -------
    list of ndarray, float32, (n, h, w, d) or (n, d)
        Read-only; see ``Backbone.run``.

    Raises
    ------
    OSError
        If the arrays need a file and it cannot be written.
    """
    with _lock:
        images = [check_images(one) for one in images]
        pictures = [hash_of(one.shape, [one]) for one in images]
        digests = _digests(backbone, until)
        keys = [f"{digests[until]}-{picture}" for picture in pictures]
        outputs = {key: _kept(key) for key in keys}
        new = {key: i for i, key in enumerate(keys) if outputs[key] is None}
        if new:
            after, inputs = _start(digests, until, pictures, images, new.values())
            inputs = dict(zip(new, inputs, strict=True))
            outputs |= _compute(backbone, inputs, after, until)
        return [outputs[key] for key in keys]


def forget():
    """Drop what is kept in memory; files stay."""
    with _lock:
        _memory.clear()


def _start(digests, until, pictures, images, which):
    """Find the last block before `until` whose outputs are kept, and those outputs."""
    for block in reversed([name for name in digests if name != until]):
        kept = [_kept(f"{digests[block]}-{pictures[i]}") for i in which]
        if all(array is not None for array in kept):
            return block, kept
    return IMAGES, [images[i] for i in which]


def _compute(backbone, inputs, after, until):
    """Run blocks over arrays by key, all in one go; arrays by key."""
    _delete_orphans()
    ends = np.cumsum([len(array) for array in inputs.values()])[:-1]
    whole = backbone.run(_Joined([*inputs.values()]), after, until, _room_for)
    keep = _write_or_give if isinstance(whole, np.memmap) else _remember
    parts = zip(inputs, np.split(whole, ends), strict=True)
    return {key: keep(key, part) for key, part in parts}


class _Joined:
    """Arrays one after the other, of which a slice is copied and never the whole."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.shape = (sum(map(len, arrays)), *arrays[0].shape[1:])

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        start, stop, _ = rows.indices(len(self))
        parts, first = [], 0
        for array in self.arrays:
            last = first + len(array)
            if first < stop and start < last:
                parts.append(array[max(start - first, 0) : stop - first])
            first = last
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _room_for(shape, dtype):
    """An array to write to: in memory, or in a file where it would not fit there."""
    if np.dtype(dtype).itemsize * math.prod(shape) <= MEMORY_LIMIT:
        return np.empty(shape, dtype)
    return _nameless_file(shape, dtype)


def _kept(key):
    """An array from memory or from a file; None if there is none."""
    if key in _memory:
        _memory.move_to_end(key)
        return _memory[key]
    path = folder() / f"{key}.npy"
    with contextlib.suppress(OSError, ValueError):  # not there, or damaged
        os.utime(path)  # files that were used last are deleted last
        return np.load(path, mmap_mode="r")


def _remember(key, array):
    """Keep an array in memory; what has to make room for it goes to a file."""
    array = array.copy()  # a part of a larger one would keep all of that alive
    array.flags.writeable = False
    _memory[key] = array
    while sum(kept.nbytes for kept in _memory.values()) > MEMORY_LIMIT:
        oldest, pushed_out = _memory.popitem(last=False)
        with contextlib.suppress(OSError):  # then it is computed again when needed
            _write(oldest, pushed_out)
    return array


def _write_or_give(key, array):
    """Keep a part of a nameless file under its own name, if there is room for both."""
    with contextlib.suppress(OSError):
        return _write(key, array)
    array.flags.writeable = False
    return array


def _write(key, array):
    """Put an array into a file, in one move when it is whole; the mapped file."""
    path, draft = folder() / f"{key}.npy", _draft(key)
    _make_room(array.nbytes)
    try:
        with open(draft, "wb") as file:
            _reserve(file, array.nbytes)
            np.save(file, array)
        draft.replace(path)
    finally:
        _delete(draft)
    return np.load(path, mmap_mode="r")


def _draft(key):
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    return folder() / f"{name}.{os.getpid()}.draft"


def _nameless_file(shape, dtype):
    """An array in a file that is gone when nobody uses it, after a kill too."""
    size = np.dtype(dtype).itemsize * math.prod(shape)
    try:
        _make_room(size)
        with tempfile.TemporaryFile(dir=folder()) as file:
            _reserve(file, size)
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as problem:
        raise OSError(
            f"What the frozen blocks put out takes {size / 1e6:.0f} MB, more than is "
            f"kept in memory, and {folder()} cannot be written to "
            f"({problem.strerror or problem}). Set TLCOURSE_CACHE to a folder with "
            "room for it, or take fewer images."
        ) from None


def _reserve(file, size):
    """Take room on the disk for so many bytes, or raise `OSError`; back to the start.

    Writing to a mapped file for which there is no room would end Python (SIGBUS).
    """
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, size)
            return
        except OSError as problem:
            if problem.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise  # those two: this kind of disk cannot do it
    for start in range(0, size, 2**20):
        file.write(bytes(min(2**20, size - start)))
    file.flush()
    file.seek(0)


def _make_room(needed):
    """Delete the oldest files, if that makes room for so many bytes."""
    folder().mkdir(parents=True, exist_ok=True)
    files = sorted((s.st_mtime, s.st_size, path) for s, path in _files("*.npy"))
    total = sum(size for _, size, _ in files)
    on_disk = total + shutil.disk_usage(folder()).free
    if needed > on_disk:
        return
    for _, size, path in files:
        if total + needed <= min(DISK_LIMIT, on_disk):
            break
        total -= size
        _delete(path)


def _delete_orphans():
    """Delete what processes were writing that have been killed."""
    for status, draft in _files("*.draft"):
        with contextlib.suppress(psutil.Error, ValueError):
            writer = psutil.Process(int(draft.stem.rpartition(".")[2]))
            # A process that is younger than the draft has but got the number again.
            if writer.create_time() < status.st_mtime + 2:  # clocks differ a little
                continue
        _delete(draft)


def _files(pattern):
    """Status and path of the folder's files; not of those that vanish meanwhile."""
    for path in folder().glob(pattern):
        with contextlib.suppress(OSError):  # another process deletes, too
            yield path.stat(), path


def _delete(*paths):
    for path in paths:
        with contextlib.suppress(OSError):  # another process was faster
            path.unlink()


def _digests(backbone, until):
    """Hash what the images go through on the way to each block; by block's name.

    That is the input size, the preprocessing, the layers and their weights.
    """
    digest, digests = hash_of((backbone.name, backbone.input_size), []), {}
    for block in backbone.blocks:
        layers = [backbone.model.get_layer(name) for name in block.layers]
        weights = [array for layer in layers for array in layer.get_weights()]
        configs = [layer.get_config() for layer in layers]
        digest = hash_of((digest, configs), weights)
        if block.name in backbone.cuts:
            digests[block.name] = digest
        if block.name == until:
            return digests
    return {**digests, FEATURES: hash_of((digest, "averaged"), [])}
