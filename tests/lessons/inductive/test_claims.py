"""What the lesson says: labels, resolution, near and far, augmentation, colour."""

import functools
import gc

import numpy as np
import pandas
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


def trained(task, seed, *phases):
    """Test accuracy after 22 epochs by one plan or two; nothing is chosen."""
    epochs = [10, 12] if len(phases) == 2 else [22]
    options = {"validate": False, "show_progress": False}
    run = tl.transfer(lite0(), task, phases, epochs, seed, **options)
    return run.test_accuracy


def fine_tuned(task, seed):
    """The lesson's two phases."""
    free = tl.FreezePlan.all(lite0(), body_rate=3e-4)
    return trained(task, seed, tl.FreezePlan.features(lite0()), free)


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
        "frozen": trained(task, seed, tl.FreezePlan.features(lite0())),
        "fine-tuned": fine_tuned(task, seed),
    }
    where = {"domain": domain, "labels": labels}
    return [{**where, "way": way, "value": value} for way, value in ways.items()]


def measure_rates(seed, domain):
    """The lesson's two phases with steps a third as large."""
    task = tl.datasets.load("apples", PER_CLASS, domain, seed)
    free = tl.FreezePlan.all(lite0(), body_rate=1e-4)
    score = trained(task, seed, tl.FreezePlan.features(lite0()), free)
    return [{"domain": domain, "way": "smaller steps", "value": score}]


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


def test_in_the_orchard_fine_tuning_gains_and_is_worth_labels(labels):
    orchard = labels["orchard"]
    for n in LABELS:
        for other in ("pixels", "from scratch"):
            assert interval(orchard["frozen", n] - orchard[other, n])[0] > 0.03
    tuned, frozen = orchard["fine-tuned"], orchard["frozen"]
    gain = tuned - frozen
    assert (gain > 0).sum() == 19  # of 20
    assert interval(gain.groupby("seed").mean())[0] > 0.02
    assert interval(gain[PER_CLASS])[0] > 0
    # 8 for 5, 18 for 10; for 20 five draws do not tell.
    summary = {"fine-tuned": tuned, "frozen": frozen}
    summary = pandas.concat(summary, names=["strategy"]).reset_index()
    summary = tl.tables.summarise(
        summary.rename(columns={"labels": "per_class"}),
        ["strategy", "per_class"],
        "value",
    )
    worth = tl.tables.labels_worth(summary, "fine-tuned", "frozen")
    needed = worth.set_index("per_class")["needed"]
    assert [round(needed[n]) for n in (5, 10)] == [8, 18] and np.isinf(needed[20])
    low, high = interval(tuned[PER_CLASS] - frozen[LABELS[-1]])
    assert low < 0 < high


def test_in_the_studio_it_does_not(labels):
    studio = labels["studio"].xs(PER_CLASS, level="labels")
    gain = studio["fine-tuned"] - studio["frozen"]
    assert abs(gain.mean()) < 0.02 and gain.min() < -0.05 and gain.max() > 0.05


@pytest.fixture
def rates(evidence):
    table = evidence("inductive.rates", measure_rates, parts=("studio", "orchard"))
    return table.set_index(["domain", "seed"])["value"]


def test_smaller_steps_gain_in_each_draw_and_less_in_the_orchard(labels, rates):
    labels = labels.xs(PER_CLASS, level="labels")
    for domain, points in (("studio", 0.03), ("orchard", 0.02)):
        gain = rates[domain] - labels[domain, "frozen"]
        assert (gain > 0).all() and interval(gain)[0] > 0.005
        assert abs(gain.mean() - points) < 0.006
    larger = labels["orchard", "fine-tuned"]
    assert abs((larger - labels["orchard", "frozen"]).mean() - 0.04) < 0.006
    assert larger.mean() > rates["orchard"].mean()


@pytest.fixture
def size(evidence):
    table = evidence("inductive.size", measure_size, parts=(64, 96, 128))
    return table.set_index(["domain", "source", "size", "seed"])["value"]


