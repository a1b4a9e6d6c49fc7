"""What held-out pictures tell of new ones, and how folders go wrong."""

import gc
import pathlib
import random
import re
import shutil
import tempfile

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.metrics import log_loss

import tlcourse as tl
from tests.helpers import defined, interval
from tlcourse.datasets.apples import CLASSES
from tlcourse.lessons.own_pictures.bad_folders import ALONE, FAULTS, SHOTS, bad_folder
from tlcourse.quiet import import_keras

RESTS_ON = ("lessons/own_pictures/bad_folders",)
SIZE = (96, 96)
WAYS = ("pixels", "frozen", "fine-tuned")


def arrays(folder):
    read = import_keras().utils.image_dataset_from_directory
    data = read(folder, image_size=SIZE, shuffle=False, verbose=False)
    images, labels = zip(*data.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def measure_held_out(seed):
    """The lesson's steps 1 to 6 on another draw and another split."""
    keras = import_keras()
    whole = tl.datasets.folder("apples", "orchard", per_class=40, seed=seed)
    parts = pathlib.Path(tempfile.mkdtemp())
    given = {"random": random, "shutil": shutil}
    defined("own_pictures", "split", **given)["split"](whole / "train", parts, seed)
    studio = tl.datasets.folder("apples", "studio")
    read = keras.utils.image_dataset_from_directory
    options = {"batch_size": 16, "seed": seed, "verbose": False}
    train = read(parts / "train", image_size=SIZE, **options)
    val, looked_at = arrays(parts / "val"), {
        "held-out": arrays(parts / "test"), "new": arrays(whole / "test"),
        "studio": arrays(studio / "test"),
    }  # fmt: skip
    x, y = arrays(parts / "train")
    pixels = tl.probes.linear_probe().fit(x.reshape(len(x), -1), y)
    rows = [
        row("pixels", place, pixels.score(x.reshape(len(x), -1), y))
        for place, (x, y) in looked_at.items()
    ]
    keras.utils.set_random_seed(seed)
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    base.trainable = False
    pictures = keras.Input((*SIZE, 3))
    seen = keras.layers.RandomFlip("horizontal")(pictures)
    seen = keras.layers.RandomRotation(0.05)(seen)
    pooled = keras.layers.GlobalAveragePooling2D()(base(seen))
    chances = keras.layers.Dense(8, activation="softmax")(pooled)
    model = keras.Model(pictures, chances)

    def fit(rate, epochs, **options):
        adam = keras.optimizers.Adam(rate)
        loss = "sparse_categorical_crossentropy"
        model.compile(adam, loss, metrics=["accuracy"])
        options |= {"validation_data": val, "epochs": epochs, "shuffle": False}
        model.fit(train, verbose=0, **options)

    def scores(way):
        for place, (x, y) in looked_at.items():
            found = model.predict(x, verbose=0).argmax(axis=1)
            rows.append(row(way, place, (found == y).mean()))

    fit(1e-2, epochs=5)
    scores("frozen")
    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=3, restore_best_weights=True
    )
    fit(2e-4, epochs=8, callbacks=[stop])
    scores("fine-tuned")
    (x, y), logits = val, np.log(model.predict(val[0], verbose=0) + 1e-9)
    best = minimize_scalar(
        lambda t: log_loss(y, softmax(logits / t, axis=1), labels=range(8)),
        (0.5, 2),
    ).x
    x, y = looked_at["new"]
    logits = np.log(model.predict(x, verbose=0) + 1e-9)
    for name, t in {"as trained": 1, "cooled": best}.items():
        cooled = softmax(logits / t, axis=1)
        rows.append(row(name, "loss", log_loss(y, cooled, labels=range(8))))
        rows.append(row(name, "confidence", cooled.max(axis=1).mean()))
    shutil.rmtree(parts)
    gc.collect()
    return rows


def row(way, measured, value):
    return {"way": way, "measured": measured, "value": float(value)}


@pytest.fixture(scope="module")
def held_out(evidence):
    table = evidence("own_pictures.held_out", measure_held_out)
    return table.set_index(["way", "measured", "seed"])["value"]


def test_held_out_pictures_tell_of_new_ones_taken_alike(held_out):
    for way in WAYS:
        gap = held_out[way, "held-out"] - held_out[way, "new"]
        assert abs(gap.mean()) < 0.1, way
    # Of each split, the interval of its 64 pictures holds what 320 new ones show.
    right = 0
    for seed, accuracy in held_out["fine-tuned", "held-out"].items():
        low, high = binomtest(round(64 * accuracy), 64).proportion_ci(method="wilson")
        right += low <= held_out["fine-tuned", "new"][seed] <= high
    assert right == 5


