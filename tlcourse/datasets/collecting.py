"""A folder with a subfolder per class: pictures put in, moved, and thrown out."""

from __future__ import annotations

import pathlib
import tempfile
import unicodedata

from tlcourse.datasets.picture_files import files_of, subfolders, unpack
from tlcourse.pictures import read_picture

THROWN_OUT = ".thrown_out"  # what begins with a dot is no class


def add(files, class_name, folder):
    """Put pictures, and zip files of them, into a folder with a subfolder per class.

    A file with a name that is taken gets a number, unless it holds the same. Whatever
    happens, no file is there in part.

    Parameters
    ----------
    files : iterable of (str, bytes)
        Name and content of each.
    class_name : str
        The class of pictures, and of a zip file without subfolders; may be empty where
        each zip file has a subfolder for each class.
    folder : path
        Is made where it is missing.

    Returns
    -------
    added : int
        How many pictures are new.
    refused : dict of str to str
        Why each other file was not taken.

    Raises
    ------
    ValueError
        If the class has a name that no folder can have.
    OSError
        If a file cannot be written, on a full disk for one.
    """
    folder, name = pathlib.Path(folder).expanduser(), _checked(class_name)
    folder.mkdir(parents=True, exist_ok=True)
    added, refused = 0, {}
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as drafts:
        for title, content in files:
            draft = pathlib.Path(drafts, pathlib.PurePath(title).name)
            draft.write_bytes(content)
            try:
                for file, its_class in _pictures(draft, name):
                    shown = title if file == draft else f"{title}: {file.name}"
                    try:
                        read_picture(file)
                        added += _keep(file, folder / its_class)
                    except ValueError as problem:
                        refused[shown] = str(problem)
            except ValueError as problem:  # of the whole file
                refused[title] = str(problem)
            draft.unlink(missing_ok=True)
    return added, refused


def put(file, folder):
    """Move a picture into another folder, of a class or of what was thrown out.

    Parameters
    ----------
    file, folder : pathlib.Path

    Returns
    -------
    pathlib.Path
        Where it is now: with a number in its name where that was taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return file.replace(_free_name(folder / file.name))


def _checked(class_name):
    # A Mac writes an accent as a sign of its own: one class would become two.
    name = unicodedata.normalize("NFC", class_name).strip()
    if name.startswith(".") or set(name) & set('/\\:*?"<>|\0'):
        raise ValueError(
            f"{class_name!r} cannot be the name of a class, which becomes the name of "
            "a folder: use letters, figures and spaces."
        )
    return name


def _pictures(file, class_name):
    """The pictures of a file, each with its class."""
    if file.suffix.lower() != ".zip":
        return [(file, _needed(class_name))]
    root = file.with_name(f"{file.name}.unpacked")
    unpack(file, root)
    inside = subfolders(root)
    if len(inside) == 1 and subfolders(inside[0]):  # one folder around all
        (root,) = inside
    found = files_of(root)
    if not found:
        loose = (each for each in root.iterdir() if each.is_file())
        found = [(each, _needed(class_name)) for each in sorted(loose)]
    return [(each, unicodedata.normalize("NFC", name)) for each, name in found]


def _needed(class_name):
    if not class_name:
        raise ValueError("it has no class: write the name of its class first")
    return class_name


def _keep(file, folder):
    """Move a new picture to its class; whether it was not there yet."""
    there = folder / file.name
    if there.exists() and there.read_bytes() == file.read_bytes():
        return False
    put(file, folder)
    return True


def _free_name(path):
    """The path, or one with the first number that no file has."""
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return free
