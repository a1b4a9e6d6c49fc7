"""Tissue's patches, split by a draw or by the region of the picture they come from."""

from __future__ import annotations

import functools

import numpy as np

from tlcourse import datasets
from tlcourse.datasets import patches, tissue

TEST = 40  # patches of each class


def task(by, seed=0):
    """Split tissue anew; half of the patches are for training.

    Parameters
    ----------
    by : {"draw", "region"}
        With "region" training patches come from one half of each picture and test
        patches from the other half; a column of patches between them is left out.
    seed : int
        Which patches a draw takes. An odd one trains on the right half.

    Returns
    -------
    Task
        With up to 40 test patches of each class, and no validation split.
    """
    rng = np.random.default_rng(seed)
    train, test = [], []
    for pieces, left, right in _kinds():
        if by == "draw":
            both = rng.permutation(np.concatenate([left, right]))
            left, right = both[: len(left)], both[len(left) :]
        halves = (right, left) if seed % 2 else (left, right)
        seen, unseen = (rng.permutation(half) for half in halves)
        train.append(pieces[seen])
        test.append(pieces[unseen[:TEST]])
    return datasets.Task("tissue", tissue.CLASSES, _split(train), None, _split(test))


def _split(classes):
    labels = np.repeat(np.arange(len(classes)), [len(each) for each in classes])
    return datasets.Split(np.concatenate(classes).astype("float32"), labels)


@functools.cache
def _kinds():
    """Each class's patches, and which of them lie in the left and the right half."""
    kinds = []
    for file, pair in (("ihc.png", tissue._microscope), ("retina.jpg", tissue._retina)):
        ruled = tissue._cut(patches.read(file)[..., 1])
        side = round(len(ruled) ** 0.5)  # both pictures are square
        column = {piece.tobytes(): n % side for n, piece in enumerate(ruled)}
        for pieces in pair():
            columns = np.array([column[piece.tobytes()] for piece in pieces])
            left, right = (np.flatnonzero(each) for each in _halves(columns, side // 2))
            kinds.append((tissue._exposed(pieces), left, right))
    return kinds


def _halves(columns, middle):
    return columns < middle, columns > middle
