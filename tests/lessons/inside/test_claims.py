"""What the lesson says, over five draws of the labels (and of random weights)."""

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import defined, load_backbone
from tests.lessons.measured import SEEDS, flat
from tlcourse.backbones import resized
from tlcourse.lessons.inside import widget
from tlcourse.quiet import import_keras

TARGETS = ("digits", "photos")


def measure(seed):
    """A probe on each block, and on pixels, of one draw of 10 labels per class."""
    rows = []
    for target in TARGETS:
        task = tl.datasets.load(target)
        for split in ("test", "val"):
            images = flat(task.train.images), flat(getattr(task, split).images)
            table = tl.probes.probe_features(*images, task, 10, [seed], split)
            rows += probed(table.assign(block="pixels"), "pixels", target, split)
        for source in ("glyphs", "imagenet_distilled", "photos", "random"):
            backbone = load_backbone(source, seed=seed)  # random ones: others each time
            for split in ("test", "val") if source == "photos" else ("test",):
                table = tl.probes.probe_blocks(backbone, target, 10, [seed], split)
                rows += probed(table, source, target, split)
    return rows


def probed(table, source, target, split):
    given = {"source": source, "target": target, "split": split}
    pairs = zip(table["block"], table["accuracy"], strict=True)
    return [{**given, "block": name, "value": float(value)} for name, value in pairs]


@pytest.fixture(scope="module")
def probes(evidence):
    """Mean accuracy by (source, target), a Series over the blocks; "val" after them."""
    table = evidence("inside.probes", measure)
    found = {}
    for (source, target, split), rows in table.groupby(["source", "target", "split"]):
        key = (source, target) if split == "test" else (source, target, split)
        means = rows.groupby("block", sort=False)["value"].mean()
        found[key] = means["pixels"] if source == "pixels" else means
    return found


def test_near_and_broad_sources_are_best_late_and_the_source_matters_there(
    probes,
):
    near = probes["glyphs", "digits"]
    assert near["block13"] > near.max() - 0.02
    assert near["block13"] > near["block2"] + 0.25
    for target in TARGETS:
        broad = probes["imagenet_distilled", target]
        assert broad["block13"] > broad.max() - 0.08
        assert broad["block13"] > broad["block2"] + 0.08
        found = [probes[s, target] for s in ("glyphs", "imagenet_distilled", "random")]
        assert np.ptp([blocks["block2"] for blocks in found]) < 0.15
        assert np.ptp([blocks["block13"] for blocks in found]) > 0.35


def test_far_target_a_middle_block_is_best_and_the_last_hardly_better_than_no_source(
    probes,
):
    of_glyphs, of_photos = probes["glyphs", "photos"], probes["photos", "digits"]
    for blocks in (of_glyphs, of_photos):
        assert blocks.idxmax() in [f"block{n}" for n in range(3, 9)]
        assert blocks["block13"] < blocks.max() - 0.15
    assert abs(of_glyphs["block13"] - of_glyphs["stem"]) < 0.08  # as it began
    assert of_photos["block13"] < probes["random", "digits"]["block13"] + 0.05
    chosen = probes["photos", "digits", "val"].idxmax()
    assert of_photos[chosen] > of_photos.max() - 0.03
    assert of_photos[chosen] > of_photos["block13"] + 0.2


def test_pixels_beat_broad_and_chosen_blocks_on_digits_and_no_trained_one_on_photos(
    probes,
):
    pixels = {target: probes["pixels", target] for target in TARGETS}
    assert pixels["digits"] > probes["imagenet_distilled", "digits"].max() + 0.01
    assert pixels["digits"] > probes["random", "digits"].max() + 0.1
    assert pixels["digits"] > probes["photos", "digits"].max() + 0.01  # exercise 3
    best_chosen = probes["photos", "digits", "val"].max()
    assert probes["pixels", "digits", "val"] > best_chosen + 0.01
    near = probes["glyphs", "digits"]
    assert (near[[f"block{n}" for n in range(7, 14)]] > pixels["digits"] + 0.02).all()
    assert (
        near[["stem", *(f"block{n}" for n in range(1, 6))]] < pixels["digits"]
    ).all()
    for source in ("glyphs", "imagenet_distilled"):
        assert (probes[source, "photos"] > pixels["photos"] + 0.1).all(), source


