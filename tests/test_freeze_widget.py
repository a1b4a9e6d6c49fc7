"""The toggles for any Keras model set its flags, and know when it must be compiled."""

import keras
import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import refused

NORM = keras.layers.BatchNormalization


def base():
    model = tl.backbones.load("mobilenet", source=None).model
    return keras.models.clone_model(model)


def nested():
    backbone, pictures = base(), keras.Input((64, 64, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(pictures))
    return keras.Model(pictures, keras.layers.Dense(3, name="head")(pooled))


def flat():
    backbone = base()
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    head = keras.layers.Dense(3, name="head")(pooled)
    return keras.Model(backbone.input, head, name="flat")


def small():
    layers = keras.layers
    return keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="first"),
        layers.BatchNormalization(name="norm"), layers.Flatten(),
        layers.Dense(3, name="head"),
    ])  # fmt: skip


def flags(model):
    trained = {id(variable) for variable in model.trainable_variables}
    return [id(variable) in trained for variable in model.variables]


def compiled(model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("make", [nested, flat, small])
def test_the_lines_of_keras_do_what_the_toggles_did(make):
    model = make()
    model.trainable = False
    shown = tl.widgets.freeze(model)
    assert not any(toggle.value for toggle in shown.toggles)
    assert shown.parts[-1].name == "head"
    for chosen in ([-1], [-1, -2], [0, -1]):
        for place, toggle in enumerate(shown.toggles):
            toggle.value = place - len(shown.toggles) in chosen or place in chosen
        for batchnorm in (True, False):
            shown.batchnorm.value = batchnorm
            other = make()
            other.layers[0].trainable = other.layers[1].trainable = False
            other.layers[-1].trainable = False
            lines = shown.code.replace("model.compile(...)", "pass")
            exec(lines, {"model": other, "keras": keras})
            assert flags(other) == flags(model), shown.code
            layers = [layer for part in shown.parts for layer in part.layers]
            norms = [x for x in layers if isinstance(x, NORM)]
            assert batchnorm or not any(norm.trainable for norm in norms)


def test_what_trains_moves_and_nothing_else():
    model = compiled(nested())
    shown = tl.widgets.freeze(model)
    shown.batchnorm.value = False
    for part, toggle in zip(shown.parts, shown.toggles, strict=True):
        toggle.value = part.name in ("block13", "head")
    before = [keras.ops.convert_to_numpy(x) for x in model.variables]
    noise = np.random.default_rng(0).normal(size=(4, 64, 64, 3))
    compiled(model).fit(noise, np.arange(4) % 3, verbose=0)
    after = [keras.ops.convert_to_numpy(x) for x in model.variables]
    moved = [(a != b).any() for a, b in zip(before, after, strict=True)]
    assert all(free for free, has in zip(flags(model), moved, strict=True) if has)
    assert any(moved)


def test_it_says_compile_again_until_that_was_done():
    model = nested()
    shown = tl.widgets.freeze(model)
    assert shown.must_compile and "⚠ Compile again" in shown._page()["text/plain"]
    compiled(model)
    shown.refresh()
    assert not shown.must_compile and "⚠" not in shown.message.value
    shown.toggles[0].value = False
    assert shown.must_compile and "⚠ Compile again" in shown.message.value
    shown.toggles[0].value = True  # as it was compiled
    assert not shown.must_compile
    model.get_layer("head").trainable = False  # in a cell, past the toggles
    shown.refresh()
    assert shown.must_compile and not shown.toggles[-1].value
    compiled(model)
    assert not shown.must_compile


def test_it_is_words_first_and_names_its_controls(capsys):
    tl.widgets.freeze(flat()).show()
    said = capsys.readouterr().out
    assert "flat: ✎ trains, ❄ is frozen. ✎ stem, ✎ block1" in said
    assert "of 219,315 weights train" in said and "for place, layer in" in said
    assert "Controls: a toggle for each of 15 parts, BatchNorm." in said


def test_what_is_no_built_model_is_refused(backbone):
    refused("give backbone.model", tl.widgets.freeze, backbone)
    unbuilt = keras.Sequential([keras.layers.Dense(2)])
    refused("build it first", tl.widgets.freeze, unbuilt)


@pytest.mark.parametrize("name", ["InceptionV3", "MobileNetV2", "ConvNeXtTiny"])
def test_blocks_are_found_without_the_models_name(name):
    backbone = tl.backbones.load(name, source=None, input_size=96)
    found = tl.backbones.blocks_of(backbone.model)
    assert [block.layers for block in found] == [x.layers for x in backbone.blocks]
