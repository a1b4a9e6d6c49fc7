"""Files of pictures in folders and zip files: which there are, and what they hold."""

from __future__ import annotations

import stat
import zipfile
import zlib

import numpy as np

from tlcourse.pictures import picture_size, read_picture
from tlcourse.resources import available_memory

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


def given_splits(path):
    """Folders that are splits already, and which; a dict, empty where there are none.

    A class may be called "train": it is a split only beside another one.
    """
    splits = {
        folder: _SPLITS[folder.name.lower()]
        for folder in subfolders(path)
        if folder.name.lower() in _SPLITS
    }
    if "train" not in splits.values() or len(set(splits.values())) < 2:
        return {}
    with_classes = {folder: part for folder, part in splits.items() if files_of(folder)}
    if "train" not in with_classes.values():
        raise ValueError(
            f"The folder train in {path} has no subfolders with pictures: give each "
            "class a subfolder in it."
        )
    return with_classes


def subfolders(path):
    return sorted(
        each
        for each in path.iterdir()
        if each.is_dir() and not each.name.startswith(".") and each.name not in _IGNORED
    )


def files_of(path):
    """Each file under each class's folder, with the class; (path, str) pairs."""
    return [
        (file, folder.name)
        for folder in subfolders(path)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and file.name not in _IGNORED
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]


def read(files):
    """Read all pictures; arrays (n, height, width, 3), their files, what was left out.

    Returns
    -------
    images : ndarray, uint8, (n, height, width, 3)
    kept : list
        The entries of ``files`` that could be read.
    left_out : dict of path to str
        Why each other file was not.
    sizes : list of (int, int)
        Width and height of each picture that could be read, as they were.
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
    return images[: len(kept)], kept, left_out, [sizes[entry] for entry in kept]


def _common_size(sizes):
    """Width and height that pictures of these sizes are brought to."""
    if len(sizes) == 1 and max(max(size) for size in sizes) <= SIZE:
        return next(iter(sizes))
    side = min(SIZE, max((min(size) for size in sizes), default=SIZE))
    return side, side


def _refuse_too_many(count, width, height):
    needed, free = 2 * 3 * width * height * count, available_memory()
    if free is not None and needed > free:
        raise ValueError(
            f"{count:,} pictures of {width} x {height} px take {needed / 1e9:.1f} GB, "
            f"and {free / 1e9:.1f} GB of memory are free: put fewer into the folder."
        )


def unpack(path, folder):
    """Unpack a zip file of pictures into a new folder.

    Raises
    ------
    ValueError
        If it is no zip file or broken, holds paths that lead out of it or links, or
        would grow beyond 4 GB, 100,000 files or a hundred times its size.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise ValueError(f"There is no zip file {path}: give one with folders in it.")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_dangerous(path, archive)
            archive.extractall(folder)
    except _DangerousError:
        raise
    except _BROKEN_ZIP as problem:
        raise ValueError(f"{path.name} cannot be unpacked: {problem}.") from None


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
