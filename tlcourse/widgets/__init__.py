"""What the lessons' widgets build on: a figure to look at, then controls to change it.

A lesson's widget is a short function in its ``widget.py`` that builds on `StaticFirst`;
the figures themselves are plain functions that are tested without any widget.
"""

from tlcourse.widgets.static_first import StaticFirst

__all__ = ["StaticFirst"]
