"""What the lesson's checks keep, and what its pictures rest on."""

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import load_backbone
from tlcourse.lessons.inside import checks


def test_the_kept_probes_of_inside_3_are_what_a_learner_measures():
    backbone = load_backbone("photos")
    table = tl.probes.probe_blocks(backbone, "digits", 10, range(5), split="val")
    means = table.groupby("block", sort=False)["accuracy"].mean()
    assert means.to_dict() == pytest.approx(checks.ON_VAL, abs=0.01)


def test_the_share_of_inside_1_is_keras():
    backbone = tl.backbones.load("ResNet50", source=None)
    last_two = sum(block.parameters for block in backbone.blocks[-2:])
    assert last_two / backbone.parameters == pytest.approx(checks.LAST_TWO)


def test_probes_rest_on_the_average_of_each_block(backbone):
    images = tl.datasets.load("faces").test.images[:7]
    (means,) = tl.probes._pooled(backbone, images, some=3)
    for block, maps in backbone.activations(images).items():
        np.testing.assert_allclose(means[block], maps.mean((1, 2)), atol=1e-4)


def test_a_probe_is_scored_on_val_or_test(backbone):
    with pytest.raises(ValueError, match="'test' or 'val', not 'train'"):
        tl.probes.probe_blocks(backbone, "faces", 10, [0], split="train")


def test_a_block_ends_before_the_padding_of_the_next():
    backbone = load_backbone("random")
    for block in backbone.blocks:
        side = backbone.model.get_layer(block.output).output.shape[1]
        assert backbone.input_size % side == 0, block.name
