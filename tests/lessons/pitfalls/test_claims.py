"""What the lesson says of sources that hurt, forgetting, few labels and a false cue."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import scipy.special

import tlcourse as tl
from tests.helpers import defined, interval, load_backbone
from tests.lessons.measured import SEEDS, accuracies, features, red
from tlcourse import transferability
from tlcourse.datasets import Split

PER_CLASS = 10
SOURCES = ("fractals", "photos", "imagenet_distilled", "glyphs")
EPOCHS, LONG = 10, 30
LIVING = ("cat", "flower", "grass", "histology", "retina")
STRENGTHS = (0, 0.5, 0.8, 0.9, 1)
FACES_PER_CLASS = 20


def trained(backbone, task, plan, epochs, seed, validate=False):
    return tl.transfer(
        backbone, task, plan, epochs, seed, validate=validate, show_progress=False
    )


def measure_forgetting(seed, source):
    """Fine-tune on digits, then mix the weights with those before, as the lesson."""
    digits = tl.datasets.load("digits", per_class=PER_CLASS, seed=seed)
    start, old = load_backbone(source), tl.datasets.load(source, per_class=5, seed=0)
    run = trained(start, digits, tl.FreezePlan.all(start), EPOCHS, seed)
    old_head = tl.probes.linear_probe()
    old_head.fit(start.features(old.train.images), old.train.labels)
    lesson = defined("pitfalls", "stops", digits=digits)
    return [
        {"source": source, "what": what, "mix": stop["mix"], "value": float(stop[what])}
        for stop in lesson["stops"](run, old_head, old.val)
        for what in ("old", "new")
    ]


def measure_few(seed, plan):
    """Five labels per class of photos: curves and calibration."""
    start = load_backbone("imagenet_distilled")
    task = tl.datasets.load("photos", per_class=5, seed=seed)
    way = getattr(tl.FreezePlan, plan)(start)
    run = trained(start, task, way, LONG, seed, validate=True)
    history, truth = run.history, task.test.labels
    val, test = (run.predict(split.images) for split in (task.val, task.test))
    lesson = defined("pitfalls", "ece", "cooled", "best_temperature")
    temperature = lesson["best_temperature"](val, task.val.labels)
    measured = {
        "train": history["accuracy"][-1],
        "val": history["val_accuracy"][-1],
        "test": run.test_accuracy,
        "lowest loss": min(history["val_loss"]),
        "last loss": history["val_loss"][-1],
        "train loss": history["loss"][-1],
        "lowest at": int(np.argmin(history["val_loss"])) + 1,
        "sure": test.max(1).mean(),
        "ece": lesson["ece"](test, truth),
        "ece cooled": lesson["ece"](lesson["cooled"](test, temperature), truth),
        "temperature": temperature,
    }
    return [
        {"plan": plan, "what": what, "value": float(value)}
        for what, value in measured.items()
    ]


def with_mark(images, bear=True):
    """Put the lesson's mark on some pictures, or on all."""
    which = np.broadcast_to(bear, len(images))
    return defined("pitfalls", "mark")["mark"](images, which)


def cover(images):
    images, size = images.copy(), images.shape[1] // 8
    images[:, -size - 1 : -1, -size - 1 : -1] = 0
    return images


def living_or_not(marked):
    photos = tl.datasets.load("photos")
    lesson = defined(
        "pitfalls", "mark", "living_or_not",
        everything=photos, living=np.isin(photos.classes, LIVING),
    )  # fmt: skip
    return lesson["living_or_not"](marked)


def goes_with(labels, strength):
    """Which few training pictures bear the mark."""
    return defined("pitfalls", "goes_with")["goes_with"](labels, strength or None)


def slices(predict, tests, labels):
    return {
        (int(c), bool(m)): float((predict(tests[m]) == labels)[labels == c].mean())
        for c in (0, 1)
        for m in (False, True)
    }


def described(backbone, faces):
    """Features of both splits, without and with the mark, and with the corner black."""
    return {
        (name, how): backbone.features(change(getattr(faces, name).images))
        for name in ("train", "test")
        for how, change in ((False, np.copy), (True, with_mark), ("covered", cover))
    }


