"""Inference with BatchNorm folded into convolutions gives what Keras gives."""

import keras
import numpy as np
import pytest

import tlcourse as tl
from tlcourse.inference import Folded, in_batches


def stir(model, seed=0):
    """Give a random model BatchNorm statistics, scales and shifts worth folding."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if "BatchNorm" in type(layer).__name__:
            layer.set_weights([
                w * random.uniform(0.5, 1.5, w.shape) + random.uniform(0, 0.2, w.shape)
                for w in layer.get_weights()
            ])  # fmt: skip


@pytest.mark.parametrize(
    "name",
    # Plain, residual, padded, separable, branching, scaled with squeeze and excitation.
    ["mobilenet", "MobileNetV2", "ResNet50", "Xception", "DenseNet121",
     "EfficientNetB0", "MobileNetV3Small"],
)  # fmt: skip
def test_features_are_those_of_the_model(name):
    size = 71 if name == "Xception" else 64
    backbone = tl.backbones.load(name, source=None, input_size=size)
    keras.utils.set_random_seed(0)
    stir(backbone.model)
    images = np.random.default_rng(0).uniform(0, 255, (5, 20, 20, 3))
    wanted = backbone.model.predict(backbone.preprocess(images), verbose=0)
    given = backbone.features(images)
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(given / scale, wanted.mean((1, 2)) / scale, atol=2e-6)


def test_most_batchnorm_is_folded_away():
    backbone = tl.backbones.load("MobileNetV2", source=None, input_size=32)
    folded = Folded(backbone.model)
    folded.with_weights()(np.zeros((1, 32, 32, 3), "float32"))
    ((graph,),) = [[f.graph] for f in folded._traced._list_all_concrete_functions()]
    kinds = [operation.type for operation in graph.get_operations()]
    assert not [kind for kind in kinds if "BatchNorm" in kind]
    assert kinds.count("Conv2D") + kinds.count("DepthwiseConv2dNative") == 52


def test_changed_weights_are_seen(task):
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    images = task.test.images
    before = backbone.features(images)
    layer = backbone.model.get_layer("conv_pw_13_bn")
    gamma, *rest = layer.get_weights()
    layer.set_weights([2 * gamma, *rest])
    wanted = backbone.model.predict(backbone.preprocess(images), verbose=0)
    after = backbone.features(images)
    np.testing.assert_allclose(after, wanted.mean((1, 2)), rtol=1e-4, atol=1e-5)
    assert not np.allclose(after, before)


@pytest.mark.parametrize("after", ["images", "block5"])
@pytest.mark.parametrize("until", ["features", "block11"])
def test_parts_of_a_backbone_make_up_the_whole(backbone, task, after, until):
    images = task.test.images[:6]
    inputs = images if after == "images" else backbone.run(images, until=after)
    wanted = backbone.run(images, until=until)
    found = backbone.run(inputs, after, until)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_batches_are_of_one_size_and_lose_nothing():
    sizes = []

    def double(batch):
        sizes.append(len(batch))
        return 2 * batch

    inputs = np.arange(50.0)[:, None]
    for most in (1, 16, 17, 25, 49, 50, 1000):
        sizes.clear()
        got = np.concatenate([*in_batches(double, inputs, most)])
        np.testing.assert_array_equal(got, 2 * inputs)
        assert len({*sizes}) == 1
        assert sizes[0] <= max(most, 16)
