"""Which blocks of a backbone are frozen, and which are trained."""

from __future__ import annotations

import dataclasses

from tlcourse.quiet import import_keras


@dataclasses.dataclass(frozen=True)
class FreezePlan:
    """A choice of the blocks that train; all others are frozen.

    Make one with `features`, `last` or `all`.

    Attributes
    ----------
    trainable : tuple of str
        Names of the blocks that train, in the backbone's order.
    batchnorm : {"frozen", "train"}
        Whether the BatchNorm layers of those blocks train too. Frozen ones keep
        their statistics; in a frozen block BatchNorm is always frozen.
    """

    trainable: tuple[str, ...]
    batchnorm: str = "frozen"

    @classmethod
    def features(cls, backbone):
        """Freeze every block: the backbone only extracts features."""
        return cls(())

    @classmethod
    def last(cls, backbone, k):
        """Train the last k blocks, freeze those before.

        Parameters
        ----------
        backbone : Backbone
        k : int
            From 0 (as `features`) to the number of blocks (as `all`).

        Raises
        ------
        ValueError
            If the backbone has fewer blocks.
        """
        names = [block.name for block in backbone.blocks]
        if not isinstance(k, int) or not 0 <= k <= len(names):
            raise ValueError(
                f"k must be a whole number from 0 to {len(names)}, the number of "
                f"blocks of {backbone.name}, not {k!r}."
            )
        return cls(tuple(names[len(names) - k :]), _batchnorm(backbone))

    @classmethod
    def all(cls, backbone):
        """Train every block: fine-tuning, or training from scratch."""
        return cls.last(backbone, len(backbone.blocks))

    def apply(self, model, blocks):
        """Set ``trainable`` on a model's layers; compile the model afterwards.

        Keras takes the flags over when a model is compiled. Set later, they are
        silently ignored.

        Parameters
        ----------
        model : keras.Model
            A backbone's model, or a copy of it.
        blocks : sequence of Block
        """
        keras = import_keras()
        for block in blocks:
            for name in block.layers:
                layer = model.get_layer(name)
                layer.trainable = block.name in self.trainable
                if isinstance(layer, keras.layers.BatchNormalization):
                    # `training=False` in the call would not keep the statistics
                    # still once the layer is trainable (Keras before 3.16).
                    layer.trainable &= self.batchnorm == "train"


def _batchnorm(backbone):
    """Random BatchNorm has to be trained; pre-trained is better left alone."""
    return "train" if backbone.source is None else "frozen"
