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
    """A model for inference, its BatchNorm folded into convolutions.

    Nothing is copied: the model's own layers run, with other kernels. So building one
    takes no time, and it is traced once, whatever weights the model gets. A model of
    another precision, as ``mixed_float16`` makes it, is copied, and runs in float32.

    Parameters
    ----------
    model : keras.Model
        Functional, of one input. It is not changed.

    Attributes
    ----------
    model : keras.Model
        What runs.

    References
    ----------
    Jacob et al. (2018), Quantization and training of neural networks for efficient
    integer-arithmetic-only inference: section 3.2 folds BatchNorm.
    """

    def __init__(self, model):
        import tensorflow as tf

        self._given, self.model = model, _in_float32(model)
        self._pairs = _foldable(model)  # convolution to BatchNorm, by name
        # Keras's `predict` would trace each layer's checks as well: twice as long.
        self._traced = tf.function(self._run, autograph=False, reduce_retracing=True)

    def with_weights(self):
        """Give a function of batches, with the weights that the model has now.

        Returns
        -------
        callable
            An array (batch, ...) to an ndarray (batch, ...), float32.
        """
        import tensorflow as tf

        if self.model is not self._given:
            self.model.set_weights(self._given.get_weights())
        layer = self.model.get_layer
        folded = {
            batchnorm: [*map(tf.constant, _fold(layer(convolution), layer(batchnorm)))]
            for convolution, batchnorm in self._pairs.items()
        }
        return lambda batch: self._traced(tf.constant(batch), folded).numpy()

    def _run(self, inputs, folded):
        """Walk through the graph; kernels and shifts come by the BatchNorm's name."""
        keras = import_keras()
        kernels = [
            (self.model.get_layer(convolution).kernel, folded[batchnorm][0])
            for convolution, batchnorm in self._pairs.items()
        ]

        def inference(layer):
            if layer.name in folded:
                return lambda maps, **_: maps + folded[layer.name][1]
            if not getattr(layer, "_call_has_training_arg", False):
                return layer.call
            return lambda *args, **options: layer.call(
                *args, **{**options, "training": False}
            )

        with keras.StatelessScope(kernels):
            return self.model._run_through_graph(inputs, inference)


def _in_float32(model):
    """Copy a model whose layers reckon in another precision; one in float32 stays."""
    keras = import_keras()

    def changed(layer):
        config = layer.get_config()
        if "dtype" in config:  # an addition that is written with + has none
            config["dtype"] = "float32"
        return type(layer).from_config(config)

    inputs = keras.layers.InputLayer  # it reckons nothing
    reckoning = [layer for layer in model.layers if not isinstance(layer, inputs)]
    if all(layer.compute_dtype == "float32" for layer in reckoning):
        return model
    return keras.models.clone_model(model, clone_function=changed, recursive=True)


def read_by(model):
    """Which operations of a model read what each puts out; by name, in their order.

    An addition that is written with + is one too, and no layer.

    Parameters
    ----------
    model : keras.Model
        Functional.

    Returns
    -------
    dict of str to list of str
    """
    readers = {operation.name: [] for operation in model.operations}
    for operation in model.operations:
        for node in operation._inbound_nodes:
            for parent in node.parent_nodes:
                if parent.operation.name in readers:
                    readers[parent.operation.name].append(operation.name)
    return readers


def _foldable(model):
    """Pairs of a convolution and the BatchNorm that alone reads what it puts out."""
    keras = import_keras()
    readers = read_by(model)
    layers = {layer.name: layer for layer in model.layers}
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    pairs = {}
    for layer in model.layers:
        if type(layer) in kinds and layer.activation is keras.activations.linear:
            reader, *more = [*readers[layer.name], None]
            after = layers.get(reader)
            if more == [None] and isinstance(after, keras.layers.BatchNormalization):
                pairs[layer.name] = reader
    return pairs


def _fold(convolution, batchnorm):
    """The kernel that scales as its BatchNorm, and the shift that is left to add."""
    keras = import_keras()
    scale = 1 / np.sqrt(batchnorm.moving_variance.numpy() + batchnorm.epsilon)
    if batchnorm.gamma is not None:
        scale = scale * batchnorm.gamma.numpy()
    kernel, *bias = convolution.get_weights()  # the layer adds its bias itself
    shift = (sum(bias) - batchnorm.moving_mean.numpy()) * scale - sum(bias)
    if batchnorm.beta is not None:
        shift = shift + batchnorm.beta.numpy()
    if isinstance(convolution, keras.layers.DepthwiseConv2D):
        scale = scale.reshape(kernel.shape[2:])  # (channels, multiplier)
    return [kernel * scale, shift]