def test_on_apples_a_block_before_the_last_is_best_whatever_pictures_are_drawn():
    backbone = tl.backbones.load(input_size=96)
    for seed in SEEDS:
        folder = tl.datasets.folder("apples", "orchard", per_class=20, seed=seed)
        task = tl.datasets.from_folder(folder)
        pixels = tl.probes.probe_features(
            flat(task.train.images), flat(task.test.images), task, 20, [0]
        )["accuracy"].item()
        table = tl.probes.probe_blocks(backbone, task, 20, [0])
        blocks = table.set_index("block")["accuracy"]
        assert blocks["block7"] > blocks["top"] + 0.02, seed
        assert blocks["block7"] > pixels + 0.3, seed


def test_random_blocks_rise_and_fall_and_early_ones_do_about_as_well_on_photos(probes):
    digits, photos = probes["random", "digits"], probes["random", "photos"]
    assert digits.max() > digits["stem"] + 0.2
    assert digits["block13"] < digits.max() - 0.03
    assert photos.max() > photos["stem"] + 0.1
    assert photos["block13"] < photos["stem"] - 0.08
    for source, behind in (("glyphs", 0.03), ("imagenet_distilled", 0.12)):
        assert photos["block2"] > probes[source, "photos"]["block2"] - behind


def place(source, seed=0):
    """Share of a channel's variance that the place alone explains; mean of channels."""
    images = tl.datasets.load("photos").val.images
    maps = load_backbone(source, seed=seed).activations(images)["block9"]
    maps = maps.astype("float64")
    total = maps.var((0, 1, 2))
    alive = total > 1e-12 * (maps**2).mean((0, 1, 2))
    return (maps.mean(0).var((0, 1))[alive] / total[alive]).mean()


def test_late_random_channels_answer_to_the_place():
    random = [place("random", seed) for seed in SEEDS]
    assert min(random) > 3 * place("imagenet_distilled")


def test_a_wrong_scale_costs_accuracy_in_silence():
    from keras.applications import vgg16

    backbone, task = load_backbone("imagenet_distilled"), tl.datasets.load("photos")
    features = defined("inside", "features", mobilenet=backbone)["features"]

    def accuracy(learnt, later):
        train, test = features(task.train, learnt), features(task.test, later)
        table = tl.probes.probe_features(train, test, task, 10, SEEDS)
        return table["accuracy"].mean()

    right, divided, of_vgg16, raw = (
        lambda pixels: pixels / 127.5 - 1,
        lambda pixels: pixels / 255,
        vgg16.preprocess_input,
        lambda pixels: pixels,
    )
    as_trained, halved = accuracy(right, right), accuracy(divided, divided)
    assert halved < as_trained - 0.02
    assert accuracy(of_vgg16, of_vgg16) < as_trained - 0.1
    assert accuracy(raw, raw) < as_trained - 0.2
    # Worse still: the head learns on the right scale, pictures come at a wrong one.
    assert accuracy(right, divided) < halved - 0.2


def test_most_parameters_and_channels_sit_at_the_end():
    for name in ("VGG16", "ResNet50", "InceptionV3", "MobileNetV2"):
        blocks = tl.backbones.load(name, source=None).blocks
        half = len(blocks) // 2
        late = sum(block.parameters for block in blocks[half:])
        assert late > 0.8 * sum(block.parameters for block in blocks), name
    backbone = load_backbone("glyphs")
    ends = (backbone.blocks[0].output, backbone.blocks[-1].output)
    channels = [backbone.model.get_layer(end).output.shape[-1] for end in ends]
    assert channels == [8, 256]


@pytest.fixture(scope="module")
def looked_at():
    """The lesson's twenty photographs, and a function that gives a channel's maps."""
    pictures = np.stack([widget.photograph_of(name, 224) for name in widget.TWENTY])
    base = tl.backbones.load(input_size=224).model

    def maps(layer, channel):
        cut = import_keras().Model(base.input, base.get_layer(layer).output)
        return cut.predict(pictures, verbose=0)[..., channel]

    return pictures, maps


def test_the_strongest_answers_of_the_early_channel_stand_in_red_and_orange(looked_at):
    pictures, maps = looked_at
    answers = maps("block2b_add", 17)
    small = resized(pictures, answers.shape[1])
    redness = small[..., 0] - small[..., 2]
    for place in answers.max(axis=(1, 2)).argsort()[::-1][:4]:
        y, x = np.unravel_index(answers[place].argmax(), answers[place].shape)
        there = redness[place, max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4].mean()
        assert there > 100 and there > redness[place].mean() + 20, place


def test_the_late_channel_answers_most_to_round_things(looked_at):
    """A helmet, a cell, an eye, a crater, a cup."""
    order = looked_at[1]("block6d_add", 77).max(axis=(1, 2)).argsort()[::-1]
    names = [widget.TWENTY[place] for place in order[:5]]
    assert set(names) == {"astronaut", "cell", "cat", "moon", "coffee"}
