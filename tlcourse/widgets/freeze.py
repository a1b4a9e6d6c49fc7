"""Freeze and unfreeze parts of any Keras model, and see what that means."""

from __future__ import annotations

import dataclasses
import html
import weakref

import numpy as np

from tlcourse import backbones
from tlcourse.quiet import import_keras
from tlcourse.widgets.static_first import show_live

FROZEN, TRAINS = "❄", "✎"
_MANY = 8  # layers with weights: fewer are switched one by one
_BOX = (
    "display: inline-block; margin: 2px; padding: 3px 6px; border: 1px solid #333; "
    "border-radius: 3px; color: #1a1a1a; text-align: center; line-height: 1.4"
)
_COLOURS = {True: "#f5c98a", False: "#bcd9ec"}


@dataclasses.dataclass(frozen=True)
class Part:
    """Layers that are switched together: a block of a backbone, or a single layer.

    Attributes
    ----------
    name : str
    layers : tuple of keras.Layer
    owner : keras.Model
        The model in which they stand: a nested backbone, or the whole.
    path : tuple of str
        Names of the nested models from the whole to the owner.
    """

    name: str
    layers: tuple
    owner: object
    path: tuple[str, ...]

    @property
    def weights(self):
        """Number of weights."""
        return sum(layer.count_params() for layer in self.layers)


def freeze(model):
    """Show a Keras model as a row of toggles that set ``trainable`` on it.

    Parameters
    ----------
    model : keras.Model
        Built; compiled or not, with a nested backbone or without.

    Returns
    -------
    Freeze
        Shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If it is no Keras model, or has no weights yet.
    """
    if not isinstance(model, import_keras().Model):
        raise ValueError(
            f"freeze needs a Keras model, not {type(model).__name__}: of a backbone of "
            "the course give backbone.model."
        )
    if not model.built or not model.weights:
        raise ValueError(
            "The model has no weights yet: build it first, with an Input or by calling "
            "it once."
        )
    return Freeze(model)


class Freeze:
    """Toggles for the parts of a model; see `freeze`.

    Attributes
    ----------
    model : keras.Model
    parts : tuple of Part
    toggles : list of ipywidgets.ToggleButton
        One for each part; pressed ones train.
    batchnorm : ipywidgets.Checkbox
        Whether BatchNorm trains in the parts that train.
    """

    def __init__(self, model):
        import ipywidgets as widgets

        self.model, self.parts = model, tuple(_parts(model))
        self._busy, self._handle, self._shown = False, None, None
        self._compiled, self._flags = None, None
        wide = widgets.Layout(width="auto")
        self.toggles = [widgets.ToggleButton(layout=wide) for _ in self.parts]
        self.batchnorm = widgets.Checkbox(
            description="BatchNorm trains, too", indent=False, layout=wide
        )
        self.message = widgets.HTML()
        row = widgets.HBox(self.toggles, layout=widgets.Layout(flex_flow="row wrap"))
        self.box = widgets.VBox([row, self.batchnorm, self.message])
        for control in (*self.toggles, self.batchnorm):
            control.observe(self._changed, names="value")
        self.refresh()
        _after_each_cell(weakref.ref(self))

    @property
    def must_compile(self):
        """Whether nobody has compiled since a flag was changed, or at all."""
        self._look()
        return self._compiled is None or self._flags != self._free()

    @property
    def code(self):
        """The present choice as lines of Keras, for a model named ``model``."""
        lines = ["model.trainable = True"]
        for path in dict.fromkeys(part.path for part in self.parts):
            lines += _code(path, [part for part in self.parts if part.path == path])
        return "\n".join([*lines, "model.compile(...)  # again, before you fit"])

    def show(self):
        """Display the state, then the controls."""
        from IPython.display import display

        self._shown = self._page()
        self._handle = display(self._shown, raw=True, display_id=True)
        show_live(
            self.box,
            f"Controls: a toggle for each of {len(self.parts)} parts, BatchNorm. Run "
            "this cell to use them.",
        )

    _ipython_display_ = show

    def refresh(self):
        """Read from the model what trains and whether it was compiled, and show it."""
        free = set(self._free())
        norms = [x for part in self.parts for x in part.layers if _is_norm(x)]
        self._busy = True
        try:
            self.batchnorm.disabled = not norms
            self.batchnorm.value = any(_trains(layer, free) for layer in norms)
            for part, toggle in zip(self.parts, self.toggles, strict=True):
                others = [x for x in part.layers if x.weights and not _is_norm(x)]
                toggle.value = any(_trains(x, free) for x in others or part.layers)
        finally:
            self._busy = False
        self._tell()

    def _changed(self, _change):
        if self._busy:
            return
        self._look()  # what the last compile has seen, before it changes
        for owner in _owners(self.model, self.parts):
            owner.trainable = True  # or the flags inside would count for nothing
        for part, toggle in zip(self.parts, self.toggles, strict=True):
            for layer in part.layers:
                norm_stays = _is_norm(layer) and not self.batchnorm.value
                layer.trainable = toggle.value and not norm_stays
        self._tell()

    def _free(self):
        return [id(variable) for variable in self.model.trainable_variables]

    def _look(self):
        """Note the flags that a new compile has found."""
        # compile makes its metrics anew: other ones tell that it ran.
        metrics = self.model.metrics if self.model.compiled else [None]
        if metrics[0] is not self._compiled:
            self._compiled, self._flags = metrics[0], self._free()

    def _tell(self):
        for part, toggle in zip(self.parts, self.toggles, strict=True):
            sign, state, other = FROZEN, "frozen", "train"
            if toggle.value:
                sign, state, other = TRAINS, "trains", "freeze"
            toggle.description = f"{sign} {part.name}"
            toggle.tooltip = (
                f"{part.name}, {part.weights:,} weights, {state}. Press to {other} it."
            )
        page = self._page()
        self.message.value = f'<div role="status">{self._counts()}</div>'
        if self._handle is not None and page != self._shown:
            self._handle.update(page, raw=True)
            self._shown = page

    def _counts(self):
        sizes = [int(np.prod(x.shape)) for x in self.model.trainable_variables]
        trained, total = sum(sizes), self.model.count_params()
        counts = (
            f"{trained:,} of {total:,} weights train ({trained / total:.1%}), "
            f"{total - trained:,} are frozen."
        )
        if self.must_compile:
            counts += " ⚠ Compile again before you fit."
        return counts

    def _page(self):
        """What is shown without controls; a MIME bundle."""
        title = f"{self.model.name}: {TRAINS} trains, {FROZEN} is frozen"
        boxes, words = "", []
        for part, toggle in zip(self.parts, self.toggles, strict=True):
            label = html.escape(f"{TRAINS if toggle.value else FROZEN} {part.name}")
            look = f"{_BOX}; background: {_COLOURS[toggle.value]}"
            boxes += f'<li style="{look}">{label}<br>{part.weights:,}</li>'
            words.append(label)
        page = (
            f"<p><strong>{html.escape(title)}</strong></p>"
            f'<ul style="list-style: none; padding: 0; margin: 0">{boxes}</ul>'
            f"<p>{self._counts()}</p>"
            f'<pre aria-label="The same in Keras">{html.escape(self.code)}</pre>'
        )
        text = f"{title}. {', '.join(words)}. {self._counts()}\n{self.code}"
        return {"text/html": page, "text/plain": text}


