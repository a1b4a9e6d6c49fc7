"""Labels of any kind as class numbers."""

from __future__ import annotations

import numpy as np


def numbered(labels, count, classes=None):
    """Number labels of any kind from 0 up.

    Parameters
    ----------
    labels, classes
        See `from_arrays`.
    count : int
        How many there must be.

    Returns
    -------
    labels : ndarray, int, (n,)
    classes : tuple of str

    Raises
    ------
    ValueError
    """
    values = np.asarray(labels)
    if values.ndim == 2 and values.shape[1] > 1:
        if not (np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all()):
            raise ValueError(
                f"Labels of shape {values.shape} must be one-hot, a single 1 in each "
                "row: give one label a picture."
            )
        values = values.argmax(axis=1)
        names = classes if classes is not None else range(np.shape(labels)[1])
        present = np.arange(len(names))
    else:
        values = values.reshape(len(values), -1)[:, 0] if values.ndim == 2 else values
        values = _whole(values)
        present, names = np.unique(values), classes
    if values.shape != (count,):
        raise ValueError(
            f"There are {count} images and labels of shape {values.shape}: give one "
            "label an image."
        )
    if names is None:
        names = present
    elif len(set(names)) < len(names):
        raise ValueError("Two classes have the same name: give each its own.")
    elif present.dtype.kind == "U":
        present = np.array([str(name) for name in names])
        if unknown := sorted(set(values) - set(present)):
            raise ValueError(
                f"The labels name {str(unknown[0])!r}, which is not among the classes: "
                f"{', '.join(present)}."
            )
    elif present[0] >= 0 and present[-1] < len(names):
        present = np.arange(len(names))
    if len(names) != len(present):
        raise ValueError(
            f"There are {len(present)} different labels and {len(names)} classes: "
            "give one name a class."
        )
    place = {value: i for i, value in enumerate(present.tolist())}
    return np.array([place[x] for x in values.tolist()]), tuple(map(str, names))


def _whole(values):
    """Labels as whole numbers or str, or one sentence on what they are instead."""
    if values.dtype.kind == "O":
        import pandas

        if pandas.isna(values).any():
            raise ValueError("Some labels are missing: leave those pictures out.")
        values = np.array(values.tolist())
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise ValueError("Some labels are missing: leave those pictures out.")
        if (values % 1 != 0).any():
            raise ValueError(
                f"The label {values[values % 1 != 0][0]:g} is no class: labels are "
                "whole numbers, names, or True and False."
            )
        values = values.astype("int64")
    if values.dtype.kind not in "iubU":
        raise ValueError(
            f"Labels of type {values.dtype} are no classes: give whole numbers, names, "
            "or True and False."
        )
    return values
