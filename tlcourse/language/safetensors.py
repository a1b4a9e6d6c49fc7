"""The file format safetensors: a header in JSON, then the numbers as they are."""

from __future__ import annotations

import json
import pathlib

import numpy as np

_KINDS = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}


def read_safetensors(path):
    """Read all arrays of a file.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict of str to ndarray
        They look into the file and are read when they are used.

    Raises
    ------
    ValueError
        If the file is damaged, or no such file.
    """
    path = pathlib.Path(path)
    content = np.memmap(path, mode="r") if path.stat().st_size else np.zeros(0, "u1")
    try:
        (length,) = content[:8].view("<u8")
        start = 8 + int(length)
        header = json.loads(content[8:start].tobytes())
        arrays = {}
        for name, told in header.items():
            if name == "__metadata__":
                continue
            first, last = told["data_offsets"]
            numbers = content[start + first : start + last].view(_KINDS[told["dtype"]])
            arrays[name] = numbers.reshape(told["shape"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"{path.name} is damaged or no safetensors file: delete it and fetch it "
            "again."
        ) from None
    return arrays
