"""Backbones: blocks, preprocessing, bundled weights, and what bad input is told."""

import pathlib
import shutil

import keras
import numpy as np
import pytest

from tests.helpers import assert_same, load_backbone, refused
from tlcourse import backbones

PICTURES = np.random.default_rng(0).uniform(0, 255, (3, 20, 30, 3)).astype("float32")
FAMILIES = """
VGG16 ResNet50 ResNet50V2 InceptionV3 Xception MobileNet MobileNetV2 MobileNetV3Small
DenseNet121 NASNetMobile EfficientNetB0 EfficientNetV2B0 ConvNeXtTiny
"""


@pytest.mark.parametrize("name", FAMILIES.split())
def test_blocks_partition_the_model(name):
    backbone = backbones.load(name, source=None, input_size=96)
    table = backbones.catalogue().set_index("model")
    assert len(backbone.blocks) == table.loc[name, "blocks"]
    layers = [layer for block in backbone.blocks for layer in block.layers]
    assert sorted(layers) == sorted(each.name for each in backbone.model.layers[1:])
    assert sum(block.parameters for block in backbone.blocks) == backbone.parameters
    assert all(block.parameters > 0 for block in backbone.blocks)
    assert len({block.name for block in backbone.blocks}) == len(backbone.blocks)
    if not name.startswith("NASNet"):  # its cells read the two before them
        narrow = backbones._narrow(backbone.model)
        assert all(block.output in narrow for block in backbone.blocks)


def test_catalogue_lists_all_of_keras_applications_and_one_more():
    offered = [n for n in dir(keras.applications) if n[0].isupper()]
    table = backbones.catalogue()
    assert sorted(table["model"]) == sorted([*offered, "EfficientNetLite0"])
    assert table["top1"].between(0.6, 0.9).all()
    assert (table["blocks"] > 0).all()


def test_a_model_can_be_cut_and_features_average_the_last_maps(backbone):
    maps = backbone.activations(PICTURES)
    assert list(maps) == [block.name for block in backbone.blocks]
    whole = backbone.model.predict(backbone.preprocess(PICTURES), verbose=0)
    for block in (backbone.blocks[0], backbone.blocks[6], backbone.blocks[-2]):
        cut = backbone.model.get_layer(block.output).output
        rest = keras.Model(cut, backbone.model.output)
        found = rest.predict(maps[block.name], verbose=0)
        np.testing.assert_allclose(found, whole, atol=1e-5)
    features = backbone.features(PICTURES)
    assert features.shape == (3, 256)
    np.testing.assert_allclose(features, whole.mean((1, 2)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["VGG16", "MobileNet", "DenseNet121", "ResNet50V2"])
def test_preprocessing_is_the_models_own(name):
    backbone = backbones.load(name, source=None, input_size=64)
    same_size = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3)).astype("f4")
    kept = same_size.copy()
    family = backbones.catalogue().set_index("model").loc[name, "family"]
    wanted = getattr(keras.applications, family).preprocess_input(same_size.copy())
    np.testing.assert_allclose(backbone.preprocess(same_size), wanted, rtol=1e-5)
    np.testing.assert_array_equal(same_size, kept)  # Keras scales in place


@pytest.mark.parametrize("source", backbones.BUNDLED)
def test_bundled_weights_are_small_and_described(source):
    weights, card = backbones.bundled_files(source)
    assert weights.stat().st_size < 2_000_000
    backbone, other = load_backbone(source), load_backbone("random")
    for fact in ("task", "minutes", "score", "licence", "seed", "drawings"):
        assert backbone.card[fact] is not None
    assert not np.allclose(backbone.features(PICTURES), other.features(PICTURES))


def test_bundled_weights_load_through_keras_alone(backbone):
    weights, _ = backbones.bundled_files("glyphs")
    model = keras.applications.MobileNet(
        weights=str(weights), alpha=0.25, input_shape=(64, 64, 3), include_top=False
    )
    assert_same(model.get_weights(), backbone.model.get_weights())


def test_random_weights_depend_on_the_seed_alone():
    drawn = (backbones.load("mobilenet", source=None, seed=s) for s in (0, 0, 1))
    first, again, other = (each.model.get_weights()[0] for each in drawn)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "resnet5"}, "There is no model 'resnet5'"),
        ({"source": "imagenets"}, "There is no source 'imagenets'"),
        ({"name": "VGG16", "source": "glyphs"}, "comes with MobileNet"),
        ({"source": "glyphs"}, "comes with MobileNet"),
        ({"alpha": 0.5}, "has no alpha"),
        ({"name": "VGG16", "source": None, "alpha": 1.0}, "has no alpha"),
        ({"source": None, "input_size": 16}, "from 32 up"),
        ({"source": None, "input_size": "64"}, "from 32 up"),
    ],
)
def test_unknown_backbones_are_refused_in_one_sentence(arguments, said):
    refused(said, backbones.load, **arguments)


def test_damaged_weights_are_never_read(tmp_path, monkeypatch):
    for path in backbones.bundled_files("glyphs"):
        shutil.copy(path, tmp_path / path.name)
    monkeypatch.setattr(backbones, "where", lambda kind: pathlib.Path(tmp_path))
    weights, card = backbones.bundled_files("glyphs")
    backbones.load("mobilenet", source="glyphs")
    weights.write_bytes(weights.read_bytes()[:50_000])
    refused("missing or damaged", backbones.load, "mobilenet", source="glyphs")
    card.unlink()
    refused("missing or damaged", backbones.load, "mobilenet", source="glyphs")
