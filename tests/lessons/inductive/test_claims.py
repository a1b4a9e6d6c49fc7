"""What the lesson says: recipes, augmentation, mistakes, where the network looks."""

import functools

import numpy as np
from sklearn.metrics import confusion_matrix

import tlcourse as tl
from tests.helpers import defined, load_backbone
from tests.lessons.measured import SEEDS, accuracies, features
from tlcourse.lessons.inductive.widget import grad_cam

SOURCE, PER_CLASS = "imagenet_distilled", 20


def small(images):
    return images[:, ::2, ::2].reshape(len(images), -1)


def probes(name):
    """Mean test accuracy of a linear head on pixels, random weights and the source."""
    views = (small, *(load_backbone(each).features for each in ("random", SOURCE)))
    return [accuracies(view, name, PER_CLASS).mean() for view in views]


def test_nothing_is_left_on_faces_pixels_lead_on_apples_and_the_source_on_tissue():
    pixels, _, source = probes("faces")
    assert source > 0.98 and source > pixels + 0.05
    pixels, random, source = probes("apples")
    assert pixels > source + 0.03 > random + 0.3
    *others, source = probes("tissue")
    assert source > max(others) + 0.2


def measure(seed, target):
    plan = tl.FreezePlan
    plans = {
        "frozen": plan.features,
        "late blocks": lambda b: plan.last(b, 6),
        "all, small steps": lambda b: plan.all(b, body_rate=1e-4, head_rate=1e-2),
    }
    longer = {"frozen, twice the epochs": plan.features}
    rows = []
    for choice, epochs in ((plans, 20), (longer, 40)):
        study = tl.Study([target], [SOURCE], choice, [PER_CLASS], [seed], epochs)
        rows.append(study.run(show_progress=False))
    return [
        {"target": row["target"], "plan": row["plan"], "value": row["accuracy"]}
        for table in rows
        for row in table.to_dict("records")
    ]


def test_training_beats_the_head_on_apples_and_late_blocks_gain_not_on_tissue(evidence):
    table = evidence("inductive.recipes", measure, parts=("apples", "tissue"))
    mean = table.groupby(["target", "plan"])["value"].mean()
    apples, tissue = mean["apples"], mean["tissue"]
    assert apples["all, small steps"] > apples["frozen"] + 0.03
    assert apples["late blocks"] > apples["frozen"] + 0.02
    assert abs(apples["all, small steps"] - apples["late blocks"]) < 0.05
    # The head is not held back by the number of epochs.
    assert apples["all, small steps"] > apples["frozen, twice the epochs"] + 0.02
    assert tissue["late blocks"] < tissue["frozen"] + 0.02
    assert -0.02 < tissue["all, small steps"] - tissue["frozen"] < 0.06


def augmented(name, source):
    """Mean test accuracy of a head on frozen features by the lesson's augmentation."""
    lesson = defined("inductive", "mirror", "turn", "fit_with")
    changes = {"none": [], "mirror": [lesson["mirror"]], "turn": [lesson["turn"]]}
    backbone, found = load_backbone(source), {change: [] for change in changes}
    for seed in SEEDS:
        task = tl.datasets.load(name, per_class=PER_CLASS, seed=seed)
        unseen = backbone.features(task.test.images)
        for change, functions in changes.items():
            head = lesson["fit_with"](functions, backbone, task)
            found[change].append(head.score(unseen, task.test.labels))
    return {change: np.mean(values) for change, values in found.items()}


def test_tissue_may_be_turned_apples_mirrored_and_digits_left_alone():
    tissue, apples = augmented("tissue", SOURCE), augmented("apples", SOURCE)
    assert tissue["turn"] > tissue["none"] + 0.02
    assert abs(tissue["mirror"] - tissue["none"]) < 0.03
    assert apples["mirror"] > apples["none"] + 0.015
    assert apples["turn"] < apples["none"] - 0.01
    digits = augmented("digits", "glyphs")
    assert digits["mirror"] < digits["none"] - 0.005
    assert digits["turn"] < digits["none"] - 0.03


def larger():
    return load_backbone(SOURCE, input_size=128)


@functools.cache
def run(seed):
    """The lesson's run: itself, its task, and what it says of the test split."""
    task = tl.datasets.load("apples", per_class=PER_CLASS, seed=seed)
    plan = tl.FreezePlan.features(larger())
    found = tl.transfer(larger(), task, plan, epochs=40, seed=seed, validate=False)
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


def grey(images):
    return larger().features(defined("inductive", "in_grey")["in_grey"](images))


def test_the_head_leans_on_colour_and_gains_by_more_labels_but_not_by_grey_copies():
    apples, found = tl.datasets.load("apples"), []
    truth, views = apples.test.labels, (larger().features, grey)
    unseen, unseen_grey = (features(view, "apples", "test") for view in views)
    for seed in SEEDS:
        trained, _, said = run(seed)
        in_colour = (said == truth).mean()
        answers = (unseen_grey @ trained.weights[-2] + trained.weights[-1]).argmax(1)
        assert (answers == truth).mean() < in_colour - 0.3
        few = tl.datasets.few(apples.train.labels, PER_CLASS, seed, "apples")
        seen, seen_grey = (features(view, "apples")[few] for view in views)
        labels, fit = apples.train.labels[few], tl.probes.linear_probe
        both = np.concatenate([seen, seen_grey])
        alone = fit().fit(seen_grey, labels).score(unseen_grey, truth)
        assert alone > in_colour - 0.03
        coloured = fit().fit(seen, labels).score(unseen, truth)
        copies = fit().fit(both, np.tile(labels, 2)).score(unseen, truth)
        found.append((coloured, copies, alone))
    colour, copies, alone = np.mean(found, axis=0)
    assert alone > colour + 0.015
    assert copies < colour + 0.01
    every, few = (
        accuracies(larger().features, "apples", per_class).mean()
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
