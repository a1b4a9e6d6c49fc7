"""Try a model on a picture of one's own: what it says, and where it looks."""

from __future__ import annotations

import io
import pathlib

import numpy as np

from tlcourse import plots, saving
from tlcourse.class_activation import class_activation_maps
from tlcourse.pictures import read_picture
from tlcourse.quiet import import_keras
from tlcourse.widgets.static_first import StaticFirst, labelled
from tlcourse.widgets.upload import chosen_files

_SIDE = 384  # pixels: more are not seen on the page


def try_model(path, picture):
    """Show what a saved model says of a picture and where it looks; then of any other.

    Parameters
    ----------
    path : str or path
        A file that ``Run.save`` or ``tl.saving.save`` wrote. Its model takes pictures
        0-255.
    picture : str or path
        The one to begin with.

    Returns
    -------
    StaticFirst
        Shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If there is no such file, it is no such model, or the picture cannot be read.
    """
    import ipywidgets as widgets

    path = pathlib.Path(path)
    if not path.is_file() or path.suffix != ".keras":
        raise ValueError(f"There is no model {path}: give a file that run.save wrote.")
    classes = saving.classes(path)
    model = import_keras().saving.load_model(path)
    first = pathlib.Path(picture)
    chooser = labelled(
        widgets.FileUpload, "Choose a picture", accept="image/*", style={}
    )

    def draw(picture):
        files = chosen_files(picture)
        name, file = (files[-1][0], io.BytesIO(files[-1][1])) if files else (
            first.name, first
        )  # fmt: skip
        try:
            seen = read_picture(file)
        except ValueError as problem:
            raise ValueError(f"{name} is not taken: {problem}") from None
        seen.thumbnail((_SIDE, _SIDE))
        return _answer(model, classes, seen)

    return StaticFirst(draw, picture=chooser)


def _answer(model, classes, seen):
    """Draw what the model says of a PIL.Image, as it was given pictures in training."""
    import PIL.ImageOps

    height, width = model.input_shape[1:3]
    if height is None:  # as Run.save writes it, it takes the middle square itself
        seen = PIL.ImageOps.fit(seen, (min(seen.size),) * 2)
        batch = np.float32([seen])
    else:  # image_dataset_from_directory brings whole pictures to its size
        batch = np.float32([seen.resize((width, height))])
    chances = model.predict(batch, verbose=0)[0]
    heat = class_activation_maps(model, batch, [chances.argmax()])[0]
    return plots.looked_at(np.asarray(seen), heat, chances, classes)