def repaired(vectors, few, labels, marked):
    """Training features and labels by repair; in the lesson's words."""
    plain, bearing = vectors["train", False][few], vectors["train", True][few]
    seen = np.where(marked[:, None], bearing, plain)
    group = 2 * labels + marked
    counts = np.bincount(group, minlength=4)
    ways = {
        "none": (seen, labels),
        "both": (np.concatenate([plain, bearing]), np.tile(labels, 2)),
        "covered": (vectors["train", "covered"][few], labels),
    }
    if counts.min():
        for name, count in (("fewer", counts.min()), ("repeated", counts.max())):
            chosen = np.concatenate([
                np.resize(np.flatnonzero(group == g)[:count], count) for g in range(4)
            ])  # fmt: skip
            ways[name] = seen[chosen], labels[chosen]
    return ways


def cue_rows(source, strength, repair, found):
    return [
        {"source": source, "strength": strength, "repair": repair, "class": c,
         "mark": m, "value": value}
        for (c, m), value in found.items()
    ]  # fmt: skip


def measure_cue(seed, name):
    """Source and labels drawn by the seed; slices averaged over five label draws."""
    backbone, rows = load_backbone("imagenet_distilled"), []
    faces = tl.datasets.load("faces")
    if name != "start":
        photos, plan = living_or_not(name == "marked"), tl.FreezePlan.all(backbone)
        run = trained(backbone, photos, plan, 5, seed)
        backbone = run.tuned
        own = {(-1, False): run.test_accuracy}  # of no class, of no mark
        rows += cue_rows(name, -1.0, "own test", own)
    vectors = described(backbone, faces)
    for strength in STRENGTHS:
        found = heads(vectors, faces, strength, seed, repairs=name == "marked")
        for repair, draws in found.items():
            mean = pd.DataFrame(draws).mean().to_dict()
            rows += cue_rows(name, float(strength), repair, mean)
    if name == "marked":
        rows += cue_rows(name, 0.9, "all blocks train", unfrozen(backbone, faces, seed))
    return rows


def few_faces(faces, seed):
    few = tl.datasets.few(faces.train.labels, FACES_PER_CLASS, seed, "faces")
    return few, faces.train.labels[few]


def heads(vectors, faces, strength, seed, repairs):
    """Slices of five heads, by repair."""
    tests = {m: vectors["test", m] for m in (False, True)}
    covered, found = dict.fromkeys(tests, vectors["test", "covered"]), {}
    for draw in range(5):
        few, labels = few_faces(faces, 5 * seed + draw)
        ways = repaired(vectors, few, labels, goes_with(labels, strength))
        for repair, example in ways.items() if repairs else [("none", ways["none"])]:
            probe = tl.probes.linear_probe().fit(*example)
            seen = covered if repair == "covered" else tests
            one = slices(probe.predict, seen, faces.test.labels)
            found.setdefault(repair, []).append(one)
    return found


def unfrozen(backbone, faces, seed):
    """Slices if all blocks learn from faces, nine in ten of them marked."""
    few, labels = few_faces(faces, seed)
    images = with_mark(faces.train.images[few], goes_with(labels, 0.9))
    task = dataclasses.replace(faces, train=Split(images, labels))
    run = trained(backbone, task, tl.FreezePlan.all(backbone), EPOCHS, seed)
    whole = {m: with_mark(faces.test.images, m) for m in (False, True)}
    return slices(
        lambda images: run.predict(images).argmax(1), whole, faces.test.labels
    )


def view(name, seed=0):
    if name == "pixels":
        return red
    return load_backbone(name, seed=seed if name == "random" else 0).features


@pytest.fixture(scope="module")
def frozen():
    """Accuracy on digits by source, an array over seeds; random weights by seed."""
    found = {name: accuracies(view(name), "digits", PER_CLASS) for name in SOURCES}
    each = [accuracies(view("random", s), "digits", PER_CLASS)[s] for s in SEEDS]
    return {**found, "random": np.array(each)}


