"""Data sets as folders of JPEG files, for plain Keras."""

from __future__ import annotations

import pathlib
import shutil

import numpy as np

from tlcourse.datasets import few, load, online
from tlcourse.resources import cache_folder, draft_of


def folder(name, domain=None, *, per_class=None, seed=0, to=None):
    """Write a data set as a folder of JPEG files, once; for plain Keras.

    ``keras.utils.image_dataset_from_directory`` reads each of its folders ``train``,
    ``val`` and ``test``, with one subfolder per class; `from_folder` reads them all.

    Parameters
    ----------
    name, domain, per_class, seed
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
    if to is not None and pathlib.Path(to).exists():
        raise ValueError(f"{to} is there already: choose a new folder.")
    if name == "flowers":  # photographs: as they were taken
        classes, splits = online.flower_files()
        if per_class is not None:
            files, labels = splits["train"]
            rows = few(labels, per_class, seed, name)
            splits["train"] = files[rows], labels[rows]
    else:
        task = load(name, per_class, domain, seed)
        name, domain, classes = task.name, task.domain, task.classes
        splits = {part: getattr(task, part) for part in ("train", "val", "test")}
        splits = {part: (split.images, split.labels) for part, split in splits.items()}
    drawn = None if per_class is None else f"{per_class}_per_class_seed_{seed}"
    title = "_".join(filter(None, (name, domain, drawn)))
    place = cache_folder("folders") / title if to is None else pathlib.Path(to)
    if place.exists():
        return place
    try:
        with draft_of(place) as draft:
            for part, (pictures, labels) in splits.items():
                _write(pictures, labels, classes, draft / part)
    except OSError:
        if to is not None or not place.exists():  # else another process was first
            raise
    return place


def _write(pictures, labels, classes, folder):
    """Write pictures, arrays or files, each class's into a subfolder."""
    import PIL.Image

    for label, class_name in enumerate(classes):
        subfolder = folder / class_name.replace("/", "-")
        subfolder.mkdir(parents=True)
        for number, row in enumerate(np.flatnonzero(labels == label)):
            picture, file = pictures[row], subfolder / f"{number:05}.jpg"
            if isinstance(picture, pathlib.Path):
                shutil.copyfile(picture, file)
            else:
                picture = PIL.Image.fromarray(np.uint8(picture.round()))
                picture.save(file, quality=95)
