"""Which blocks of a backbone are frozen, which train, how fast, in which order."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from tlcourse import plain_keras
from tlcourse.backbones import Backbone
from tlcourse.quiet import import_keras

BATCHNORM = ("frozen", "adapt", "train")
HEAD_RATE = 1e-2  # Adam's learning rate where the head alone trains,
BODY_RATE = 1e-3  # where pre-trained blocks train with it,
SCRATCH_RATE = 3e-3  # and where random ones do (1e-3 and 1e-2 do no better)


@dataclasses.dataclass(frozen=True)
class FreezePlan:
    """A choice of the blocks that train, and how; all others are frozen.

    Make one with `features`, `last`, `from_block`, `blocks`, `all` or `scratch`. They
    take these attributes as keywords, from ``batchnorm`` on.

    Attributes
    ----------
    backbone : Backbone
        The one that the plan was made for. It serves for others with the same blocks.
    trainable : tuple of str
        Names of the blocks that train, in the backbone's order.
    from_scratch : bool
        Whether the backbone's weights are drawn anew before the training.
    batchnorm : {"frozen", "adapt", "train"}
        What the BatchNorm layers of those blocks do. Frozen ones keep their
        statistics; with "adapt" the statistics follow the target's images while scale
        and shift stay; with "train" both move. In a frozen block they are frozen.
        Unless told: "train" for random weights, else "frozen".
    head_rate, body_rate : float
        Adam's learning rates for the new head and for the blocks. Unless told, blocks
        train with 1e-3, or 3e-3 from random weights. The head has 1e-2 where it trains
        alone, else the rate of the blocks.
    decay : float
        Layer-wise decay, above 0 and at most 1: each block's rate is that of the block
        after it times this, and the last block's rate is ``body_rate``.
    momentum : float
        Of every BatchNorm that follows the images; the same for all plans.

    References
    ----------
    Howard & Ruder (2018), Universal language model fine-tuning for text
    classification: layer-wise rates and gradual unfreezing. Kumar et al. (2022),
    Fine-tuning can distort pretrained features: linear probe, then fine-tune.
    """

    backbone: Backbone = dataclasses.field(repr=False, compare=False)
    trainable: tuple[str, ...] = ()
    from_scratch: bool = False
    batchnorm: str | None = None
    head_rate: float | None = None
    body_rate: float | None = None
    decay: float = 1.0
    # With 0.9 or more, statistics lag behind a training of some dozen steps: from
    # scratch on 10 faces a class it is tested at 0.50, and with 0.5 or less at 0.80.
    momentum: ClassVar[float] = 0.5

    def __post_init__(self):
        random = self.from_scratch or self.backbone.source is None
        # What random BatchNorm holds has to be learnt; pre-trained is better let be.
        self._fill("batchnorm", "train" if random else "frozen")
        self._fill("body_rate", SCRATCH_RATE if random else BODY_RATE)
        self._fill("head_rate", self.body_rate if self.trainable else HEAD_RATE)
        if self.batchnorm not in BATCHNORM:
            raise ValueError(
                f"batchnorm must be one of {', '.join(map(repr, BATCHNORM))}, not "
                f"{self.batchnorm!r}."
            )
        for name in ("body_rate", "head_rate"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must lie between 0 and 1, 0.001 for example, not "
                    f"{getattr(self, name)!r}."
                )
        if not 0 < self.decay <= 1:
            raise ValueError(
                f"decay must be above 0 and at most 1, not {self.decay!r}."
            )

    def _fill(self, name, value):
        if getattr(self, name) is None:
            object.__setattr__(self, name, value)

    @classmethod
    def features(cls, backbone, **choices):
        """Freeze every block: the backbone only extracts features."""
        return cls(backbone, **choices)

    @classmethod
    def last(cls, backbone, k, **choices):
        """Train the last k blocks, freeze those before.

        Parameters
        ----------
        backbone : Backbone
        k : int
            From 0 (as `features`) to the number of blocks (as `all`).
        **choices
            ``batchnorm``, ``head_rate``, ``body_rate``, ``decay``: see `FreezePlan`.

        Raises
        ------
        ValueError
            If the backbone has fewer blocks.
        """
        names = _names(backbone)
        if not isinstance(k, (int, np.integer)) or not 0 <= k <= len(names):
            raise ValueError(
                f"k must be a whole number from 0 to {len(names)}, the number of "
                f"blocks of {backbone.name}, not {k!r}."
            )
        return cls(backbone, names[len(names) - k :], **choices)

    @classmethod
    def from_block(cls, backbone, name, **choices):
        """Train the named block and all after it, freeze those before.

        Raises
        ------
        ValueError
            If there is no such block.
        """
        names = _known(backbone, [name])
        return cls(
            backbone, _names(backbone)[_names(backbone).index(*names) :], **choices
        )

    @classmethod
    def blocks(cls, backbone, names, **choices):
        """Train the named blocks, any of them; freeze the others.

        Raises
        ------
        ValueError
            If there is no such block.
        """
        return cls(backbone, _known(backbone, names), **choices)

    @classmethod
    def all(cls, backbone, **choices):
        """Train every block: nothing is frozen."""
        return cls(backbone, _names(backbone), **choices)

    @classmethod
    def scratch(cls, backbone, **choices):
        """Draw all weights anew and train them: what the source is compared with."""
        return cls(backbone, _names(backbone), from_scratch=True, **choices)

    @classmethod
    def gradual(cls, backbone, stages=4, **choices):
        """Unfreeze from the last block to the first, in stages of about equal size.

        Parameters
        ----------
        backbone : Backbone
        stages : int
            The first trains the head alone, the last every block.
        **choices
            For the stages that train blocks: see `FreezePlan`.

        Returns
        -------
        tuple of FreezePlan
            A schedule for ``transfer``.
        """
        most = len(_names(backbone))
        if not isinstance(stages, (int, np.integer)) or not 2 <= stages <= most + 1:
            raise ValueError(
                f"stages must be a whole number from 2 to {most + 1}, not {stages!r}."
            )
        counts = np.linspace(0, most, stages).round().astype(int)
        later = (cls.last(backbone, int(k), **choices) for k in counts[1:])
        return (cls.features(backbone), *later)

    def after_probe(self):
        """Train the head alone before this plan begins: linear probe, then fine-tune.

        Returns
        -------
        tuple of FreezePlan
            A schedule for ``transfer``: `features`, then this plan.
        """
        return (FreezePlan.features(self.backbone), self)

    def rates(self):
        """Adam's learning rate for each block, 0 where it is frozen; a dict."""
        names = _names(self.backbone)
        return {
            name: self.body_rate * self.decay ** (len(names) - 1 - place)
            if name in self.trainable
            else 0.0
            for place, name in enumerate(names)
        }

    def apply(self, model):
        """Set what trains on a model's layers; compile the model afterwards.

        Keras takes the flags over at the first ``fit`` after ``compile``. Set later,
        they are silently ignored.

        Parameters
        ----------
        model : keras.Model
            A backbone's model, a copy or a part of it.
        """
        keras = import_keras()
        for layer, block in _layers(model, self.backbone):
            free = block.name in self.trainable
            layer.trainable = free
            if isinstance(layer, keras.layers.BatchNormalization):
                # `training=False` in the call would not keep the statistics still
                # once the layer is trainable (Keras before 3.16).
                layer.trainable = free and self.batchnorm != "frozen"
                if layer.trainable:
                    layer.momentum = self.momentum
                if self.batchnorm == "adapt":
                    for variable in layer.trainable_variables:
                        variable.trainable = False
            if isinstance(layer, keras.layers.Dropout) and not free:
                layer.rate = 0.0  # what is frozen gives the same each time

    def summary(self):
        """Tell for each block what it holds, what moves and how fast.

        Returns
        -------
        pandas.DataFrame
            A row a block: ``block``; ``parameters``, all its weights; ``trained``,
            those that the optimizer changes; ``statistics``, those of BatchNorm that
            follow the images; ``frozen``, the rest; ``rate``, Adam's.
        """
        import pandas  # here, because it takes half a second

        rates, rows = self.rates(), []
        for block in self.backbone.blocks:
            trained, statistics = self._moving(block)
            still = block.parameters - trained - statistics
            rows.append(
                (
                    block.name,
                    block.parameters,
                    trained,
                    statistics,
                    still,
                    rates[block.name],
                )
            )
        columns = ["block", "parameters", "trained", "statistics", "frozen", "rate"]
        return pandas.DataFrame(rows, columns=columns)

    def _moving(self, block):
        """How many of a block's weights are trained, how many follow the images."""
        keras = import_keras()
        if block.name not in self.trainable:
            return 0, 0
        trained = statistics = 0
        for layer in map(self.backbone.model.get_layer, block.layers):
            if isinstance(layer, keras.layers.BatchNormalization):
                moving = _size([layer.moving_mean, layer.moving_variance])
                scale = layer.count_params() - moving
                trained += scale if self.batchnorm == "train" else 0
                statistics += moving if self.batchnorm != "frozen" else 0
            else:
                trained += layer.count_params()
        return trained, statistics

    def as_keras(self, classes=10, epochs=20, seed=0):
        """Write the same choice as plain Keras code.

        Parameters
        ----------
        classes, epochs, seed : int
            As the task has them and ``transfer`` gets them.

        Returns
        -------
        str
            Python that needs ``x_train`` (n, size, size, 3), preprocessed, and
            ``y_train`` (n,), and leaves a trained ``model``. It runs the frozen blocks
            in every epoch, so it is slower than ``transfer``; the weights are the same.
        """
        return plain_keras.write(self, classes, epochs, seed)


