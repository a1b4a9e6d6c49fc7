"""Pictures of one's own as a Task: from a folder, from a zip file, from arrays."""

from __future__ import annotations

import pathlib
import tempfile

import numpy as np

from tlcourse.datasets import Split, Task, few, reports
from tlcourse.datasets.class_numbers import numbered
from tlcourse.datasets.picture_files import (
    files_of,
    given_splits,
    read,
    subfolders,
    unpack,
)
from tlcourse.pictures import check_images


def from_folder(path, *, per_class=None, val=0.2, test=0.2, seed=0):
    """Make a task of pictures in a folder with one subfolder per class.

    Where the folder has subfolders ``train`` and ``val`` or ``test``, each with one
    subfolder per class, they are the splits; one that is not there is taken from
    ``train``. Of pictures that differ in size or exceed 256 px the middle square is
    kept, at 256 x 256 px, or at the longest short side where all are smaller.
    ``task.report`` tells what was found and what was left out.

    Parameters
    ----------
    path : str or path
    per_class : int, optional
        Keep so many training pictures of each class; all of them unless told.
    val, test : float
        Shares of each class for validation and test; 0 for none. Copies and near copies
        of a picture stay on one side.
    seed : int
        Of the split, and of ``per_class``.

    Returns
    -------
    Task
        Images uint8 (n, height, width, 3).

    Raises
    ------
    ValueError
        If there is no such folder, fewer than two classes with pictures, too few
        pictures in a class, or more than memory holds.
    """
    _refuse_shares(val, test)
    path = pathlib.Path(path).expanduser()
    if not path.is_dir():
        raise ValueError(
            f"There is no folder {path}: give the folder with one subfolder per class."
        )
    roots = given_splits(path) or {path: None}
    files = [(*pair, part) for root, part in roots.items() for pair in files_of(root)]
    _refuse_without_classes(path, files)
    images, kept, left_out, sizes = read(files)
    _refuse_without_classes(path, kept, left_out)
    classes = sorted({label for _, label, _ in kept})
    labels = np.array([classes.index(label) for _, label, _ in kept])
    names = [str(file.relative_to(path)) for file, _, _ in kept]
    parts = [part for _, _, part in kept] if kept[0][2] else None
    offered = {folder.name for root in roots for folder in subfolders(root)}
    return _task(
        path.resolve().name, images, labels, classes, names, parts, per_class, val,
        test, seed, left_out=left_out, sizes=sizes, unused=offered - set(classes),
    )  # fmt: skip


def from_zip(path, *, per_class=None, val=0.2, test=0.2, seed=0):
    """Make a task of a zip file of pictures, in folders as `from_folder` takes them.

    For parameters, result and further errors see `from_folder`.

    Raises
    ------
    ValueError
        Also if it is no zip file, holds paths that lead out of it or links, or would
        grow beyond 4 GB, 100,000 files or a hundred times its size.
    """
    path = pathlib.Path(path).expanduser()
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place) / path.stem
        unpack(path, root)
        inside = subfolders(root)
        if len(inside) == 1 and subfolders(inside[0]):  # one folder around all
            (root,) = inside
        options = {"per_class": per_class, "val": val, "test": test, "seed": seed}
        return from_folder(root, **options)


def from_arrays(
    images, labels, *, classes=None, per_class=None, val=0.2, test=0.2, seed=0
):
    """Make a task of pictures that are arrays already.

    Parameters
    ----------
    images : array, (n, height, width, 3) or grey (n, height, width), 0-255
        uint8 stays uint8.
    labels : array-like, (n,) or one-hot (n, classes)
        Whole numbers from any start, also as float; str, bool, or a pandas Series of
        these or of a categorical, whatever its index.
    classes : sequence of str, optional
        Names of the classes, in the order of the labels' sorted values, or in any order
        where the labels are names themselves.
    per_class, val, test, seed
        As for `from_folder`.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If images or labels are unusable or don't fit, or a class has too few.
    """
    _refuse_shares(val, test)
    try:
        images = np.asarray(images)
    except ValueError:
        raise ValueError(
            "The images differ in size: bring them to one, or use from_folder."
        ) from None
    if images.ndim == 3 and images.shape[-1] != 3:
        images = images[..., None]
    if images.ndim == 4 and images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    images = check_images(images)
    labels, classes = numbered(labels, len(images), classes)
    names = [f"picture {place}" for place in range(len(images))]
    return _task(
        "arrays", images, labels, classes, names, None, per_class, val, test, seed
    )


