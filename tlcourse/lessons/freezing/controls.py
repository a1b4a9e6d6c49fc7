"""The controls of the freeze lab: a toggle for each block, a slider, policy, rates."""

from __future__ import annotations

import threading

from tlcourse.freezing import FreezePlan
from tlcourse.lessons.freezing.words import FROZEN, TRAINS
from tlcourse.widgets.static_first import labelled

BATCHNORM = {
    "frozen": "statistics, scale and shift of trained blocks stay as they are",
    "adapt": "statistics follow the images; scale and shift stay",
    "train": "statistics follow the images; scale and shift are trained",
}
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
LABEL = "12.5em"  # wide enough for the longest, so that the controls stand in line
NOTHING = "nothing"  # the slider's first stop


class Controls:
    """Widgets that choose a plan.

    Parameters
    ----------
    backbone : Backbone
    changed : callable
        Is called, without arguments, once after each change.

    Attributes
    ----------
    toggles : dict of str to ipywidgets.ToggleButton
        By block; pressed ones train.
    slider : ipywidgets.SelectionSlider
        The last block of those at the start that are all frozen.
    batchnorm : ipywidgets.ToggleButtons
    head_rate, body_rate : ipywidgets.SelectionSlider
    box : ipywidgets.VBox
    """

    def __init__(self, backbone, changed):
        import ipywidgets as widgets

        self.backbone, self._changed = backbone, changed
        # JupyterLab may answer two controls in two threads.
        self._lock, self._busy = threading.RLock(), False
        self.toggles = {
            block.name: _toggle(block, share) for block, share in _shares(backbone)
        }
        names = [NOTHING, *self.toggles]
        self.slider = _slider("Freeze up to here", names, names[-1])
        self.batchnorm = _policies(FreezePlan.features(backbone).batchnorm)
        # "usual" is what FreezePlan takes unless told. Not None, which would stand for
        # no choice at all.
        rates = {"usual": 0.0, **{f"{rate:g}": rate for rate in RATES}}
        self.head_rate = _slider("Learning rate of head", rates, 0.0)
        self.body_rate = _slider("Learning rate of blocks", rates, 0.0)
        for toggle in self.toggles.values():
            toggle.observe(self._toggled, names="value")
        self.slider.observe(self._slid, names="value")
        choices = (self.batchnorm, self.head_rate, self.body_rate)
        for choice in choices:
            choice.observe(self._chosen, names="value")
        row = widgets.HBox(
            list(self.toggles.values()), layout=widgets.Layout(flex_flow="row wrap")
        )
        row.add_class("tl-row")
        self.box = widgets.VBox([self.slider, row, *choices])

    @property
    def plan(self):
        """The FreezePlan now chosen."""
        return FreezePlan.blocks(
            self.backbone,
            [name for name, toggle in self.toggles.items() if toggle.value],
            batchnorm=self.batchnorm.value,
            head_rate=self.head_rate.value or None,
            body_rate=self.body_rate.value or None,
        )

    def _toggled(self, _change):
        with self._lock:
            if not self._busy:
                self._settle(frozen_until=None)

    def _slid(self, _change):
        with self._lock:
            if not self._busy:
                self._settle(frozen_until=self.slider.index)

    def _chosen(self, _change):
        self._changed()

    def _settle(self, frozen_until):
        """Bring toggles, their words and the slider together; then tell once."""
        self._busy = True
        try:
            toggles = list(self.toggles.values())
            if frozen_until is not None:
                for place, toggle in enumerate(toggles):
                    toggle.value = place >= frozen_until
            for block, toggle in zip(self.backbone.blocks, toggles, strict=True):
                _say(block, toggle)
            still = [not toggle.value for toggle in toggles] + [False]
            self.slider.index = still.index(False)
        finally:
            self._busy = False
        self._changed()


def _shares(backbone):
    """Pairs of a block and its share of all the blocks' parameters, 0-1."""
    total = max(sum(block.parameters for block in backbone.blocks), 1)
    return [(block, block.parameters / total) for block in backbone.blocks]


def _toggle(block, share):
    import ipywidgets as widgets

    # In proportion to the parameters, but never narrower than the words on it; and
    # where the row is broken in two, no block takes more than its share.
    layout = widgets.Layout(
        flex=f"{share:.5f} 1 0px",
        min_width=f"{max(38, 6 * len(block.name) + 5)}px",
        max_width=f"{100 * share:.2f}%",
        width="auto",
    )
    toggle = widgets.ToggleButton(layout=layout)
    toggle.add_class("tl-block")
    _say(block, toggle)
    return toggle


def _say(block, toggle):
    """Write a block's sign, name and size on its toggle, and its state in words."""
    sign, state, other = (
        (TRAINS, "trains", "freeze") if toggle.value else (FROZEN, "frozen", "train")
    )
    toggle.description = f"{sign}\n{block.name}\n{_short(block.parameters)}"
    # The title: what a mouse shows, and what a screen reader reads after the name.
    toggle.tooltip = (
        f"{block.name}, {block.parameters:,} parameters, {state}. Press to {other} it."
    )


def _short(count):
    """A number of parameters in at most five signs: 248, 1.6k, 70k, 1.2M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.{1 if count < 10 * size else 0}f}{unit}"
    return str(count)


# JupyterLab takes the up and down keys for itself, so a drop-down list cannot be used
# by keyboard there; buttons, and sliders with left and right, can.
def _slider(label, options, value):
    import ipywidgets as widgets

    return labelled(
        widgets.SelectionSlider,
        label,
        options=list(options.items()) if isinstance(options, dict) else options,
        value=value,
        style={"description_width": LABEL},
        layout=widgets.Layout(width="auto", max_width="40em"),
    )


def _policies(value):
    import ipywidgets as widgets

    return labelled(
        widgets.ToggleButtons,
        "BatchNorm",
        "What the BatchNorm layers of trained blocks do",
        options=list(BATCHNORM),
        value=value,
        tooltips=[f"{name}: {words}" for name, words in BATCHNORM.items()],
        style={"description_width": LABEL, "button_width": "5em"},
        layout=widgets.Layout(width="auto"),
    )