def check_plan(backbone, plan, epochs):
    """Refuse, before any work, a plan that `transfer` cannot follow.

    Parameters
    ----------
    backbone : Backbone
    plan : FreezePlan or sequence of FreezePlan
    epochs : int or sequence of int

    Returns
    -------
    tuple of FreezePlan
        The schedule; a single plan is one of one stage.

    Raises
    ------
    ValueError
        If it names other blocks than the backbone has, is no plan, or the epochs
        don't fit it.
    """
    single = isinstance(plan, FreezePlan) or not np.iterable(plan)
    stages = (plan,) if single else tuple(plan)
    if not stages:
        raise ValueError("The schedule is empty: give at least one FreezePlan.")
    for stage in stages:
        if not isinstance(stage, FreezePlan):
            raise ValueError(
                f"plan must be a FreezePlan or a sequence of them, not {stage!r}: "
                "tl.FreezePlan.features(backbone) makes one."
            )
        if not set(stage.trainable) <= set(_names(backbone)):
            raise ValueError(
                f"The plan was made for {stage.backbone.name} and names blocks that "
                f"{backbone.name} does not have: make it for this backbone."
            )
    if any(stage.from_scratch for stage in stages[1:]):
        raise ValueError(
            "A plan from scratch forgets what the plans before it have learnt: put it "
            "first."
        )
    share_out(epochs, len(stages))
    return stages