def _parts(model, path=()):
    """The parts of a model, first to last."""
    maps, within = _with_maps(model), set()
    if maps is not None:
        within = {layer.name for layer in maps.layers}
        for block in backbones.blocks_of(maps):
            layers = tuple(model.get_layer(name) for name in block.layers)
            if any(layer.weights for layer in layers):
                yield Part(block.name, layers, model, path)
    for layer in model.layers:
        if layer.name in within:
            continue
        if isinstance(layer, import_keras().Model):
            yield from _parts(layer, (*path, layer.name))
        elif layer.weights:
            yield Part(layer.name, (layer,), model, path)


def _with_maps(model):
    """A model as far as it puts out maps; None where that is short, or nested."""
    keras, maps = import_keras(), None
    for operation in getattr(model, "operations", None) or []:
        if isinstance(operation, keras.Model):
            return None
        if len(getattr(operation.output, "shape", ())) == 4:
            maps = operation.output
    if maps is None:
        return None
    first = keras.Model(model.inputs, maps)
    return first if sum(bool(x.weights) for x in first.layers) >= _MANY else None


def _owners(model, parts):
    """The model and the nested models in which parts stand, from the outside in."""
    owners = [model]
    for path in dict.fromkeys(part.path for part in parts):
        inside = model
        for name in path:
            inside = inside.get_layer(name)
            owners.append(inside)
    return owners


def _is_norm(layer):
    return isinstance(layer, import_keras().layers.BatchNormalization)


def _trains(layer, free):
    """Whether a weight of a layer is among those that train, a set of id."""
    return any(id(variable) in free for variable in layer.trainable_variables)


def _code(path, parts):
    """Lines that set the flags of the layers of one model as they are."""
    owner, inside = parts[0].owner, "".join(f'.get_layer("{name}")' for name in path)
    layers = [layer for part in parts for layer in part.layers]
    # A model that is free already passes True on to no layer: each is set by itself.
    if len(layers) < _MANY:
        if path:
            yield f"model{inside}.trainable = True"
        for layer in layers:
            name = f'model{inside}.get_layer("{layer.name}")'
            yield f"{name}.trainable = {layer.trainable}"
        return
    free = set()
    for part in parts:
        others = [x for x in part.layers if x.weights and not _is_norm(x)]
        if any(layer.trainable for layer in others or part.layers):
            free |= {layer.name for layer in part.layers}
    ranges = _ranges(owner, free, {layer.name for layer in layers if layer.weights})
    chosen = " or ".join(f"{first} <= place <= {last}" for first, last in ranges)
    yield f"base = model{inside}"
    if path:
        yield "base.trainable = True"
    yield "for place, layer in enumerate(base.layers):"
    yield f"    layer.trainable = {chosen or 'False'}"
    if not any(_is_norm(x) and x.trainable for x in layers):
        yield "    if isinstance(layer, keras.layers.BatchNormalization):"
        yield "        layer.trainable = False"


def _ranges(owner, free, names):
    """First and last place of each run of free layers; those with names alone count."""
    ranges, before = [], None
    for place, layer in enumerate(owner.layers):
        if layer.name not in names:
            continue
        if layer.name in free and before in free:
            ranges[-1][1] = place
        elif layer.name in free:
            ranges.append([place, place])
        before = layer.name
    return ranges


def _after_each_cell(widget):
    """Look at the model again when a cell has run: it may have compiled."""
    from IPython.core.interactiveshell import InteractiveShell

    if not InteractiveShell.initialized():
        return
    events = InteractiveShell.instance().events

    def look(*_):
        if widget() is None:
            events.unregister("post_run_cell", look)
        else:
            widget().refresh()

    events.register("post_run_cell", look)
