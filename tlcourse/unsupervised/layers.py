"""Keras layers of self-supervised training.

They reckon in float32, whatever the policy: a loss may be beyond float16. Importing
this module starts Keras, so only what builds a network imports it.
"""

from __future__ import annotations

from tlcourse.quiet import import_keras

keras = import_keras()


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
