"""Training under Keras's policies of precision: as good, and float32 comes out."""

import dataclasses
import functools

import keras
import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import transfer


@pytest.fixture(scope="module")
def in_policy(short):
    """A function that sets a policy of precision, and gives blocks that follow it."""

    @functools.cache
    def load(policy):
        whole = tl.backbones.load("mobilenet", source="glyphs", input_size=32)
        end = whole.model.get_layer(short.blocks[-1].output).output
        part = keras.Model(whole.model.input, end)
        return dataclasses.replace(whole, model=part, blocks=short.blocks)

    def set_and_load(policy):
        keras.config.set_dtype_policy(policy)
        return load(policy)

    yield set_and_load
    keras.config.set_dtype_policy("float32")


LONG_ENOUGH = {"epochs": 30}  # of five steps each


@pytest.mark.parametrize(
    ("policy", "method", "options"),
    [
        ("mixed_float16", tl.adaptation.tent, {}),
        ("mixed_float16", tl.adaptation.deep_coral, LONG_ENOUGH),
        ("mixed_float16", tl.adaptation.dann, LONG_ENOUGH),
        ("mixed_bfloat16", tl.adaptation.mmd, LONG_ENOUGH),
    ],
)
def test_adaptation_is_as_good_in_mixed_precision(policy, method, options, in_policy):
    source = tl.datasets.load("digits", per_class=16, domain="fonts").train
    images = tl.datasets.load("digits", per_class=9).train.images
    found = []
    for each in ("float32", policy):
        model = method(in_policy(each), source, images, **options)
        found.append(model.predict(source.images))
        assert found[-1].dtype == np.float32 and np.isfinite(found[-1]).all()
    right = [(chances.argmax(1) == source.labels).mean() for chances in found]
    assert right[1] == pytest.approx(right[0], abs=0.1)
    assert np.abs(found[1] - found[0]).mean() < 0.02  # the probabilities


@pytest.mark.parametrize(
    ("policy", "method", "options"),
    [
        ("mixed_float16", "simclr", {"augmentations": ("shift", "light")}),
        ("mixed_bfloat16", "vicreg", {"augmentations": ("shift", "light")}),
    ],
)
def test_self_supervision_learns_as_much(policy, method, options, in_policy):
    images, losses = tl.datasets.load("digits", per_class=13).train.images, []
    for each in ("float32", policy):
        trained = getattr(tl.unsupervised, method)(
            in_policy(each), images, steps=50, show_progress=False, **options
        )
        assert trained.features(images).dtype == np.float32
        losses.append(trained.card["losses"][-1])
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


@pytest.mark.parametrize(
    ("loaded_in", "policy", "epochs"),
    [
        ("float32", "mixed_float16", 5),
        ("float32", "mixed_bfloat16", 5),
        ("mixed_float16", "mixed_float16", 10),
        ("bfloat16", "bfloat16", 10),
    ],
)
def test_transfer_learns_in_precision(loaded_in, policy, epochs, in_policy, tmp_path):
    in_policy(loaded_in)
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    in_policy(policy)
    task = tl.datasets.load("faces", per_class=10)
    images = task.test.images
    for k in (0, 2):
        run = transfer(backbone, task, k, epochs)
        assert backbone.features(images[:2]).dtype == np.float32
        chances = run.predict(images)
        assert chances.dtype == np.float32 and np.isfinite(chances).all()
        assert run.test_accuracy > 0.8
        saved = keras.saving.load_model(run.save(tmp_path / "faces.keras"))
        again = saved.predict(images[:9], verbose=0)
        np.testing.assert_allclose(again, chances[:9], atol=1e-3)
