"""What the lessons' widgets build on, and widgets for one's own model and pictures.

A lesson's widget is a short function in its ``widget.py`` that builds on `StaticFirst`:
a figure to look at, then controls to change it. The figures themselves are plain
functions that are tested without any widget. `freeze` and `try_model` are for a
learner's own model, `upload` and `sort_pictures` for a learner's own pictures, and
`try_text` for models that read.
"""

from tlcourse.widgets.freeze import freeze
from tlcourse.widgets.sort_pictures import sort_pictures
from tlcourse.widgets.static_first import StaticFirst
from tlcourse.widgets.try_model import try_model
from tlcourse.widgets.try_text import try_text
from tlcourse.widgets.upload import upload

__all__ = [
    "StaticFirst",
    "freeze",
    "sort_pictures",
    "try_model",
    "try_text",
    "upload",
]
