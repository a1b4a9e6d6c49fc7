"""The widgets of the lessons: a figure to look at, then controls to change it.

>>> import tlcourse as tl
>>> tl.widgets.NAME(...)

A lesson's widget is a short function in ``widgets/lesson_NN.py`` that builds on
`StaticFirst`; the figures themselves are plain functions that are tested without any
widget. `FreezeLab` trains, too: ``freeze_lab.py`` is the lab, ``freeze_controls.py``
its controls, ``freeze_words.py`` what it says. A module is loaded when its widget is
first asked for.
"""

import importlib

#: Which module holds which widget: a new widget adds its line here.
WIDGETS = {
    "StaticFirst": "static_first",
    "FreezeLab": "freeze_lab",
    "browse_pictures": "lesson_00",
    "how_many_labels": "lesson_01",
    "look_inside": "lesson_02",
    "where_pictures_lie": "lesson_03",
    "where_it_looks": "lesson_06",
    "choose_a_source": "lesson_05",
    "shift_lab": "lesson_07",
    "cluster_lab": "lesson_08",
    "follow_the_mark": "lesson_09",
}

__all__ = [*WIDGETS]


def __getattr__(name):
    """Load a widget's module on its first use (PEP 562)."""
    if name in WIDGETS:
        module = importlib.import_module(f"tlcourse.widgets.{WIDGETS[name]}")
        globals()[name] = getattr(module, name)
        return globals()[name]
    known = ", ".join(WIDGETS)
    raise AttributeError(f"tlcourse.widgets has no {name!r}. It has: {known}.")


def __dir__():
    return sorted({*globals(), *WIDGETS})
