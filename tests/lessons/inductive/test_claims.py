"""What the lesson says: recipes, augmentation, mistakes, where the network looks."""

import functools

import numpy as np
import pytest
import threadpoolctl
from sklearn.metrics import confusion_matrix

import tlcourse as tl
from tlcourse.lessons.inductive.widget import grad_cam

SEEDS = range(5)
PER_CLASS = 20


@functools.cache
def load(source, size=None):
    return tl.backbones.load("mobilenet", source=source, input_size=size)


# --- what the source brings along -----------------------------------------------------


def probes(name):
    """Mean test accuracy of a linear head by what it sees."""
    task, found = tl.datasets.load(name), {}
    views = {
        "pixels": lambda images: images[:, ::2, ::2].reshape(len(images), -1),
        "random": load(None).features,
        "source": load("imagenet_distilled").features,
    }
    for view, look in views.items():
        train, test = look(task.train.images), look(task.test.images)
        table = tl.probes.probe_features(train, test, task, PER_CLASS, SEEDS)
        found[view] = table["accuracy"].mean()
    return found


def test_on_faces_nothing_is_left_to_do():
    found = probes("faces")
    assert found["source"] > 0.98 and found["source"] > found["pixels"] + 0.05


def test_on_apples_pixels_are_ahead():
    found = probes("apples")
    assert found["pixels"] > found["source"] + 0.03 > found["random"] + 0.3


def test_on_tissue_the_source_is_ahead_by_far():
    found = probes("tissue")
    assert found["source"] > max(found["pixels"], found["random"]) + 0.2


# --- the recipes ----------------------------------------------------------------------


def measure(seed):
    plan = tl.FreezePlan
    plans = {
        "frozen": plan.features,
        "late blocks": lambda b: plan.last(b, 6),
        "all, small steps": lambda b: plan.all(b, body_rate=1e-4, head_rate=1e-2),
    }
    longer = {"frozen, twice the epochs": plan.features}
    rows = []
    for choice, epochs in ((plans, 20), (longer, 40)):
        study = tl.Study(
            ["apples", "tissue"], ["imagenet_distilled"], choice, [PER_CLASS], [seed],
            epochs,
        )  # fmt: skip
        rows.append(study.run(show_progress=False))
    return [
        {"target": row["target"], "plan": row["plan"], "value": row["accuracy"]}
        for table in rows
        for row in table.to_dict("records")
    ]


@pytest.fixture
def mean(evidence):
    table = evidence("inductive.recipes", measure)
    return table.groupby(["target", "plan"])["value"].mean()


def test_on_apples_training_beats_the_head_alone(mean):
    apples = mean["apples"]
    assert apples["all, small steps"] > apples["frozen"] + 0.03
    assert apples["late blocks"] > apples["frozen"] + 0.02
    assert abs(apples["all, small steps"] - apples["late blocks"]) < 0.05
    # The head is not held back by the number of epochs.
    assert apples["all, small steps"] > apples["frozen, twice the epochs"] + 0.02


def test_on_tissue_the_late_blocks_gain_nothing(mean):
    tissue = mean["tissue"]
    assert tissue["late blocks"] < tissue["frozen"] + 0.02
    assert -0.02 < tissue["all, small steps"] - tissue["frozen"] < 0.06


# --- augmentation ---------------------------------------------------------------------

CHANGES = {
    "none": [],
    "mirror": [lambda images: images[:, :, ::-1]],
    "turn": [lambda images, k=k: np.rot90(images, k, (1, 2)) for k in (1, 2, 3)],
}


def augmented(name, source):
    """Mean test accuracy of a head on frozen features by augmentation."""
    backbone, found = load(source), {change: [] for change in CHANGES}
    for seed in SEEDS:
        task = tl.datasets.load(name, per_class=PER_CLASS, seed=seed)
        unseen = backbone.features(task.test.images)
        for change, functions in CHANGES.items():
            images = task.train.images
            copies = [images, *(function(images) for function in functions)]
            features = backbone.features(np.concatenate(copies))
            with threadpoolctl.threadpool_limits(1):
                probe = tl.probes.linear_probe()
                probe.fit(features, np.tile(task.train.labels, len(copies)))
            found[change].append(probe.score(unseen, task.test.labels))
    return {change: np.mean(values) for change, values in found.items()}


