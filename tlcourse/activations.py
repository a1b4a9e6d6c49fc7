"""What frozen blocks put out, computed once and kept: in memory first, then on disk.

An array is looked up by what it was computed from, the weights and the images
themselves, so a kept one is never stale. Memory holds up to `MEMORY_LIMIT` bytes; past
that, the arrays that were not asked for longest go to memory-mapped files under
`folder()`, up to `DISK_LIMIT` bytes, where the oldest are deleted first. A file gets
its name when it is whole: after a kill half-way, none is read.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import os
import threading
import time

import numpy as np

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
    ends = np.cumsum([len(array) for array in inputs.values()])[:-1]
    drafts = []

    def make(shape, dtype):
        if np.dtype(dtype).itemsize * np.prod(shape) <= MEMORY_LIMIT:
            return np.empty(shape, dtype)
        drafts.append(_draft(f"all of {'-'.join(inputs)}"))
        return _open_file(drafts[0], shape)

    try:
        joined = np.concatenate([*inputs.values()])
        whole = backbone.run(joined, after, until, make)
        keep = _write if drafts else _remember
        parts = zip(inputs, np.split(whole, ends), strict=True)
        return {key: keep(key, part) for key, part in parts}
    finally:
        _delete(*drafts)


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


def _write(key, array):
    """Put an array into a file, in one move when it is whole; the mapped file."""
    path, draft = folder() / f"{key}.npy", _draft(key)
    _make_room(array.nbytes)
    try:
        file = _open_file(draft, array.shape)
        file[:] = array
        file.flush()
        draft.replace(path)
    finally:
        _delete(draft)
    return np.load(path, mmap_mode="r")


def _draft(key):
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    return folder() / f"{name}.{os.getpid()}.draft"


def _open_file(path, shape):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return np.lib.format.open_memmap(path, "w+", "float32", shape)
    except OSError as problem:
        raise OSError(
            f"What the frozen blocks put out takes {4 * np.prod(shape) / 1e6:.0f} MB, "
            f"more than is kept in memory, and {path.parent} cannot be written to "
            f"({problem.strerror}). Set TLCOURSE_CACHE to a folder with room for it, "
            "or take fewer images."
        ) from None


def _make_room(needed):
    """Delete the oldest files, and the drafts of processes killed a day ago."""
    files = sorted(folder().glob("*.npy"), key=lambda path: path.stat().st_mtime)
    total = needed + sum(path.stat().st_size for path in files)
    for path in files:
        if total <= DISK_LIMIT:
            break
        total -= path.stat().st_size
        _delete(path)
    for path in folder().glob("*.draft"):
        if path.stat().st_mtime < time.time() - 24 * 3600:
            _delete(path)


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