def test_a_weak_source_and_small_pictures_are_two_losses(size, labels):
    studio, orchard = size["studio"], size["orchard"]
    weak, good = studio["MobileNet, weak"], studio["EfficientNet-Lite0"]
    pixels = studio["pixels", 64]
    assert interval(pixels - weak[64])[0] > 0.05  # 'by nine points'
    low, high = interval(pixels - weak[96])
    assert low < 0 < high and high - low < 0.06
    assert interval(good[64] - pixels)[0] > 0.03  # 'by six'
    good = orchard["EfficientNet-Lite0"]
    assert interval(good[96] - good[64])[0] > 0.02  # 'six points'
    low, high = interval(good[128] - good[96])
    assert low < 0 and high < 0.03
    assert interval(good[64] - orchard["pixels", 64])[0] > 0.2
    # A word in place of a fine-tuning, and lesson 06's 'it still reaches 0.69'.
    tuned = labels["orchard", "fine-tuned", PER_CLASS]
    assert [round(x.mean(), 2) for x in (good[96], tuned, good[64])] == [
        0.75, 0.76, 0.69,
    ]  # fmt: skip
    low, high = interval(good[96] - tuned)
    assert low < 0 < high
    # 'EfficientNet-Lite0' at 64 pixels is far ahead of the weak source.
    assert interval(good[64] - orchard["MobileNet, weak"][64])[0] > 0.2


@pytest.fixture
def tissue(evidence):
    parts = ("frozen", "fine-tuned")
    table = evidence("inductive.tissue", measure_tissue, parts=parts)
    return table.set_index(["split by", "way", "seed"])["value"].sort_index()


def test_far_away_transfer_works_and_five_draws_decide_no_more(tissue):
    region, draw = tissue["region"], tissue["draw"]
    assert interval(region["frozen"] - region["pixels"])[0] > 0.3
    assert interval(region["frozen"] - region["weak source"])[0] > 0
    low, high = interval(region["fine-tuned"] - region["frozen"])
    assert (round(low, 2), round(high, 2)) == (-0.02, 0.12)
    for way in ("weak source", "frozen", "fine-tuned"):
        fall = draw[way] - region[way]
        low, high = interval(fall)
        assert 0.015 < fall.mean() < 0.065 and low < 0 < high  # 'not certain'
    odd = region["frozen"].index % 2 == 1  # they train on the right half
    assert region["frozen"][~odd].min() > region["frozen"][odd].max()


@pytest.fixture
def gain(evidence):
    parts = ("studio", "orchard", "tissue")
    table = evidence("inductive.changes", measure_changes, parts=parts)
    table = table.set_index(["target", "seed", "change"])["value"].unstack("change")
    return table.sub(table.pop("none"), axis=0)


def test_a_true_claim_helps_where_it_is_new_and_a_wrong_one_hurts(gain):
    orchard, studio, tissue = (
        gain.loc[name] for name in ("orchard", "studio", "tissue")
    )
    assert interval(orchard["turned"])[0] > 0.01
    assert interval(orchard["recoloured"])[1] < -0.02
    for undecided in (studio["turned"], studio["recoloured"], orchard["mirrored"]):
        low, high = interval(undecided)
        assert low < 0 < high and high < 0.03
    for change in ("mirrored", "turned"):
        low, high = interval(tissue[change])
        assert low < 0 < high
    assert (tissue["recoloured"] == 0).all()


def test_in_grey_a_head_fails_for_two_reasons(evidence):
    table = evidence("inductive.colour", measure_colour)
    value = table.set_index(["fitted in", "asked in", "seed"])["value"].sort_index()
    assert interval(value["grey", "grey"] - value["colour", "grey"])[0] > 0.2
    assert interval(value["colour", "colour"] - value["grey", "grey"])[0] > 0.1
    assert interval(value["grey", "grey"] - value["grey", "colour"])[0] > 0.2
