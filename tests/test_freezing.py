"""Freeze plans, and that what is frozen does not move while the rest does."""

import numpy as np
import pytest

import tlcourse as tl


@pytest.fixture(scope="module")
def backbone():
    return tl.backbones.load("mobilenet", source="glyphs")


@pytest.fixture(scope="module")
def task():
    return tl.datasets.load("faces", per_class=5)


def test_plans_name_the_blocks_that_train(backbone):
    names = tuple(block.name for block in backbone.blocks)
    assert tl.FreezePlan.features(backbone).trainable == ()
    assert tl.FreezePlan.last(backbone, 0).trainable == ()
    assert tl.FreezePlan.last(backbone, 2).trainable == names[-2:]
    assert tl.FreezePlan.all(backbone).trainable == names
    assert tl.FreezePlan.all(backbone) == tl.FreezePlan.last(backbone, len(names))


def test_batchnorm_trains_from_scratch_alone(backbone):
    fresh = tl.backbones.load("mobilenet", source=None)
    assert tl.FreezePlan.all(backbone).batchnorm == "frozen"
    assert tl.FreezePlan.all(fresh).batchnorm == "train"


@pytest.mark.parametrize("k", [-1, 15, 2.0, "2", None])
def test_an_impossible_k_is_refused(backbone, k):
    with pytest.raises(ValueError, match="whole number from 0 to 14"):
        tl.FreezePlan.last(backbone, k)


@pytest.mark.parametrize("batchnorm", ["frozen", "train"])
@pytest.mark.parametrize(
    ("name", "source", "size"), [("mobilenet", "glyphs", 64), ("MobileNetV2", None, 32)]
)
def test_only_what_the_plan_frees_moves(name, source, size, batchnorm, task):
    backbone = tl.backbones.load(name, source=source, input_size=size)
    before = backbone.model.get_weights()
    last = tl.FreezePlan.last(backbone, 2)
    plan = tl.FreezePlan(last.trainable, batchnorm)
    run = tl.transfer(backbone, task, plan, epochs=2, show_progress=False)
    free = {
        name for b in backbone.blocks if b.name in plan.trainable for name in b.layers
    }
    for layer in backbone.model.layers[1:]:
        moved = [
            not np.array_equal(old, new)
            for old, new in zip(
                layer.get_weights(),
                run.model.get_layer(layer.name).get_weights(),
                strict=True,
            )
        ]
        is_batchnorm = type(layer).__name__ == "BatchNormalization"
        if layer.name not in free or (is_batchnorm and batchnorm == "frozen"):
            assert not any(moved), layer.name
        elif moved:  # weights, and BatchNorm's statistics where they train
            assert all(moved), layer.name
    for old, new in zip(before, backbone.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)  # the backbone itself is untouched


def test_parameters_are_counted_as_keras_counts(backbone, task):
    for plan in (tl.FreezePlan.features(backbone), tl.FreezePlan.last(backbone, 1)):
        run = tl.transfer(backbone, task, plan, epochs=1, show_progress=False)
        trained = sum(w.size for w in map(np.asarray, run.model.trainable_variables))
        frozen = sum(w.size for w in map(np.asarray, run.model.non_trainable_variables))
        assert (run.trainable_parameters, run.frozen_parameters) == (trained, frozen)
    features = tl.transfer(
        backbone, task, tl.FreezePlan.features(backbone), epochs=1, show_progress=False
    )
    assert features.trainable_parameters == 256 * 2 + 2  # the linear head alone