@pytest.fixture(scope="module")
def scores():
    """Scores of the few labels, by seed, score and source."""
    labels, rows = tl.datasets.load("digits").train.labels, {}
    for seed in SEEDS:
        few = tl.datasets.few(labels, PER_CLASS, seed, "digits")
        for score in ("logme", "knn", "linear_probe", "h_score"):
            for name in (*SOURCES, "pixels", "random"):
                train = features(view(name, seed), "digits")
                value = getattr(transferability, score)(train[few], labels[few])
                rows[seed, score, name] = value
    return pd.Series(rows).sort_index()


@pytest.fixture
def few_labels(evidence):
    plans = ("all", "features", "scratch")
    table = evidence("pitfalls.few", measure_few, parts=plans)
    return table.set_index(["what", "plan", "seed"])["value"].sort_index()


@pytest.fixture
def cue(evidence):
    sources = ("marked", "control", "start")
    table = evidence("pitfalls.cue", measure_cue, parts=sources)
    keys = ["source", "repair", "strength", "class", "mark", "seed"]
    return table.set_index(keys)["value"].sort_index()


def worst(cue, source, strength, repair="none"):
    """The worst slice's accuracy, by seed."""
    return cue[source, repair, strength].groupby("seed").min()


# That with all blocks training fractals help is asserted in freezing/test_claims.py,
# that pixels beat all sources but the glyphs in features/test_claims.py.
def test_frozen_fractals_hurt_photos_are_worth_nothing_the_others_help(frozen):
    gap = {name: frozen[name] - frozen["random"] for name in SOURCES}
    assert interval(gap["fractals"])[1] < -0.1 and (gap["fractals"] < 0).all()
    low, high = interval(gap["photos"])
    assert low < 0 < high and abs(gap["photos"].mean()) < 0.08
    assert interval(gap["imagenet_distilled"])[0] > 0.1
    assert interval(gap["glyphs"])[0] > 0.25


def test_scores_put_fractals_below_random_and_three_choose_well_but_not_h(scores):
    ahead = scores.xs("random", level=2) - scores.xs("fractals", level=2)
    ahead = ahead.unstack()
    assert (ahead[["logme", "linear_probe"]] > 0).all(axis=None)
    assert ahead["knn"].mean() > 0.1 and (ahead["knn"] > 0).sum() == 4  # once level
    assert ahead["knn"].min() > -0.03
    for seed in SEEDS:
        for score in ("logme", "knn", "linear_probe"):
            best = scores.loc[(seed, score)].sort_values().index[-2:]
            assert list(best) == ["pixels", "glyphs"]
        found = scores.loc[(seed, "h_score")]
        assert found.idxmin() == "fractals"
        assert found["random"] > max(found["photos"], found["pixels"])
        assert found["random"] > 0.95 * found["imagenet_distilled"]


def test_half_way_has_most_of_both_if_near_and_mixing_only_trades_if_far(evidence):
    parts = ("glyphs", "fractals")
    table = evidence("pitfalls.forgetting", measure_forgetting, parts=parts)
    mean = table.groupby(["source", "what", "mix"])["value"].mean()
    old, new = mean["glyphs", "old"], mean["glyphs", "new"]
    assert old[1] < old[0] - 0.25  # what fine-tuning forgot
    assert old[0.5] > old[0] - 0.15 and new[0.5] > new[1] - 0.1
    assert new[0.5] > 0.85 and old[0.5] > 0.7
    old, new = mean["fractals", "old"], mean["fractals", "new"]
    assert old[0.5] < 0.75 * old[0] and new[0.5] < 0.75 * new[1]
    assert (np.diff(old) < 0).all() and (np.diff(new) > 0).all()


def test_five_labels_are_learnt_by_heart_the_source_helps_and_freezing_not(few_labels):
    train, test = (few_labels[what].unstack("plan") for what in ("train", "test"))
    of_a_source = ["features", "all"]
    assert (train[of_a_source] > 0.97).all(axis=None) and train["scratch"].mean() > 0.8
    assert (train[of_a_source] - test[of_a_source] > 0.2).all(axis=None)
    assert abs((test["features"] - test["all"]).mean()) < 0.05
    assert (test[of_a_source].min(axis=1) > test["scratch"] + 0.2).all()