def _task(
    name, images, labels, classes, names, parts, per_class, val, test, seed, **found
):
    """Split the pictures, where they are not yet, and report on them."""
    present = np.unique(labels)
    if len(present) < 2:
        raise ValueError(
            "All pictures are of one class, so there is nothing to tell apart: give at "
            "least two classes."
        )
    copies = reports.copies(images)
    shares = {"val": val, "test": test}
    if parts is not None:  # what has a folder is as it is, all else comes from train
        shares = {part: 0 if part in parts else shares[part] for part in shares}
        found["taken"] = [part for part, share in shares.items() if share]
    parts = np.array(["train"] * len(labels) if parts is None else parts)
    mine = np.flatnonzero(parts == "train")
    if any(shares.values()):
        parts[mine] = _split(labels[mine], classes, copies[mine], **shares, seed=seed)
    rows = {part: np.flatnonzero(parts == part) for part in ("train", "val", "test")}
    empty = set(range(len(classes))) - set(labels[rows["train"]].tolist())
    if empty:
        raise ValueError(
            f"The class {classes[min(empty)]!r} has no picture for training: add some."
        )
    if per_class is not None:
        rows["train"] = rows["train"][few(labels[rows["train"]], per_class, seed, name)]
        parts[np.setdiff1d(np.flatnonzero(parts == "train"), rows["train"])] = "-"
    report = reports.describe(images, labels, classes, names, parts, copies, **found)
    splits = {part: Split(images[where], labels[where]) for part, where in rows.items()}
    return Task(name, tuple(classes), **splits, report=report)


def _split(labels, classes, copies, val, test, seed):
    """A part for each picture: shares of each class, copies together."""
    rng, parts = np.random.default_rng(seed), np.full(len(labels), "train")
    for label, name in enumerate(classes):
        groups = rng.permutation(np.unique(copies[labels == label]))
        wanted = [max(1, round(share * len(groups))) if share else 0
                  for share in (test, val)]  # fmt: skip
        if len(groups) <= sum(wanted):
            raise ValueError(
                f"The class {name!r} has {len(groups)} different pictures, too few for "
                f"training and {np.count_nonzero(wanted)} more parts: add some, or set "
                "val=0 or test=0."
            )
        for part, chosen in zip(
            ("test", "val"), np.split(groups, np.cumsum(wanted))[:2], strict=True
        ):
            parts[np.isin(copies, chosen) & (labels == label)] = part
    # The same picture in two classes: all on the side where the last class has it.
    for group in np.unique(copies[np.flatnonzero(parts != "train")]):
        members = copies == group
        parts[members] = parts[members][-1]
    return parts


def _refuse_shares(val, test):
    for part, share in (("val", val), ("test", test)):
        number = isinstance(share, (int, float, np.number))
        if not number or not 0 <= share < 1:
            raise ValueError(f"{part} must be a share from 0 up, not {share!r}.")
    if val + test >= 1:
        raise ValueError(
            f"val and test must be together below 1, not {val!r} and {test!r}."
        )


def _refuse_without_classes(path, files, left_out=None):
    classes = {label for _, label, _ in files}
    unread = ""
    if left_out:
        file, why = next(iter(left_out.items()))
        unread = f" Files left out: {len(left_out)}, {file.name} for one: {why}."
    if not classes:
        raise ValueError(
            f"There are no pictures in subfolders of {path}: give each class a "
            f"subfolder with its pictures.{unread}"
        )
    if len(classes) == 1:
        raise ValueError(
            f"All pictures in {path} are of one class, {classes.pop()!r}, so there is "
            f"nothing to tell apart: give each class a subfolder of its own.{unread}"
        )
