"""What the lesson says: labels, resolution, near and far, augmentation, colour."""

import functools
import gc

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import interval, load_backbone
from tests.lessons.measured import flat
from tlcourse.lessons.inductive import regions
from tlcourse.quiet import import_keras

RESTS_ON = ("lessons/inductive/regions",)
LABELS, PER_CLASS = (5, 10, 20, 40), 20
WEAK = "imagenet_distilled"


@functools.cache
def lite0(size=64):
    return tl.backbones.load(input_size=size)


def small(images):
    """Every other pixel: a head does as well on them, and sooner."""
    return flat(images[:, ::2, ::2])


def head(view, task):
    """Test accuracy of a linear head on what a view makes of a task's pictures."""
    fitted = tl.probes.linear_probe().fit(view(task.train.images), task.train.labels)
    return float(fitted.score(view(task.test.images), task.test.labels))


def fine_tuned(task, seed):
    """The lesson's two phases, of fixed lengths: nothing is chosen."""
    free = tl.FreezePlan.all(lite0(), body_rate=3e-4)
    phases = [tl.FreezePlan.features(lite0()), free]
    run = tl.transfer(
        lite0(), task, phases, [10, 12], seed, validate=False, show_progress=False
    )
    return run.test_accuracy


def from_scratch(task, seed):
    """A small network: a large one from random weights needs more labels."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    layers = [keras.Input(task.train.images.shape[1:])]
    layers += [keras.layers.Rescaling(1 / 127.5, -1)]
    for width in (16, 32, 64, 128):
        layers += [keras.layers.Conv2D(width, 3, padding="same", activation="relu")]
        layers += [keras.layers.MaxPooling2D()]
    layers += [keras.layers.GlobalAveragePooling2D()]
    layers += [keras.layers.Dense(len(task.classes), activation="softmax")]
    model = keras.Sequential(layers)
    adam = keras.optimizers.Adam(2e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(task.train.images, task.train.labels, epochs=60, verbose=0)
    score = model.evaluate(task.test.images, task.test.labels, verbose=0)[1]
    gc.collect()
    return float(score)


def measure_labels(seed, part):
    """Accuracy in the orchard by way and labels, and in the studio with 20 labels."""
    domain, labels = part
    task = tl.datasets.load("apples", labels, domain, seed)
    ways = {
        "pixels": head(small, task),
        "from scratch": from_scratch(task, seed),
        "frozen": head(lite0().features, task),
        "fine-tuned": fine_tuned(task, seed),
    }
    where = {"domain": domain, "labels": labels}
    return [{**where, "way": way, "value": value} for way, value in ways.items()]


def measure_size(seed, size):
    """Heads on frozen features: a weak and a good source, small and large pictures."""
    rows = []
    for domain in ("studio", "orchard"):
        whole = tl.datasets.load("apples", domain=domain)
        few = tl.datasets.few(whole.train.labels, PER_CLASS, seed, "apples")
        views = {
            "MobileNet, weak": load_backbone(WEAK, input_size=size).features,
            "EfficientNet-Lite0": lite0(size).features,
            "pixels": small,
        }
        for source, view in views.items():
            seen, unseen = (view(part.images) for part in (whole.train, whole.test))
            fitted = tl.probes.linear_probe().fit(seen[few], whole.train.labels[few])
            score = float(fitted.score(unseen, whole.test.labels))
            where = {"domain": domain, "source": source, "size": size}
            rows.append({**where, "value": score})
    return rows


def measure_tissue(seed, part):
    """Tissue split by a draw and by region; 20 labels per class."""
    rows = []
    for by in ("draw", "region"):
        task = tl.datasets.load(regions.task(by, seed), PER_CLASS, seed=seed)
        if part == "fine-tuned":
            ways = {part: fine_tuned(task, seed)}
        else:
            weak = load_backbone(WEAK)
            ways = {
                "pixels": head(flat, task), "weak source": head(weak.features, task),
                "frozen": head(lite0().features, task),
            }  # fmt: skip
        rows += [{"split by": by, "way": way, "value": x} for way, x in ways.items()]
    return rows


def changes():
    """Keras's layers by the lesson's names for them."""
    layers = import_keras().layers
    return {
        "none": layers.Identity(),
        "mirrored": layers.RandomFlip("horizontal"),
        "turned": layers.RandomRotation(0.5, fill_mode="reflect"),
        "recoloured": layers.RandomHue(0.5, value_range=(0, 255)),
    }


def measure_changes(seed, target):
    """A head on frozen features of the pictures and of three changed copies."""
    import_keras().utils.set_random_seed(seed)
    if target == "tissue":
        task = tl.datasets.load(regions.task("region", seed), PER_CLASS, seed=seed)
    else:
        task = tl.datasets.load("apples", PER_CLASS, target, seed)
    images, labels = task.train.images, task.train.labels
    unseen, rows = lite0().features(task.test.images), []
    for change, layer in changes().items():
        copies = [np.asarray(layer(images, training=True)) for _ in range(3)]
        seen = lite0().features(np.concatenate([images, *copies]))
        fitted = tl.probes.linear_probe().fit(seen, np.tile(labels, 4))
        score = float(fitted.score(unseen, task.test.labels))
        rows.append({"target": target, "change": change, "value": score})
    return rows


def in_grey(images):
    return np.repeat(images.mean(axis=-1, keepdims=True), 3, axis=-1)


def measure_colour(seed):
    """Heads fitted in colour and in grey, each asked in colour and in grey."""
    task, rows = tl.datasets.load("apples", PER_CLASS, "orchard", seed), []
    asked = {"colour": task.test.images, "grey": in_grey(task.test.images)}
    fitted = {"colour": task.train.images, "grey": in_grey(task.train.images)}
    unseen = {name: lite0().features(images) for name, images in asked.items()}
    for name, images in fitted.items():
        probe = tl.probes.linear_probe()
        probe.fit(lite0().features(images), task.train.labels)
        for other, rest in unseen.items():
            score = float(probe.score(rest, task.test.labels))
            rows.append({"fitted in": name, "asked in": other, "value": score})
    return rows


@pytest.fixture
def labels(evidence):
    parts = [("orchard", labels) for labels in LABELS] + [("studio", PER_CLASS)]
    table = evidence("inductive.labels", measure_labels, parts=tuple(parts))
    return table.set_index(["domain", "way", "labels", "seed"])["value"]


def test_fine_tuning_beats_all_from_ten_labels_on_and_is_worth_labels(labels):
    orchard = labels["orchard"]
    for n in LABELS:
        frozen, tuned = orchard["frozen", n], orchard["fine-tuned", n]
        for other in ("pixels", "from scratch"):
            assert interval(frozen - orchard[other, n])[0] > 0.1
        if n >= 10:
            assert interval(tuned - frozen)[0] > 0
    studio = labels["studio"].xs(PER_CLASS, level="labels")
    assert interval(studio["fine-tuned"] - studio["frozen"])[0] > 0.03


@pytest.fixture
def size(evidence):
    table = evidence("inductive.size", measure_size, parts=(64, 96, 128))
    return table.set_index(["domain", "source", "size", "seed"])["value"]


def test_small_pictures_and_a_weak_source_lose_to_pixels_in_the_studio(size):
    studio = size["studio"]
    lead = studio["pixels", 64] - studio["MobileNet, weak", 64]
    assert interval(lead)[0] > 0


def test_by_region_tissue_is_harder(evidence):
    parts = ("frozen", "fine-tuned")
    table = evidence("inductive.tissue", measure_tissue, parts=parts)
    value = table.set_index(["split by", "way", "seed"])["value"]
    assert interval(value["draw", "frozen"] - value["region", "frozen"])[0] > 0


def test_the_same_change_is_right_here_and_wrong_there(evidence):
    parts = ("studio", "orchard", "tissue")
    table = evidence("inductive.changes", measure_changes, parts=parts)
    value = table.set_index(["target", "change", "seed"])["value"]
    gain = (
        value
        - value.xs("none", level="change")
        .reindex(value.index.droplevel("change"))
        .to_numpy()
    )
    assert interval(gain["studio", "turned"])[1] < 0


def test_in_grey_most_is_lost_but_not_by_a_head_that_is_fitted_in_grey(evidence):
    table = evidence("inductive.colour", measure_colour)
    value = table.set_index(["fitted in", "asked in", "seed"])["value"]
    assert interval(value["colour", "colour"] - value["colour", "grey"])[0] > 0.2
