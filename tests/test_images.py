"""Which pictures are taken, what the others are told, how a picture shrinks."""

import pickle

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tlcourse as tl
from tests.helpers import load_backbone, python, refused, transfer
from tlcourse.backbones import check_images

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 20, 20, 3), "uint8")
NEARLY_ONE = np.float32(PICTURES) / 255
NEARLY_ONE[0, 0, 0, 0] = 1.0001
SCALED = "Pixels must lie in 0-255, .* undo any scaling"


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (PICTURES / 255, SCALED),
        (NEARLY_ONE, "nearly all of them below 1: undo any scaling"),
        (PICTURES - 128.0, SCALED),
        (PICTURES * 2.0, SCALED),
        (PICTURES[:0], "There are no images"),
        (np.where(PICTURES > 100, np.nan, PICTURES), "NaN or infinite"),
        (np.moveaxis(PICTURES, -1, 1), "np.moveaxis"),
        (np.concatenate([PICTURES, PICTURES[..., :1]], -1), "transparency"),
        (np.moveaxis(PICTURES[..., :1], -1, 1), "np.moveaxis"),
        (PICTURES[..., 0], "must have the shape .* np.repeat"),
        (PICTURES[..., :1], "np.repeat"),
        (PICTURES[0], r"must have the shape .* image\[None\]"),
    ],
)
def test_other_pictures_are_told_what_to_do(backbone, images, said):
    refused(said, backbone.features, images)


def test_dark_pictures_are_taken():
    night = np.zeros((2, 20, 20, 3), "float32")
    check_images(night)
    night[:, 5:8] = 90
    check_images(night)
    night[:, 8:] = 1  # nearly black, in whole numbers
    check_images(night)


def test_small_numbers_stay_small(backbone):
    """uint8 takes a quarter of float32's memory, and gives the same features."""
    assert check_images(PICTURES) is PICTURES
    same = backbone.features(PICTURES), backbone.features(np.float32(PICTURES))
    np.testing.assert_array_equal(*same)


def textures(rng, count):
    """Coarse waves of four widths, under a pattern so fine that it is lost at 64 px."""
    rows, columns = np.mgrid[:256, :256]
    images, labels = [], rng.integers(0, 4, count)
    for label in labels:
        light = 127.0
        for height, width in (
            (20, rng.uniform(24, 40) * (1 + label / 3)),
            (80, rng.uniform(2.2, 4)),
        ):
            angle = rng.uniform(0, np.pi)
            along = rows * np.cos(angle) + columns * np.sin(angle)
            light = light + height * np.sin(2 * np.pi * along / width)
        images.append(light)
    return np.repeat(np.uint8(images)[..., None], 3, axis=-1), labels


@pytest.mark.parametrize("seed", range(3))
def test_a_picture_is_smoothed_before_it_shrinks(seed):
    """So features tell as much as of one that Pillow, which smooths, has shrunk."""
    backbone, rng = load_backbone("imagenet_distilled"), np.random.default_rng(seed)
    ways = {
        "as given": lambda images: images,
        "by Pillow": lambda images: np.stack(
            [np.asarray(Image.fromarray(x).resize((64, 64), 2)) for x in images]
        ),
        "without smoothing": lambda images: np.array(
            keras.ops.image.resize(np.float32(images), (64, 64))
        ),
    }
    (images, labels), (others, truth) = textures(rng, 120), textures(rng, 200)
    scores = {}
    for way, shrink in ways.items():
        head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        head.fit(backbone.features(shrink(images)), labels)
        scores[way] = head.score(backbone.features(shrink(others)), truth)
    assert scores["as given"] > scores["without smoothing"] + 0.1, scores
    assert abs(scores["as given"] - scores["by Pillow"]) < 0.05, scores


def test_channels_first_is_told_at_first_use(tmp_path):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}')
    code = "import tlcourse as tl; tl.backbones.load()"
    last = python(code, KERAS_HOME=str(tmp_path)).stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: Keras is set to channels_first")
    assert "keras.json" in last


@pytest.mark.parametrize("name", ["ConvNeXtTiny", "EfficientNetLite0", "VGG16"])
def test_a_block_puts_out_what_the_next_one_reads(name):
    """ConvNeXt adds with +, which is no layer, and keeps layers in layers."""
    backbone = tl.backbones.load(name, source=None, input_size=64)
    whole = backbone.features(PICTURES)
    for cut in backbone.cuts[:-1]:
        maps = backbone.run(PICTURES, until=cut)
        found, near = backbone.run(maps, after=cut), 1e-4 * abs(whole).max()
        np.testing.assert_allclose(found, whole, rtol=1e-3, atol=near)
    last = backbone.activations(PICTURES)[backbone.blocks[-1].name]
    np.testing.assert_allclose(last.mean((1, 2)), whole, rtol=1e-2, atol=1e-3)


def test_a_plan_trains_convnexts_last_blocks(task):
    backbone = tl.backbones.load("ConvNeXtTiny", source=None, input_size=32)
    run = transfer(backbone, task, 2, epochs=2)
    assert all(np.isfinite(run.history["loss"]))


def test_a_model_of_ones_own_is_a_backbone(task):
    base = load_backbone("imagenet_distilled")
    scale = keras.applications.mobilenet.preprocess_input
    backbone = tl.backbones.from_model(base.model, scale)
    images = task.test.images[:5]
    np.testing.assert_array_equal(backbone.features(images), base.features(images))
    assert len(backbone.blocks) > 3 and backbone.cuts
    run = transfer(backbone, task, 1, epochs=5)
    assert run.test_accuracy > 0.7
    arrived = pickle.loads(pickle.dumps(run.tuned))
    np.testing.assert_array_equal(arrived.features(images), run.tuned.features(images))
    flat = keras.layers.Flatten()(base.model.output)
    for model, said in (
        (keras.Sequential([keras.layers.Conv2D(3, 3)]), "built Functional"),
        (keras.Model(base.model.input, flat), "maps"),
        (keras.applications.MobileNet(weights=None, include_top=False), "fixed square"),
    ):
        refused(said, tl.backbones.from_model, model)
