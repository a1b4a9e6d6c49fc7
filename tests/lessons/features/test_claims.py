"""What the lesson says about features and pixels. Measured anew, over 5 seeds."""

import json
import time

import numpy as np
import pytest
import scipy.stats
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

import tlcourse as tl
from tlcourse.lessons import notebook
from tlcourse.quiet import import_keras

SEEDS = range(5)
PER_CLASS = 10
SOURCES = ("random", "fractals", "photos", "glyphs", "imagenet_distilled")
TARGETS = ("digits", "faces", "photos")


@pytest.fixture(scope="module")
def backbones():
    return {
        name: tl.backbones.load("mobilenet", source=None if name == "random" else name)
        for name in SOURCES
    }


@pytest.fixture(scope="module")
def describe(backbones):
    def described(name, images):
        if name == "pixels":
            return images[..., 0].reshape(len(images), -1)
        return backbones[name].features(images)

    return described


@pytest.fixture(scope="module")
def accuracy(describe):
    """Accuracies by (target, description, split); one for each seed."""
    found = {}
    for target in TARGETS:
        task = tl.datasets.load(target)
        for name in ("pixels", *SOURCES):
            train = describe(name, task.train.images)
            for split in ("val", "test"):
                there = describe(name, getattr(task, split).images)
                table = tl.probes.probe_features(
                    train, there, task, PER_CLASS, SEEDS, split
                )
                found[target, name, split] = table["accuracy"].to_numpy()
    return found


@pytest.fixture(scope="module")
def transferred(backbones):
    """The lesson's run over seeds: task, run, features of the test split, answers."""
    backbone, whole = backbones["imagenet_distilled"], tl.datasets.load("photos")
    known, plan = backbone.features(whole.test.images), tl.FreezePlan.features(backbone)
    runs = []
    for seed in SEEDS:
        task = tl.datasets.load("photos", per_class=PER_CLASS, seed=seed)
        run = tl.transfer(backbone, task, plan, seed=seed, show_progress=False)
        runs.append((task, run, known, whole.test.labels))
    return runs


def interval(differences):
    """Ends of the 95 % interval of a mean; the draws are shared, so pairs count."""
    values = np.asarray(differences, float)
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * scipy.stats.sem(values)
    return values.mean() - half, values.mean() + half


def gain(accuracy, target, name, over):
    return accuracy[target, name, "test"] - accuracy[target, over, "test"]


# --- when pixels win ------------------------------------------------------------------


@pytest.mark.parametrize("source", ["random", "fractals", "photos"])
def test_on_digits_pixels_beat_unrelated_sources_by_far(accuracy, source):
    assert interval(gain(accuracy, "digits", source, "pixels"))[1] < -0.2


def test_on_digits_pixels_beat_the_source_of_a_thousand_kinds(accuracy):
    assert interval(gain(accuracy, "digits", "imagenet_distilled", "pixels"))[1] < 0


def test_on_digits_glyphs_beat_the_pixels_and_all_others(accuracy):
    assert interval(gain(accuracy, "digits", "glyphs", "pixels"))[0] > 0.03
    for other in set(SOURCES) - {"glyphs"}:
        assert interval(gain(accuracy, "digits", "glyphs", other))[0] > 0


def test_fractals_are_worse_than_random_on_digits_and_beat_pixels_on_faces(accuracy):
    assert interval(gain(accuracy, "digits", "fractals", "random"))[1] < 0
    worst = min(SOURCES, key=lambda name: accuracy["digits", name, "test"].mean())
    assert worst == "fractals"
    assert interval(gain(accuracy, "faces", "fractals", "pixels"))[0] > 0


@pytest.mark.parametrize("source", SOURCES)
def test_on_photos_every_backbone_beats_the_pixels(accuracy, source):
    assert interval(gain(accuracy, "photos", source, "pixels"))[0] > 0


def test_on_photos_pixels_hardly_beat_guessing(accuracy):
    assert 0.1 < accuracy["photos", "pixels", "test"].mean() < 0.25


def test_the_source_called_photos_is_not_the_best_for_photos(accuracy):
    ahead = gain(accuracy, "photos", "imagenet_distilled", "photos")
    assert interval(ahead)[0] > 0


def test_the_validation_split_chooses_the_best_source_for_photos(accuracy):
    for seed in SEEDS:
        val = {name: accuracy["photos", name, "val"][seed] for name in SOURCES}
        assert max(val, key=val.get) == "imagenet_distilled"


# --- why: digits out of place ---------------------------------------------------------


