"""Look through a folder of pictures, throw some out, or move them to another class."""

from __future__ import annotations

import pathlib

import numpy as np

from tlcourse import plots
from tlcourse.datasets import collecting
from tlcourse.datasets.picture_files import files_of, subfolders
from tlcourse.pictures import read_picture
from tlcourse.widgets.static_first import StaticFirst, labelled, problem_html, show_live

PAGE = 24  # pictures at a time
_SIDE = 96  # pixels of a small picture
_OUT = "throw out"


def sort_pictures(folder):
    """Show the pictures of a folder, page by page; throw out or move what is wrong.

    What is thrown out is kept in the folder ``.thrown_out`` inside, which
    ``tl.datasets.from_folder`` and Keras pass over.

    Parameters
    ----------
    folder : str or path
        With one subfolder per class.

    Returns
    -------
    SortPictures
        Shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If there is no such folder, or no picture in its subfolders.
    """
    return SortPictures(folder)


class SortPictures:
    """A wall of pictures and the controls under it; see `sort_pictures`.

    Attributes
    ----------
    folder : pathlib.Path
    files : list of pathlib.Path
        On the page that is shown.
    picks : list of ipywidgets.ToggleButton
        One for each file; pressed ones are chosen.
    """

    def __init__(self, folder):
        import ipywidgets as widgets

        self.folder = pathlib.Path(folder).expanduser()
        if not self.folder.is_dir() or not files_of(self.folder):
            raise ValueError(
                f"There are no pictures in subfolders of {self.folder}: give a folder "
                "with one subfolder per class."
            )
        self._moved, names = [], self._classes()
        slim = widgets.Layout(width="auto")
        self.wall = StaticFirst(self._draw, show=names, page=[1])
        self.picks = [widgets.ToggleButton(layout=slim) for _ in range(PAGE)]
        self.target = labelled(
            widgets.Dropdown, "with the chosen ones", options=self._targets(names)
        )
        self.button = widgets.Button(description="Do it", layout=slim)
        self.undo = widgets.Button(description="Undo", disabled=True, layout=slim)
        self.button.on_click(self._clicked)
        self.undo.on_click(self._clicked_undo)
        self.message = widgets.HTML()
        wrap = widgets.Layout(flex_flow="row wrap")
        self.box = widgets.VBox([
            widgets.HBox(self.picks, layout=wrap),
            widgets.HBox([self.target, self.button, self.undo], layout=wrap),
            self.message,
        ])  # fmt: skip
        self._turn()

    def show(self):
        """Display the wall of pictures, then the controls."""
        self.wall.show()
        self.wall.controls["show"].observe(self._turn, names="value")
        show_live(
            self.box,
            "Controls: a toggle for each picture, throw out or move, undo. Run this "
            "cell to use them.",
        )

    _ipython_display_ = show

    def _classes(self):
        return [each.name for each in subfolders(self.folder)]

    def _targets(self, names):
        return [_OUT, *(f"move to {name}" for name in names)]

    def _turn(self, change=None):
        """Offer as many pages as the class has; of another class, the first."""
        count = len(self._of_class(self.wall.controls["show"].value))
        pages = list(range(1, max(1, -(-count // PAGE)) + 1))
        page = self.wall.controls["page"]
        wanted = 1 if change else min(page.value, pages[-1])
        page.options = pages
        page.value = wanted

    def _of_class(self, name):
        return [file for file, its_class in files_of(self.folder) if its_class == name]

    def _draw(self, show, page):
        everything = self._of_class(show)
        self.files = everything[(page - 1) * PAGE :][:PAGE]
        for place, pick in enumerate(self.picks):
            pick.value, there = False, place < len(self.files)
            pick.layout.display = None if there else "none"
            pick.description = str(place + 1)
            pick.tooltip = self.files[place].name if there else ""
        title = f"{show}: {len(everything)} pictures"
        numbers = [str(place + 1) for place in range(len(self.files))]
        images = [_small(file) for file in self.files] or [_blank()]
        return plots.image_grid(
            images,
            numbers or ["empty"],
            title=title,
            alt=f"{title}, on this page {', '.join(x.name for x in self.files)}.",
        )

    def _clicked(self, _button):
        chosen = [
            file
            for file, pick in zip(self.files, self.picks, strict=False)
            if pick.value
        ]
        shown = self.wall.controls["show"].value
        name = self.target.value.removeprefix("move to ")
        kept = self.folder / collecting.THROWN_OUT / shown
        target = kept if self.target.value == _OUT else self.folder / name
        self._move([(file, target) for file in chosen], "moved")

    def _clicked_undo(self, _button):
        back, self._moved = [(new, old.parent) for old, new in self._moved], []
        self._move(back, "brought back")

    def _move(self, pairs, done):
        moved = []
        try:
            for file, target in pairs:
                moved.append((file, collecting.put(file, target)))
            said = f"{len(moved)} picture{'s' * (len(moved) != 1)} {done}."
            self.message.value = f'<div role="status">{said}</div>'
        except OSError as problem:
            self.message.value = problem_html(problem, "Not all could be moved")
        self._moved = moved if done == "moved" else []
        self.undo.disabled = not self._moved
        self._turn()
        self.wall.redraw()


def _small(file):
    """A picture as it is read, its middle square at few pixels; a sign where broken."""
    import PIL.ImageOps

    try:
        return np.asarray(PIL.ImageOps.fit(read_picture(file), (_SIDE, _SIDE)))
    except ValueError:
        return _blank()


def _blank():
    return np.full((_SIDE, _SIDE, 3), 200, "uint8")
