"""What the lesson says about features and pixels. Measured anew, over 5 seeds."""

import time

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import defined, interval, load_backbone
from tests.lessons.measured import SEEDS, accuracies, features, red
from tlcourse.quiet import import_keras

PER_CLASS = 10
SOURCES = ("random", "fractals", "photos", "glyphs", "imagenet_distilled")


def view(name):
    return red if name == "pixels" else load_backbone(name).features


def accuracy(target, name, split="test"):
    return accuracies(view(name), target, PER_CLASS, split)


def gain(target, name, over):
    return accuracy(target, name) - accuracy(target, over)


def test_on_digits_only_glyphs_beat_pixels_and_fractals_are_worse_than_random():
    for source in SOURCES:
        low, high = interval(gain("digits", source, "pixels"))
        if source == "glyphs":
            assert low > 0.03
        else:
            assert high < (0 if source == "imagenet_distilled" else -0.2)
            assert interval(gain("digits", "glyphs", source))[0] > 0
    assert interval(gain("digits", "fractals", "random"))[1] < 0
    worst = min(SOURCES, key=lambda name: accuracy("digits", name).mean())
    assert worst == "fractals"
    assert interval(gain("faces", "fractals", "pixels"))[0] > 0  # yet there they help


def test_on_photos_all_beat_pixels_and_validation_finds_the_best_which_is_not_photos():
    assert 0.1 < accuracy("photos", "pixels").mean() < 0.25  # hardly above guessing
    for source in SOURCES:
        assert interval(gain("photos", source, "pixels"))[0] > 0
    assert interval(gain("photos", "imagenet_distilled", "photos"))[0] > 0
    val = [accuracy("photos", name, "val") for name in SOURCES]
    assert (np.argmax(val, axis=0) == SOURCES.index("imagenet_distilled")).all()


def test_digits_out_of_place_cost_pixels_more_than_features():
    out_of_place = defined("features", "out_of_place")["out_of_place"]
    task, moved, cost = tl.datasets.load("digits"), {}, {}
    for name in ("pixels", "glyphs", "imagenet_distilled"):
        train, test = (
            view(name)(out_of_place(split.images, seed))
            for seed, split in enumerate((task.train, task.test))
        )
        table = tl.probes.probe_features(train, test, task, PER_CLASS, SEEDS)
        moved[name] = table["accuracy"].to_numpy()
        cost[name] = accuracy("digits", name) - moved[name]
    for source in ("glyphs", "imagenet_distilled"):
        assert interval(cost["pixels"] - cost[source])[0] > 0.2
        assert interval(moved[source] - moved["pixels"])[0] > 0.1
    assert interval(moved["pixels"] / accuracy("digits", "pixels"))[1] < 0.55  # halved


def test_neighbours_name_the_class_by_features_and_not_by_pixels():
    """What the widget's title shows first, and what it shows for pixels."""
    known, ahead = tl.datasets.load("photos").train.labels, []
    for seed in SEEDS:
        few = tl.datasets.few(known, 20, seed, "photos")
        rich, pixels = (
            tl.transferability.knn(features(view(name), "photos")[few], known[few])
            for name in ("imagenet_distilled", "pixels")
        )
        ahead.append(rich - pixels)
    assert interval(ahead)[0] > 0.35


@pytest.fixture(scope="module")
def fit():
    return defined("features", "fit", keras=import_keras())["fit"]  # the lesson's own


def test_a_head_by_hand_does_as_well_as_transfer(fit):
    keras, test, apart = import_keras(), tl.datasets.load("photos").test, []
    backbone = load_backbone("imagenet_distilled")
    known, plan = backbone.features(test.images), tl.FreezePlan.features(backbone)
    for seed in SEEDS:
        task = tl.datasets.load("photos", per_class=PER_CLASS, seed=seed)
        run = tl.transfer(backbone, task, plan, seed=seed, show_progress=False)
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.layers.Dense(10)])
        fit(model, backbone.features(task.train.images), task.train.labels)
        by_hand = model.evaluate(known, test.labels, verbose=0)[1]
        apart.append(by_hand - run.test_accuracy)
    assert np.abs(apart).max() < 0.06 and abs(np.mean(apart)) < 0.03


def test_once_is_quicker_than_in_the_loop_and_nothing_moves(fit):
    keras, train = import_keras(), tl.datasets.load("photos").train
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    base = keras.Sequential([backbone.model, keras.layers.GlobalAveragePooling2D()])
    base.trainable = False
    inputs, labels = backbone.preprocess(train.images)[::2], train.labels[::2]
    before = base.get_weights()
    ratios = []
    for _ in range(3):
        started = time.perf_counter()
        fit(keras.Sequential([base, keras.layers.Dense(10)]), inputs, labels)
        middle = time.perf_counter()
        once = base.predict(inputs, verbose=0)
        fit(keras.Sequential([keras.layers.Dense(10)]), once, labels)
        ratios.append((middle - started) / (time.perf_counter() - middle))
    assert 1.3 < np.median(ratios) < 20, ratios
    after = base.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