def test_transfer_beats_pixels_and_fine_tuning_the_frozen_base(held_out):
    gap = held_out["frozen", "new"] - held_out["pixels", "new"]
    assert interval(gap)[0] > 0.2
    assert interval(held_out["fine-tuned", "new"] - held_out["frozen", "new"])[0] > 0


def test_elsewhere_pixels_are_far_worse_and_a_network_varies(held_out):
    gap = held_out["pixels", "new"] - held_out["pixels", "studio"]
    assert interval(gap)[0] > 0.1
    assert np.ptp(held_out["fine-tuned", "studio"]) > 0.1
    assert np.ptp(held_out["fine-tuned", "new"]) < 0.1
    assert held_out["pixels", "studio"].mean() == pytest.approx(0.27, abs=0.01)
    ends = held_out["fine-tuned", "studio"].agg(["min", "max"])
    assert ends.round(2).tolist() == [0.72, 0.84]
    ends = held_out["fine-tuned", "held-out"].agg(["min", "max"])
    assert ends.round(2).tolist() == [0.77, 0.88]


def test_a_network_is_too_sure_and_a_temperature_mends_most_of_it(held_out):
    sure = held_out["as trained", "confidence"] - held_out["fine-tuned", "new"]
    assert sure.mean() > 0.03
    better = held_out["as trained", "loss"] - held_out["cooled", "loss"]
    assert better.mean() > 0.02 and better.min() > -0.05 and (better > 0).sum() == 4


# --- folders that go wrong ------------------------------------------------------------


def wrong(seed):
    """A head on frozen features of each bad folder: held out, and on new apples."""
    backbone = tl.backbones.load(input_size=96)
    new = tl.datasets.load("apples", domain="orchard").test
    unseen, rows = backbone.features(new.images), []
    names = np.array(CLASSES)[new.labels]
    for name in FAULTS:
        images, labels = bad_folder(name, seed)
        rng, held = np.random.default_rng(seed), np.zeros(len(labels), bool)
        for label in np.unique(labels):
            mine = rng.permutation(np.flatnonzero(labels == label))
            held[mine[: max(1, round(0.2 * len(mine)))]] = True
        features = backbone.features(images)
        for title, test in shared_out(name, held, rng):
            head = tl.probes.linear_probe().fit(features[~test], labels[~test])
            found, truth = head.predict(features[test]), labels[test]
            said = head.predict(unseen)
            if name in ("another background", "one rare class"):
                title = f"{title}: {ALONE}"
                mine, those = truth == ALONE, names == ALONE
                if mine.sum() > 1:  # of one picture nothing can be told
                    rows.append(fault(title, "held-out", found[mine] == ALONE))
                rows.append(fault(title, "new", said[those] == ALONE))
            if name != "another background":
                title = title.partition(":")[0]
                rows.append(fault(title, "held-out", found == truth))
                rows.append(fault(title, "new", said == names))
    gc.collect()
    return rows


def shared_out(name, held, rng):
    """Which pictures are held out; of shots, also whole apples."""
    yield name, held
    if "shots" in name:
        apples = np.arange(len(held)) // SHOTS
        kept = rng.permuted(np.arange(apples.max() + 1).reshape(8, -1), axis=1)[:, :2]
        yield "shots kept together", np.isin(apples, kept)


def fault(folder, measured, right):
    return {"folder": folder, "measured": measured, "value": float(np.mean(right))}


@pytest.fixture(scope="module")
def faults(evidence):
    table = evidence("own_pictures.wrong", wrong)
    return table.set_index(["folder", "measured", "seed"])["value"]


def test_a_background_of_its_own_is_what_is_learnt(faults):
    name = f"another background: {ALONE}"
    assert interval(faults[name, "held-out"])[0] > 0.9
    assert faults[name, "new"].max() < 0.1


def test_shots_on_both_sides_are_right_and_new_apples_are_not(faults):
    name = "five shots of each apple"
    assert faults[name, "held-out"].min() > 0.95
    assert 0.25 < 1 - faults[name, "new"].mean() < 0.45
    gap = faults["shots kept together", "held-out"] - faults[name, "new"]
    assert interval(gap)[0] < 0 < interval(gap)[1]


def test_three_per_class_are_poor_and_a_rare_class_is_missed(faults):
    assert 0.4 < faults["three per class", "new"].mean() < 0.65
    assert faults["one rare class", "new"].mean() > 0.65
    assert faults[f"one rare class: {ALONE}", "new"].mean() < 0.3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("another background", f"give away '{ALONE}'"),
        ("three per class", "Few pictures for training: 1 of .Braeburn"),
        ("one rare class", "The classes are not balanced"),
    ],
)
def test_the_report_warns_of_it(name, words):
    task = tl.datasets.from_arrays(*bad_folder(name))
    assert any(re.search(words, note) for note in task.report.notes), task.report
