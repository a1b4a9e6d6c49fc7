"""Pictures of one's own as a Task: from a folder, from a zip file, from arrays."""

from __future__ import annotations

import os
import pathlib
import shutil
import stat
import tempfile
import zipfile
import zlib

import numpy as np

from tlcourse.datasets import Split, Task, few, load, reports
from tlcourse.pictures import check_images, picture_size, read_picture
from tlcourse.resources import cache_folder

SIZE = 256  # pixels: no backbone of the course sees more than 224 unless told
_SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val",
    "validation": "val", "test": "test",
}  # fmt: skip
_IGNORED = ("Thumbs.db", "desktop.ini", "__MACOSX")  # what systems leave behind
# A zip of photographs hardly shrinks: one that grows a hundredfold is no such thing.
_MOST_FILES, _MOST_BYTES, _MOST_GROWTH = 100_000, 4 * 2**30, 100
_BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError,
)  # fmt: skip


def from_folder(path, *, per_class=None, val=0.2, test=0.2, seed=0):
    """Make a task of pictures in a folder with one subfolder a class.

    Where the folder has subfolders ``train`` and ``val`` or ``test``, each with one
    subfolder a class, they are the splits; one that is not there is taken from
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
            f"There is no folder {path}: give the folder with one subfolder a class."
        )
    roots = _given_splits(path) or {path: None}
    files = [(*pair, part) for root, part in roots.items() for pair in _files(root)]
    _refuse_without_classes(path, files)
    images, kept, left_out, sizes = _read(files)
    _refuse_without_classes(path, kept, left_out)
    classes = sorted({label for _, label, _ in kept})
    labels = np.array([classes.index(label) for _, label, _ in kept])
    names = [str(file.relative_to(path)) for file, _, _ in kept]
    parts = [part for _, _, part in kept] if kept[0][2] else None
    offered = {folder.name for root in roots for folder in _subfolders(root)}
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
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise ValueError(f"There is no zip file {path}: give one with folders in it.")
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place) / path.stem
        try:
            with zipfile.ZipFile(path) as archive:
                _refuse_dangerous(path, archive)
                archive.extractall(root)
        except _DangerousError:
            raise
        except _BROKEN_ZIP as problem:
            raise ValueError(f"{path.name} cannot be unpacked: {problem}.") from None
        inside = _subfolders(root)
        if len(inside) == 1 and _subfolders(inside[0]):  # one folder around all
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


def _given_splits(path):
    """Folders that are splits already, and which; a dict, empty where there are none.

    A class may be called "train": it is a split only beside another one.
    """
    splits = {
        folder: _SPLITS[folder.name.lower()]
        for folder in _subfolders(path)
        if folder.name.lower() in _SPLITS
    }
    if "train" not in splits.values() or len(set(splits.values())) < 2:
        return {}
    with_classes = {folder: part for folder, part in splits.items() if _files(folder)}
    if "train" not in with_classes.values():
        raise ValueError(
            f"The folder train in {path} has no subfolders with pictures: give each "
            "class a subfolder in it."
        )
    return with_classes


def _subfolders(path):
    return sorted(
        each
        for each in path.iterdir()
        if each.is_dir() and not each.name.startswith(".") and each.name not in _IGNORED
    )


def _files(path):
    """Each file under each class's folder, with the class; (path, str) pairs."""
    return [
        (file, folder.name)
        for folder in _subfolders(path)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and file.name not in _IGNORED
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]


def _read(files):
    """Read all pictures; arrays (n, height, width, 3), their files, what was left out.

    Returns
    -------
    images : ndarray, uint8, (n, height, width, 3)
    kept : list
        The entries of ``files`` that could be read.
    left_out : dict of path to str
        Why each other file was not.
    sizes : set of (int, int)
        Width and height as they were.
    """
    import PIL.ImageOps

    sizes, kept, left_out = {}, [], {}
    for entry in files:
        try:
            sizes[entry] = picture_size(entry[0])
        except ValueError as problem:
            left_out[entry[0]] = str(problem)
    width, height = _common_size(set(sizes.values()))
    _refuse_too_many(len(sizes), width, height)
    images = np.empty((len(sizes), height, width, 3), "uint8")
    for entry in sizes:
        try:
            picture = read_picture(entry[0])
        except ValueError as problem:
            left_out[entry[0]] = str(problem)
            continue
        if picture.size != (width, height):  # the middle, smoothed (2: bilinear)
            picture = PIL.ImageOps.fit(picture, (width, height), method=2)
        images[len(kept)] = picture
        kept.append(entry)
    return images[: len(kept)], kept, left_out, set(sizes.values())


def _common_size(sizes):
    """Width and height that pictures of these sizes are brought to."""
    if len(sizes) == 1 and max(max(size) for size in sizes) <= SIZE:
        return next(iter(sizes))
    side = min(SIZE, max((min(size) for size in sizes), default=SIZE))
    return side, side


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


def _refuse_too_many(count, width, height):
    import psutil

    needed = 2 * 3 * width * height * count
    free = psutil.virtual_memory().available
    if needed > free:
        raise ValueError(
            f"{count:,} pictures of {width} x {height} px take {needed / 1e9:.1f} GB, "
            f"and {free / 1e9:.1f} GB of memory are free: put fewer into the folder."
        )


class _DangerousError(ValueError):
    """Of a zip file that is not unpacked at all."""


def _refuse_dangerous(path, archive):
    """Refuse, before anything is unpacked, what no zip of pictures does."""
    entries = archive.infolist()
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if size > _MOST_BYTES or len(entries) > _MOST_FILES or (
        size > _MOST_GROWTH * max(packed, 10**6)
    ):  # fmt: skip
        raise _DangerousError(
            f"{path.name} would grow to {len(entries):,} files and {size / 1e9:.1f} "
            "GB, so it is no zip file of pictures: unpack it yourself, and use "
            "from_folder."
        )
    for entry in entries:
        steps = entry.filename.replace("\\", "/").split("/")
        link = stat.S_ISLNK(entry.external_attr >> 16)
        if link or ".." in steps or steps[0] == "" or ":" in steps[0]:
            raise _DangerousError(
                f"{path.name} holds {entry.filename!r}, which leads out of it: it is "
                "not unpacked."
            )


def folder(name, domain=None, to=None):
    """Write a data set as a folder of JPEG files, once; for plain Keras.

    ``keras.utils.image_dataset_from_directory`` reads each of its folders ``train``,
    ``val`` and ``test``, with one subfolder a class; `from_folder` reads them all.

    Parameters
    ----------
    name, domain : str
        See ``tl.datasets.load``, for the errors too.
    to : path, optional
        A folder that is not there yet; one in the user's cache unless told.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        Also if ``to`` is there already.
    """
    import PIL.Image

    task = load(name, domain=domain)
    title = "_".join(filter(None, (task.name, task.domain)))
    place = cache_folder("folders") / title if to is None else pathlib.Path(to)
    if place.exists():
        if to is None:
            return place
        raise ValueError(f"{place} is there already: choose a new folder.")
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        for part in ("train", "val", "test"):
            split = getattr(task, part)
            for label, class_name in enumerate(task.classes):
                subfolder = draft / part / class_name.replace("/", "-")
                subfolder.mkdir(parents=True)
                for number, row in enumerate(np.flatnonzero(split.labels == label)):
                    picture = PIL.Image.fromarray(np.uint8(split.images[row].round()))
                    picture.save(subfolder / f"{number:05}.jpg", quality=95)
        draft.rename(place)
    except OSError:
        if to is not None or not place.exists():  # else another process was first
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place
