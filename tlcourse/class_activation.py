"""Where a network looks: which places of a picture speak for a class."""

from __future__ import annotations

import numpy as np

from tlcourse.quiet import import_keras


def class_activation_maps(model, images, labels):
    """Weight the last maps by what the head makes of them.

    Parameters
    ----------
    model : keras.Model
        It ends in GlobalAveragePooling2D and one Dense layer, with a softmax or
        without: as the lessons build it, or as ``Run.save`` wrote it.
    images : array, (n, height, width, 3)
        As the model takes them.
    labels : sequence of int, (n,)
        For which class.

    Returns
    -------
    ndarray, float32, (n, h, w)
        What speaks for the class more than for the classes on average. What speaks
        against it is left out: at least 0.

    Raises
    ------
    ValueError
        If the model has another end.

    References
    ----------
    Zhou et al. (2016), Learning deep features for discriminative localization, CVPR.
    """
    keras = import_keras()
    layers = [x for x in model.layers if not isinstance(x, keras.layers.Dropout)]
    kinds = (keras.layers.GlobalAveragePooling2D, keras.layers.Dense)
    ends = [x for x in layers if isinstance(x, kinds)]
    if [type(x) for x in ends] != [*kinds]:
        raise ValueError(
            "Where it looks can be told of a model that ends in GlobalAveragePooling2D "
            "and one Dense layer, and this one does not."
        )
    pooling, head = ends
    maps = keras.Model(model.input, pooling.input).predict(images, verbose=0)
    kernel = keras.ops.convert_to_numpy(head.kernel)
    kernel = kernel - kernel.mean(axis=1, keepdims=True)  # softmax sees no difference
    return np.maximum(np.einsum("nhwd,dn->nhw", maps, kernel[:, labels]), 0)
