"""Read GGUF files, in which language models are stored with about four bits a weight.

Of the kinds of numbers that the format knows, those three that the course meets.
"""

from __future__ import annotations

import os
import struct

import numpy as np

_SINGLE = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q",
    12: "d",
}  # fmt: skip
_TEXT, _LIST = 8, 9
_F32, _Q4_1, _Q8_0 = 0, 3, 8
# Of each kind: how many weights stand in a group, and in how many bytes.
_GROUPS = {_F32: (1, 4), _Q4_1: (32, 20), _Q8_0: (32, 34)}
_DAMAGED = (struct.error, ValueError, TypeError, LookupError, ArithmeticError)
_ROWS = 4096  # so many are worked out at a time, to save memory


class GGUF:
    """An opened file: what it says of the model, and its tensors, one at a time.

    Parameters
    ----------
    path : path

    Attributes
    ----------
    metadata : dict of str to int, float, bool, str or list
    shapes : dict of str to tuple of int
        Of each tensor. A matrix of a layer is (outputs, inputs).

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it is no GGUF file or a damaged one.

    Examples
    --------
    >>> file = GGUF("model.gguf")
    >>> file.metadata["llama.block_count"]
    30
    >>> file.tensor("blk.0.attn_q.weight").shape
    (576, 576)
    """

    def __init__(self, path):
        self.path, self.metadata, self.shapes = path, {}, {}
        self._size, self._tensors = os.path.getsize(path), {}
        try:
            with open(path, "rb") as self._file:
                self._read_head()
        except _DAMAGED as problem:
            raise ValueError(
                f"{path} is no GGUF file that can be read, or a damaged one "
                f"({problem}): fetch it again."
            ) from problem

    def _read_head(self):
        """Read everything before the weights, and see that these are all there."""
        if self._bytes(4) != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        _version, tensors, entries = self._numbers("IQQ")
        for _ in range(entries):
            name = self._text()
            self.metadata[name] = self._value(*self._numbers("I"))
        for _ in range(tensors):
            name = self._text()
            (dimensions,) = self._numbers("I")
            shape = self._numbers(f"{dimensions}Q")[::-1]  # stored last first
            kind, place = self._numbers("IQ")
            if kind not in _GROUPS:
                raise ValueError(f"{name} is of kind {kind}, not F32, Q4_1 or Q8_0")
            self.shapes[name], self._tensors[name] = shape, (kind, place)
        step = self.metadata.get("general.alignment", 32)
        self._start = -(-self._file.tell() // step) * step
        for name, (kind, place) in self._tensors.items():
            end = self._start + place + _bytes_of(kind, self.shapes[name])
            if end > self._size:
                raise ValueError(f"it ends before {name} does")

    def _bytes(self, count):
        if count > self._size - self._file.tell():
            raise ValueError("it ends too early")
        return self._file.read(count)

    def _numbers(self, form):
        return struct.unpack(f"<{form}", self._bytes(struct.calcsize(f"<{form}")))

    def _text(self):
        return self._bytes(*self._numbers("Q")).decode()

    def _value(self, kind):
        if kind == _TEXT:
            return self._text()
        if kind != _LIST:
            return self._numbers(_SINGLE[kind])[0]
        kind, count = self._numbers("IQ")
        if kind == _TEXT:
            return [self._text() for _ in range(count)]
        return list(self._numbers(f"{count}{_SINGLE[kind]}"))

    def tensor(self, name, dtype=np.float32):
        """Give one tensor, its weights worked out from their few bits.

        Parameters
        ----------
        name : str
            One of `shapes`.
        dtype : NumPy dtype
            float16 takes half the memory.

        Returns
        -------
        ndarray of shape ``shapes[name]``

        Raises
        ------
        ValueError
            If there is no such tensor.
        """
        if name not in self.shapes:
            first = ", ".join(list(self.shapes)[:3])
            raise ValueError(f"{self.path} has no tensor {name!r}. It has: {first}, …")
        kind, place = self._tensors[name]
        weights = np.empty(self.shapes[name], dtype)
        place += self._start
        for first in range(0, len(weights), _ROWS):
            part = weights[first : first + _ROWS]
            count = _bytes_of(kind, part.shape)
            raw = np.fromfile(self.path, np.uint8, count, offset=place)
            part[:] = _widened(kind, raw).reshape(part.shape)
            place += count
        return weights


def _bytes_of(kind, shape):
    weights, size = _GROUPS[kind]
    # Python's own whole numbers: a damaged file may give a size that NumPy cannot hold.
    count = 1
    for each in shape:
        count *= each
    return count // weights * size


def _widened(kind, raw):
    """Work the weights out: each group has a scale of its own, and small integers."""
    if kind == _F32:
        return raw.view("<f4")
    groups = raw.reshape(-1, _GROUPS[kind][1])
    scale = groups[:, :2].copy().view("<f2").astype("f4")
    if kind == _Q8_0:  # a scale, then 32 integers from -128 to 127
        return groups[:, 2:].view("i1") * scale
    # Q4_1: a scale, the lowest weight, then 32 integers from 0 to 15, two in a byte:
    # the first sixteen in the lower halves, the others in the upper halves.
    lowest = groups[:, 2:4].copy().view("<f2").astype("f4")
    pairs = groups[:, 4:]
    return np.concatenate([pairs & 15, pairs >> 4], axis=1) * scale + lowest