def lesson_cell(words):
    cells = json.loads(notebook("features").read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    [found] = [source for source in sources if words in source]
    return found


def test_digits_out_of_place_cost_pixels_more_than_features(accuracy, describe):
    cell = lesson_cell("def out_of_place").split("\n\ndigits = ")[0]
    names = {"np": np}
    exec(cell, names)  # the lesson's own function
    task, moved = tl.datasets.load("digits"), {}
    for name in ("pixels", "glyphs", "imagenet_distilled"):
        train = describe(name, names["out_of_place"](task.train.images, 0))
        test = describe(name, names["out_of_place"](task.test.images, 1))
        table = tl.probes.probe_features(train, test, task, PER_CLASS, SEEDS)
        moved[name] = table["accuracy"].to_numpy()
    cost = {n: accuracy["digits", n, "test"] - values for n, values in moved.items()}
    for source in ("glyphs", "imagenet_distilled"):
        assert interval(cost["pixels"] - cost[source])[0] > 0.2
        assert interval(moved[source] - moved["pixels"])[0] > 0.1
    share = moved["pixels"] / accuracy["digits", "pixels", "test"]
    assert interval(share)[1] < 0.55  # halved


# --- looking at features --------------------------------------------------------------


def knn(vectors, labels, k=5):
    distance = ((vectors[:, None] - vectors) ** 2).sum(-1)
    np.fill_diagonal(distance, np.inf)
    votes = np.eye(labels.max() + 1)[labels[distance.argsort(1)[:, :k]]].sum(1)
    return (votes.argmax(1) == labels).mean()


def test_neighbours_name_the_class_by_features_and_not_by_pixels(describe):
    task = tl.datasets.load("photos")
    features = describe("imagenet_distilled", task.train.images)
    pixels = describe("pixels", task.train.images)
    ahead = []
    for seed in SEEDS:
        few = tl.datasets.few(task.train.labels, 20, seed, "photos")
        labels = task.train.labels[few]
        ahead.append(knn(features[few], labels) - knn(pixels[few], labels))
    assert interval(ahead)[0] > 0.35


def test_the_nearest_by_pixels_are_smooth(describe):
    task = tl.datasets.load("photos")
    images, labels = task.train.images, task.train.labels
    contrast = images.std((1, 2, 3))
    for name in ("brick", "gravel"):
        mean = {}
        for how in ("pixels", "imagenet_distilled"):
            vectors = describe(how, images)
            queries = vectors[labels == task.classes.index(name)]
            distance = ((queries[:, None] - vectors) ** 2).sum(-1)
            mean[how] = contrast[distance.argsort(1)[:, 1:6]].mean()
        assert mean["pixels"] < 0.75 * mean["imagenet_distilled"]


def test_the_map_of_pixels_sorts_by_light(describe):
    images = tl.datasets.load("photos").train.images
    light = images.mean((1, 2, 3))
    for seed in SEEDS:
        with threadpool_limits(1):
            plane = TSNE(init="pca", random_state=seed)
            places = plane.fit_transform(describe("pixels", images))
        design = np.column_stack([places, np.ones(len(places))])
        told = design @ np.linalg.lstsq(design, light, rcond=None)[0]
        assert np.corrcoef(told, light)[0, 1] > 0.9


def test_brick_is_easy_and_the_smooth_pieces_are_hard(transferred):
    recalls = []
    for _, run, known, answers in transferred:
        kernel, bias = run.weights[-2:]
        right = (known @ kernel + bias).argmax(1) == answers
        assert right.mean() == pytest.approx(run.test_accuracy, abs=0.005)
        recalls.append([right[answers == label].mean() for label in range(10)])
    classes = tl.datasets.load("photos").classes
    recall = dict(zip(classes, np.mean(recalls, 0), strict=True))
    smooth = [recall.pop(name) for name in ("cat", "retina", "coffee")]
    assert recall["brick"] > 0.9
    assert max(smooth) < 0.65 and np.mean(smooth) < np.mean([*recall.values()]) - 0.2


# --- by hand --------------------------------------------------------------------------


def head(keras, classes=10):
    return keras.layers.Dense(classes)


def fit(keras, model, inputs, labels, epochs=20):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    model.fit(inputs, labels, batch_size=25, epochs=epochs, verbose=0)
    return model


def test_a_head_by_hand_does_as_well_as_transfer(transferred):
    keras, apart = import_keras(), []
    for task, run, known, answers in transferred:
        keras.utils.set_random_seed(len(apart))
        model = keras.Sequential([head(keras)])
        features = run.backbone.features(task.train.images)
        fit(keras, model, features, task.train.labels)
        by_hand = model.evaluate(known, answers, verbose=0)[1]
        apart.append(by_hand - run.test_accuracy)
    assert np.abs(apart).max() < 0.06 and abs(np.mean(apart)) < 0.03


def test_once_is_quicker_than_in_the_loop_and_nothing_moves():
    keras = import_keras()
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    train = tl.datasets.load("photos").train
    base = keras.Sequential([backbone.model, keras.layers.GlobalAveragePooling2D()])
    base.trainable = False
    inputs, before = backbone.preprocess(train.images), base.get_weights()
    ratios = []
    for _ in SEEDS:
        started = time.perf_counter()
        fit(keras, keras.Sequential([base, head(keras)]), inputs, train.labels)
        middle = time.perf_counter()
        features = base.predict(inputs, verbose=0)
        fit(keras, keras.Sequential([head(keras)]), features, train.labels)
        ratios.append((middle - started) / (time.perf_counter() - middle))
    assert 1.3 < np.median(ratios) < 20, ratios
    after = base.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
