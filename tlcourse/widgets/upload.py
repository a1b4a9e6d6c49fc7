"""Bring pictures of one's own from the browser into a folder."""

from __future__ import annotations

import html
import os
import pathlib

from tlcourse.datasets import collecting
from tlcourse.datasets.picture_files import files_of, subfolders
from tlcourse.widgets.static_first import labelled, problem_html, show_live

_SHOWN = 20  # refused files that are named
_NOTE = ""
if "TLCOURSE_LAB" not in os.environ:  # else the server is set to take much more
    _NOTE = (
        "<small>Jupyter may drop what exceeds 10 MB at once, without a word. Drag a "
        "larger zip file into the list of files at the left, and give its path to "
        "<code>tl.datasets.from_zip</code>. After <code>tlcourse lab</code> there is "
        "no such limit.</small>"
    )


def upload(folder="my_pictures"):
    """Bring pictures, or a zip file of them, into a folder with a subfolder per class.

    Nothing is overwritten: what comes later is added.

    Parameters
    ----------
    folder : str or path
        Is made with the first picture. ``tl.datasets.from_folder`` and Keras's
        ``image_dataset_from_directory`` read it.

    Returns
    -------
    Upload
        Shows itself at the end of a cell.
    """
    return Upload(folder)


def chosen_files(value):
    """What somebody chose in a FileUpload of ipywidgets 7 or 8: (str, bytes) pairs."""
    files = (
        value.items() if isinstance(value, dict) else ((x["name"], x) for x in value)
    )
    return [(name, bytes(file["content"])) for name, file in files]


class Upload:
    """Controls that bring pictures into a folder; see `upload`.

    Attributes
    ----------
    folder : pathlib.Path
    refused : dict of str to str
        Files that were not taken, since the widget was made, and why.
    """

    def __init__(self, folder):
        import ipywidgets as widgets

        self.folder, self.refused = pathlib.Path(folder).expanduser(), {}
        self.name = labelled(
            widgets.Text, "Class of these pictures", "A zip of folders needs none"
        )
        self.button = widgets.Button(
            description="Add to the folder", layout=widgets.Layout(width="auto")
        )
        self.button.on_click(self._clicked)
        self.message = widgets.HTML()
        self.box = widgets.VBox(layout=widgets.Layout(align_items="flex-start"))
        self._new_chooser()
        self._tell("")

    def show(self):
        """Display what the folder holds, and the controls."""
        show_live(
            self.box,
            f"{self._contents()} Controls: choose pictures or a zip file, name of the "
            "class, add. Run this cell to use them.",
        )

    _ipython_display_ = show

    def _new_chooser(self):
        """Put an empty FileUpload in: one of ipywidgets 7 cannot be emptied."""
        import ipywidgets as widgets

        self.chooser = labelled(
            widgets.FileUpload,
            "Choose pictures or a zip file",
            accept="image/*,.zip",
            multiple=True,
            style={},
        )
        self.box.children = [self.chooser, self.name, self.button, self.message]

    def _clicked(self, _button):
        try:
            files = chosen_files(self.chooser.value)
            if not files:
                raise ValueError("choose pictures or a zip file first")
            added, refused = collecting.add(files, self.name.value, self.folder)
        except (OSError, ValueError) as problem:
            done = (
                "Not all of it was added; what is chosen stays chosen, so press again"
            )
            self._tell(problem_html(problem, done))
            return
        self.refused |= refused
        if added or self.name.value:  # else they still wait for the name of the class
            self._new_chooser()
        self._tell(
            f"<div role='status'>New pictures: {added}. Files refused: {len(refused)}."
            "</div>" + _listed(refused)
        )

    def _tell(self, news):
        self.message.value = f"{news}<div>{html.escape(self._contents())}</div>{_NOTE}"

    def _contents(self):
        """How many pictures of each class there are, in a sentence."""
        if not self.folder.is_dir():
            return f"The folder {self.folder} is not there yet."
        counts = {each.name: 0 for each in subfolders(self.folder)}
        for _, name in files_of(self.folder):
            counts[name] += 1
        if not counts:
            return f"The folder {self.folder} is empty."
        words = ", ".join(f"{count} of {name}" for name, count in counts.items())
        return f"The folder {self.folder} holds {words}."


def _listed(refused):
    if not refused:
        return ""
    some = list(refused.items())[:_SHOWN]
    items = "".join(
        f"<li>{html.escape(name)}: {html.escape(why)}</li>" for name, why in some
    )
    more = f"<p>and {len(refused) - _SHOWN} more</p>" if len(refused) > _SHOWN else ""
    return f"<p>Not taken:</p><ul>{items}</ul>{more}"
