"""The base of every widget: a picture first, then controls that draw it anew.

A stored lesson carries no widget state, so GitHub, a printout and a screen reader have
only what a cell displayed. Here that is a picture with its description; the controls
come after it in an output of their own and change that same picture in place.
"""

from __future__ import annotations

import asyncio
import html
import threading
import time
from numbers import Number

# Seconds. A drawing that takes longer than this waits until the controls have rested
# for as long, so that dragging a slider doesn't queue drawings; a quicker one follows
# the hand.
PAUSE = 0.25
VIEW = "application/vnd.jupyter.widget-view+json"
_HIDDEN = (
    "position: absolute; width: 1px; height: 1px; overflow: hidden; "
    "clip-path: inset(50%); white-space: nowrap"
)


def show_live(widget, text):
    """Display a widget; where no kernel runs, only the text is left of it.

    An ipywidgets widget displays itself with its Python name as text, ``VBox(children=
    ...)``, which is what GitHub then shows. This says something readable instead.

    Parameters
    ----------
    widget : ipywidgets.Widget
        Of ipywidgets 7 or 8.
    text : str
        What stands in a stored or printed lesson in place of the widget.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if not InteractiveShell.initialized():  # a script: nobody could use it there
        print(text)
        return
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display({VIEW: view, "text/plain": text}, raw=True)


def labelled(kind, label, tooltip=None, **state):
    """A control of a kind, such as ``ipywidgets.SelectionSlider``, beside its label.

    The mouse shows the tooltip or, without one, the label. `state` is everything else
    that the control begins with.
    """
    from ipywidgets import Layout

    looks = {
        "style": {"description_width": "initial"},
        "layout": Layout(width="auto", max_width="32em"),
    }
    if "tooltip" in kind.class_trait_names():
        looks["tooltip"] = tooltip or label  # ipywidgets 8 would show "null" there
    return kind(description=label, **{**looks, **state})


def control(label, what):
    """A widget for a value: a ready one, or the simplest that offers the options.

    Parameters
    ----------
    label : str
        The words beside it.
    what : ipywidgets.Widget, bool, or sequence or dict of options
        A bool becomes a checkbox, numbers a slider that stops at each of them, other
        options a drop-down list. The first option is the value to begin with.

    Returns
    -------
    ipywidgets.Widget

    Raises
    ------
    ValueError
        If there are no options.
    """
    import ipywidgets as widgets

    if isinstance(what, widgets.Widget):
        return what
    if isinstance(what, bool):
        return labelled(widgets.Checkbox, label, value=what, indent=False)
    options = list(what.items() if isinstance(what, dict) else what)
    if not options:
        raise ValueError(f"The control {label!r} needs at least one option.")
    numbers = all(isinstance(option, Number) for option in options)
    kind = widgets.SelectionSlider if numbers else widgets.Dropdown
    return labelled(kind, label, options=options)


def problem_html(problem, what):
    """Say in one sentence, at once read aloud, what did not happen, and why."""
    reason = " ".join(str(problem).split()) or "no reason was given"
    sentence = f"{type(problem).__name__}: {reason}".rstrip(".")
    return f'<div role="alert">✗ {what} ({html.escape(sentence)}).</div>'


class StaticFirst:
    """A picture, and under it controls that draw it anew.

    Parameters
    ----------
    draw : callable
        ``draw(**values) -> Picture``, a plain function with one keyword per control.
    **controls
        For each keyword of `draw` an ipywidgets widget, or what `control` makes one
        of: a bool, numbers or other options.

    Attributes
    ----------
    controls : dict of str to ipywidgets.Widget
    picture : Picture or None
        What is shown now.
    message : ipywidgets.HTML
        The line under the controls: what went wrong, and for screen readers the
        description of the new picture.

    Examples
    --------
    >>> def draw(per_class, strategy):
    ...     return plots.learning_curves(table.query("per_class <= @per_class"))
    >>> StaticFirst(draw, per_class=[1, 2, 5], strategy=["features", "all"]).show()
    """

    def __init__(self, draw, /, **controls):
        import ipywidgets as widgets

        self.draw, self.picture = draw, None
        self.controls = {
            name: control(name.replace("_", " "), what)
            for name, what in controls.items()
        }
        self.message = widgets.HTML()
        self._handle = self._timer = None
        self._seconds = 0.0
        # JupyterLab may answer a control in another thread while a cell runs.
        self._lock = threading.RLock()

    @property
    def values(self):
        """The values of the controls by name, as `draw` gets them."""
        return {name: each.value for name, each in self.controls.items()}

    def show(self):
        """Display the picture, then the controls.

        Raises
        ------
        Exception
            Whatever `draw` raises for the values that the controls begin with: a
            lesson that cannot draw its first picture is broken.
        """
        import ipywidgets as widgets
        from IPython.display import display

        # The first drawing isn't timed: it pays for Matplotlib's start.
        self.picture = self.draw(**self.values)
        self._handle = display(self.picture, display_id=True)
        for each in self.controls.values():
            each.observe(self._changed, names="value")
        labels = [
            each.description or name.replace("_", " ")
            for name, each in self.controls.items()
        ]
        show_live(
            widgets.VBox([*self.controls.values(), self.message]),
            f"Controls: {', '.join(labels)}. Run this cell to use them.",
        )

    _ipython_display_ = show

    def _changed(self, _change):
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            loop = self._loop() if self._seconds > PAUSE else None
            if loop is not None:
                self._timer = loop.call_later(PAUSE, self.redraw)
                return
        self.redraw()

    @staticmethod
    def _loop():
        try:
            return asyncio.get_running_loop()
        except RuntimeError:  # no kernel: a test or a script
            return None

    def redraw(self):
        """Draw the picture for the present values and put it in the old one's place.

        What goes wrong is said in one sentence under the controls.
        """
        with self._lock:
            self._timer = None
            started = time.perf_counter()
            try:
                picture = self.draw(**self.values)
                if self._handle is not None:
                    self._handle.update(picture)
            except Exception as problem:
                self.message.value = problem_html(
                    problem,
                    "This could not be drawn, try another value; the picture above is "
                    "still the old one",
                )
                return
            self.picture = picture
            self._seconds = time.perf_counter() - started
            # The new picture is silent: this tells a screen reader what it shows.
            self.message.value = (
                f'<div role="status" style="{_HIDDEN}">'
                f"{html.escape(getattr(picture, 'alt', 'The picture is new.'))}</div>"
            )
