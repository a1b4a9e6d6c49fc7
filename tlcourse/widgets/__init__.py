"""What the lessons' widgets build on, and a widget for any Keras model.

A lesson's widget is a short function in its ``widget.py`` that builds on `StaticFirst`:
a figure to look at, then controls to change it. The figures themselves are plain
functions that are tested without any widget. `freeze` is for the learner's own model.
"""

from tlcourse.widgets.freeze import freeze
from tlcourse.widgets.static_first import StaticFirst

__all__ = ["StaticFirst", "freeze"]
