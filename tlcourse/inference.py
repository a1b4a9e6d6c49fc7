"""Run a frozen model over many images, as fast as its weights allow.

A frozen BatchNorm multiplies and adds constants, so it is folded into the convolution
before it: the same numbers up to rounding, in about half of the time.
"""

from __future__ import annotations

import numpy as np

from tlcourse.quiet import import_keras

SMALLEST_BATCH = 16


def in_batches(function, inputs, most):
    """Run a function over arrays, a batch at a time.

    All batches have the same size, the last one filled up with zeros: for a batch of
    another size TensorFlow would trace the model again, which takes longer.

    Parameters
    ----------
    function : callable
        Arrays (batch, ...) to ndarray (batch, ...).
    inputs : ndarray, (n, ...)
    most : int
        The largest batch, except that 16 are always allowed.

    Yields
    ------
    ndarray, (at most batch, ...)
    """
    count = -(-len(inputs) // max(most, SMALLEST_BATCH))
    size = -(-len(inputs) // count)
    for start in range(0, len(inputs), size):
        part = np.asarray(inputs[start : start + size])
        fill = np.zeros((size - len(part), *part.shape[1:]), part.dtype)
        full = np.concatenate([part, fill]) if len(fill) else part
        yield function(full)[: len(part)]


class Folded:
    """A copy of a model for inference, its BatchNorm folded into convolutions.

    Parameters
    ----------
    model : keras.Model
        Functional. It is not changed; `refresh` takes its weights over, and has to be
        called first.

    Attributes
    ----------
    model : keras.Model
        The copy.

    References
    ----------
    Jacob et al. (2018), Quantization and training of neural networks for efficient
    integer-arithmetic-only inference: section 3.2 folds BatchNorm.
    """

    def __init__(self, model):
        keras = import_keras()
        self._original = model
        self._pairs = _foldable(model)  # convolution to BatchNorm, by name
        gone = set(self._pairs.values())

        def copy(layer):
            config = layer.get_config()
            if layer.name in self._pairs:
                config["use_bias"] = True
            return type(layer).from_config(config)

        def call(layer, inputs, *args, **options):
            return inputs if layer.name in gone else layer(inputs, *args, **options)

        self.model = keras.models.clone_model(
            model, clone_function=copy, call_function=call
        )

    def refresh(self):
        """Take over the weights that the original has now."""
        for layer in self.model.layers:
            if not layer.weights:
                continue
            original = self._original.get_layer(layer.name)
            if layer.name in self._pairs:
                batchnorm = self._original.get_layer(self._pairs[layer.name])
                layer.set_weights(_fold(original, batchnorm))
            else:
                layer.set_weights(original.get_weights())


def _foldable(model):
    """Pairs of a convolution and the BatchNorm that alone reads what it puts out."""
    keras = import_keras()
    readers = {layer.name: set() for layer in model.layers}
    for layer in model.layers:
        for node in layer._inbound_nodes:
            for parent in node.parent_nodes:
                if parent.operation.name in readers:
                    readers[parent.operation.name].add(layer.name)
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    pairs = {}
    for layer in model.layers:
        if type(layer) in kinds and layer.activation is keras.activations.linear:
            (reader, *more) = [*readers[layer.name], None]
            if reader is not None and more == [None]:
                after = model.get_layer(reader)
                if isinstance(after, keras.layers.BatchNormalization):
                    pairs[layer.name] = reader
    return pairs


def _fold(convolution, batchnorm):
    """Kernel and bias of a convolution that does its BatchNorm's work, too."""
    keras = import_keras()
    scale = 1 / np.sqrt(batchnorm.moving_variance.numpy() + batchnorm.epsilon)
    if batchnorm.gamma is not None:
        scale = scale * batchnorm.gamma.numpy()
    kernel, *bias = convolution.get_weights()
    shift = (sum(bias) - batchnorm.moving_mean.numpy()) * scale
    if batchnorm.beta is not None:
        shift = shift + batchnorm.beta.numpy()
    if isinstance(convolution, keras.layers.DepthwiseConv2D):
        scale = scale.reshape(kernel.shape[2:])  # (channels, multiplier)
    return [kernel * scale, shift]