def test_tissue_may_be_turned():
    found = augmented("tissue", "imagenet_distilled")
    assert found["turn"] > found["none"] + 0.02
    assert abs(found["mirror"] - found["none"]) < 0.03


def test_apples_may_be_mirrored_and_not_turned():
    found = augmented("apples", "imagenet_distilled")
    assert found["mirror"] > found["none"] + 0.015
    assert found["turn"] < found["none"] - 0.01


def test_digits_may_not_be_changed():
    found = augmented("digits", "glyphs")
    assert found["mirror"] < found["none"] - 0.005
    assert found["turn"] < found["none"] - 0.03


# --- mistakes, and where it looks -----------------------------------------------------


@functools.cache
def run(seed):
    task = tl.datasets.load("apples", per_class=PER_CLASS, seed=seed)
    larger = load("imagenet_distilled", 128)
    plan = tl.FreezePlan.features(larger)
    found = tl.transfer(larger, task, plan, epochs=40, seed=seed, validate=False)
    return found, task, found.predict(task.test.images).argmax(axis=1)


def test_varieties_of_one_colour_are_confused():
    whole = tl.datasets.load("apples").train
    middle = whole.images[:, 20:44, 20:44].mean(axis=(1, 2))
    colours = np.stack([middle[whole.labels == k].mean(axis=0) for k in range(8)])
    apart = np.linalg.norm(colours[:, None] - colours, axis=-1)
    for seed in SEEDS:
        _, task, said = run(seed)
        matrix = confusion_matrix(task.test.labels, said)
        mistakes = matrix - np.diag(np.diag(matrix))
        assert np.average(apart, weights=mistakes) < 0.6 * apart.sum() / 56
        # Most mistakes lie in a few of the 56 fields.
        assert np.sort(mistakes, axis=None)[-6:].sum() > 0.6 * mistakes.sum()


def in_grey(images):
    return np.repeat(images.mean(axis=-1, keepdims=True), 3, axis=-1)


def test_the_head_leans_on_colour_and_could_do_without():
    larger = load("imagenet_distilled", 128)
    for seed in SEEDS:
        trained, task, said = run(seed)
        grey, truth = in_grey(task.test.images), task.test.labels
        answers = trained.predict(grey).argmax(axis=1)
        in_colour = (said == truth).mean()
        assert (answers == truth).mean() < in_colour - 0.3
        control = tl.probes.linear_probe()
        control.fit(larger.features(in_grey(task.train.images)), task.train.labels)
        assert control.score(larger.features(grey), truth) > in_colour - 0.03


def test_grey_alone_is_a_gain_and_grey_copies_are_none():
    larger, found = load("imagenet_distilled", 128), []
    for seed in SEEDS:
        task = tl.datasets.load("apples", per_class=PER_CLASS, seed=seed)
        labels, truth = task.train.labels, task.test.labels
        seen, unseen = (larger.features(s.images) for s in (task.train, task.test))
        grey, unseen_grey = (
            larger.features(in_grey(s.images)) for s in (task.train, task.test)
        )
        both = np.concatenate([seen, grey])
        fit = tl.probes.linear_probe
        found.append((
            fit().fit(seen, labels).score(unseen, truth),
            fit().fit(both, np.tile(labels, 2)).score(unseen, truth),
            fit().fit(grey, labels).score(unseen_grey, truth),
        ))  # fmt: skip
    colour, copies, alone = np.mean(found, axis=0)
    assert alone > colour + 0.015
    assert copies < colour + 0.01


def test_more_labels_help():
    larger, whole = load("imagenet_distilled", 128), tl.datasets.load("apples")
    train, test = (larger.features(s.images) for s in (whole.train, whole.test))
    every, few = (
        tl.probes.probe_features(train, test, whole, per_class, SEEDS)[
            "accuracy"
        ].mean()
        for per_class in (60, PER_CLASS)
    )
    assert every > few + 0.03


def test_more_heat_than_its_share_lies_on_the_apple_but_not_all():
    fifth = slice(None, None, 5)
    images = tl.datasets.load("apples").test.images[fifth]
    apple = np.abs(images - images[:, :1, :1]).sum(axis=-1) > 60
    for seed in SEEDS:
        trained, _, said = run(seed)
        heat = grad_cam(trained, images, said[fifth])
        heat = heat.repeat(16, axis=1).repeat(16, axis=2)
        share = heat[apple].sum() / heat.sum()
        assert apple.mean() + 0.1 < share < 0.9