def test_the_loss_rises_earlier_if_frozen_and_a_temperature_mends_certainty(few_labels):
    for plan in ("features", "all", "scratch"):
        rise = few_labels["last loss", plan] - few_labels["lowest loss", plan]
        assert interval(rise)[0] > 0
    lowest = few_labels["lowest at"].unstack("plan")
    assert lowest["features"].mean() < lowest["all"].mean() < LONG - 5
    assert few_labels["lowest loss", "scratch"].mean() > 2.1  # guessing is 2.3
    over = few_labels["sure", "all"] - few_labels["test", "all"]  # fine-tuned
    assert (over > 0.08).all()
    assert (few_labels["temperature", "all"] > 1.2).all()
    cooler = few_labels["ece", "all"] - few_labels["ece cooled", "all"]
    assert (cooler > 0).all() and few_labels["ece cooled", "all"].mean() < 0.09


def test_where_the_loss_has_risen_no_fewer_answers_are_right():
    backbone, falls = load_backbone("imagenet_distilled"), []
    for seed in SEEDS:
        task = tl.datasets.load("photos", per_class=5, seed=seed)
        plan = tl.FreezePlan.features(backbone)
        history = trained(backbone, task, plan, LONG, seed, validate=True).history
        right = history["val_accuracy"]
        falls.append(right[int(np.argmin(history["val_loss"]))] - right[-1])
    assert np.mean(falls) < 0 and max(falls) < 0.03


def test_a_head_that_is_not_done_is_too_modest():
    backbone = load_backbone("imagenet_distilled")
    unseen = features(backbone.features, "digits", "test")
    for seed in SEEDS:
        task = tl.datasets.load("digits", per_class=5, seed=seed)
        run = trained(backbone, task, tl.FreezePlan.features(backbone), LONG, seed)
        logits = unseen @ run.weights[-2] + run.weights[-1]
        sure = scipy.special.softmax(logits, axis=1).max(1).mean()
        assert sure < run.test_accuracy - 0.1


def test_the_marked_source_is_better_by_its_own_test_and_a_bare_mark_costs_it(cue):
    own = cue.xs("own test", level="repair").unstack("source")
    assert (own["marked"] > 0.95).all()
    assert (own["marked"] > own["control"] + 0.08).all()
    bare = cue["marked", "none", 0.0].unstack("mark")  # no label had to do with it
    assert bare[False].min() > 0.9
    cost = (bare[False] - bare[True]).xs(0, level="class")
    assert (cost > 0).all()  # a little, or more than half
    assert cost.min() < 0.05 and cost.max() > 0.5
    for source in ("start", "control"):
        there = cue[source, "none", 0.0].unstack("mark")
        assert (there[False] - there[True]).max() < 0.04


def test_the_marked_source_goes_by_a_mark_the_more_the_stronger_the_cue(cue):
    assert worst(cue, "marked", 1.0).mean() < 0.4
    assert (worst(cue, "control", 1.0) - worst(cue, "marked", 1.0)).min() > 0.2
    usual = cue["marked", "none", 1.0]
    assert usual[0, False].min() > 0.93 and usual[1, True].min() > 0.93
    for source in ("start", "control"):
        assert worst(cue, source, 1.0).min() > 0.9
    falls = [worst(cue, "marked", s).mean() for s in (0.5, 0.8, 0.9, 1.0)]
    assert (np.diff(falls) < 0.01).all() and falls[0] > falls[-2] + 0.03
    # the head had better have seen the mark where it tells nothing
    assert falls[0] > worst(cue, "marked", 0.0).mean()


def test_repairs_help_and_training_all_blocks_is_not_sure_to(cue):
    repairs = ("none", "all blocks train", "both", "covered", "repeated", "fewer")
    before, unfrozen, both, covered, repeated, fewer = (
        worst(cue, "marked", 0.9, repair) for repair in repairs
    )
    for repaired in (both, covered):
        assert repaired.mean() > 0.93 and (repaired > before).all()
    assert interval(repeated - before)[0] > 0
    assert repeated.mean() > fewer.mean() + 0.01
    assert worst(cue, "control", 0.9).min() > 0.93
    assert unfrozen.mean() > before.mean()
    assert unfrozen.min() < 0.75 < both.min()