def share_out(epochs, count):
    """The number of epochs of each plan of a schedule, a list of int.

    Parameters
    ----------
    epochs : int or sequence of int
        The sum, or the numbers themselves.
    count : int
        The number of plans.

    Raises
    ------
    ValueError
        If there are fewer epochs than plans, or the numbers don't fit.
    """
    given = epochs if isinstance(epochs, (list, tuple)) else []
    if isinstance(epochs, (int, np.integer)):
        given = np.diff(np.linspace(0, epochs, count + 1).round()).astype(int)
    usable = [x for x in given if isinstance(x, (int, np.integer)) and x >= 1]
    if len(usable) == len(given) == count:
        return [int(x) for x in usable]
    raise ValueError(
        f"epochs must be a whole number from {count} up"
        + (f", or a list of {count} numbers from 1 up" if count > 1 else "")
        + f", not {epochs!r}."
    )


def _names(backbone):
    return tuple(block.name for block in backbone.blocks)


def _known(backbone, names):
    """Block names in the backbone's order, once they are found to be there."""
    if isinstance(names, str):
        raise ValueError(f"Give the block names as a list: [{names!r}].")
    every, names = _names(backbone), list(names)
    for name in names:
        if name not in every:
            raise ValueError(
                f"{backbone.name} has no block {name!r}. Its blocks are "
                f"{', '.join(every)}."
            )
    return tuple(name for name in every if name in names)


def _layers(model, backbone):
    """Pairs of a model's layers and their blocks; what is in no block is left out."""
    block_of = {name: block for block in backbone.blocks for name in block.layers}
    return [(x, block_of[x.name]) for x in model.layers if x.name in block_of]


def _size(variables):
    return sum(int(np.prod(variable.shape)) for variable in variables)
