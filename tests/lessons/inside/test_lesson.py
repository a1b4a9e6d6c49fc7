"""Figures and widget of the lesson, what its checks keep, what its pictures rest on."""

import functools

import keras
import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import load_backbone
from tlcourse.lessons.inside import checks, figures, widget


def probed(means):
    return [
        {"block": block, "source": source, "target": "digits"}
        | dict.fromkeys(("mean", "low", "high"), mean)
        for source in ("a", "b")
        for block, mean in means.items()
    ]


def some_silent(strength):
    maps = np.zeros((4, 4, 6))
    maps[0, 0, :2] = 1e-9, 2e-9  # a random backbone's answers are as small as this
    return figures.inside(BLACK, strength * maps)


@functools.cache
def looks():
    trained = load_backbone("glyphs", input_size=64)
    return widget.Looks({"trained": trained, "random": load_backbone("random")})


def look(block="stem", picture="cat", weights="trained"):
    return looks().draw(block, picture, weights)


def show():
    widget.look_inside(random=load_backbone("random"))


MEANS = {"block0": 0.2, "block1": 0.8, "block2": 0.5}
BLACK, TWO_PICTURES = np.zeros((8, 8, 3)), np.zeros((2, 5, 5, 2))
UNNAMED = pd.DataFrame(probed(MEANS)).drop(columns="block")
MEASURED = functools.partial(figures.probes, probed(MEANS), chance=0.1)
WITH_PIXELS = functools.partial(MEASURED, pixels={"digits": 0.9})
FIGURES = {
    "inside": (lambda: some_silent(1), "2 of 6 channels"),
    "inside_silent": (lambda: some_silent(0), "0 of 6 channels"),
    "probes": (MEASURED, "its best 0.80 at block1"),
    "probes_and_pixels": (WITH_PIXELS, "pixels on digits reach 0.90"),
}
SHOW, FIRST = show, "block3, random weights, cat"
CONTROLS = "block, picture, weights."
PICTURES = [
    functools.partial(look, "block3", weights=each) for each in ("trained", "random")
]
REFUSED = [
    ("maps of one picture", lambda: figures.inside(BLACK, TWO_PICTURES)),
    ("no block", lambda: figures.probes(UNNAMED)),
    ("the same blocks", lambda: widget.Looks({})),
]


@pytest.mark.parametrize("weights", ["trained", "random"])
def test_the_widget_draws_every_kind_of_block_of_square_pictures_in_range(weights):
    for block in ("stem", "block3", "block13"):
        for name in ("cat", "test card"):
            picture = look(block, name, weights)
            assert picture.alt.startswith(f"{block}, {weights} weights, {name}")
            assert picture.png.startswith(b"\x89PNG")
    assert widget.middle(np.zeros((4, 9, 3))).shape == (4, 4, 3)
    card = widget.colour_card()
    assert card.shape == (256, 256, 3) and card.min() >= 0 and card.max() <= 255


def test_the_probes_and_shares_that_checks_keep_are_what_a_learner_finds():
    backbone = load_backbone("photos")
    table = tl.probes.probe_blocks(backbone, "digits", 10, range(5), split="val")
    means = table.groupby("block", sort=False)["accuracy"].mean()
    assert means.to_dict() == pytest.approx(checks.ON_VAL, abs=0.01)
    model = keras.applications.ResNet50(weights=None, include_top=False)
    late = [x for x in model.layers if x.name.startswith(("conv4_", "conv5_"))]
    assert len(late) / len(model.layers) == pytest.approx(checks.LAYERS)
    share = sum(x.count_params() for x in late) / model.count_params()
    assert share == pytest.approx(checks.LAST_TWO)


def test_probes_rest_on_the_average_of_each_block_scored_on_val_or_test(backbone):
    images = tl.datasets.load("faces").test.images[:7]
    (means,) = tl.probes._pooled(backbone, images, some=3)
    for block, maps in backbone.activations(images).items():
        np.testing.assert_allclose(means[block], maps.mean((1, 2)), atol=1e-4)
    with pytest.raises(ValueError, match="'test' or 'val', not 'train'"):
        tl.probes.probe_blocks(backbone, "faces", 10, [0], split="train")


def test_a_block_ends_before_the_padding_of_the_next():
    backbone = load_backbone("random")
    for block in backbone.blocks:
        side = backbone.model.get_layer(block.output).output.shape[1]
        assert backbone.input_size % side == 0, block.name
