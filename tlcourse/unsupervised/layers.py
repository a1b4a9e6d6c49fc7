"""Keras layers of self-supervised training.

They reckon in float32, whatever the policy: a loss may be beyond float16. Importing
this module starts Keras, so only what builds a network imports it.
"""

from __future__ import annotations

from tlcourse.quiet import import_keras

keras = import_keras()
ops = keras.ops


class QuarterTurns(keras.layers.Layer):
    """Turns each picture by 0, 1, 2 or 3 quarters, at random; tells by how many."""

    def __init__(self):
        super().__init__(dtype="float32")
        self.seeds = keras.random.SeedGenerator()

    def call(self, pictures):
        n = ops.shape(pictures)[0]
        quarters = keras.random.randint((n,), 0, 4, seed=self.seeds)
        turned = ops.stack([ops.rot90(pictures, k, axes=(1, 2)) for k in range(4)], 1)
        chosen = ops.one_hot(quarters, 4)[:, :, None, None, None]
        return ops.sum(turned * chosen, axis=1), quarters


class Loss(keras.layers.Layer):
    """Adds a loss of its inputs, and lets the first of them through.

    Parameters
    ----------
    function : callable
        Of all inputs, such as `nt_xent`.
    """

    def __init__(self, function):
        super().__init__(dtype="float32")
        self.function = function

    def call(self, *inputs):
        self.add_loss(self.function(*inputs))
        return inputs[0]
