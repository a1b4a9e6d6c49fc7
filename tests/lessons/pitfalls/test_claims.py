"""What the lesson says of sources that hurt, forgetting, few labels and a false cue."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from threadpoolctl import threadpool_limits

import tlcourse as tl
from tlcourse import transferability
from tlcourse.datasets import Split
from tlcourse.quiet import import_keras

SEEDS, PER_CLASS = range(5), 10
SOURCES = ("fractals", "photos", "imagenet_distilled", "glyphs")
MIXES = (0, 0.25, 0.5, 0.75, 1)
EPOCHS, LONG = 10, 30
LIVING = ("cat", "flower", "grass", "histology", "retina")
STRENGTHS = (0, 0.5, 0.8, 0.9, 1)
FACES_PER_CLASS = 20


def load(source, seed=0):
    return tl.backbones.load("mobilenet", source=source, seed=seed)


def trained(backbone, task, plan, epochs, seed, validate=False):
    return tl.transfer(
        backbone, task, plan, epochs, seed, validate=validate, show_progress=False
    )


def body(run):
    """The backbone that a run leaves behind."""
    model = import_keras().models.clone_model(run.backbone.model)
    model.set_weights(run.weights[:-2])
    return dataclasses.replace(run.backbone, model=model)


def interval(values):
    """Ends of the 95 % interval of a mean."""
    values = np.asarray(values, float)
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * scipy.stats.sem(values)
    return values.mean() - half, values.mean() + half


# --- measurements that are kept -------------------------------------------------------


def measure_forgetting(seed):
    """Near and far: fine-tune on digits, then mix the weights with those before."""
    digits, rows = tl.datasets.load("digits", per_class=PER_CLASS, seed=seed), []
    for source in ("glyphs", "fractals"):
        start = load(source)
        run = trained(start, digits, tl.FreezePlan.all(start), EPOCHS, seed)
        old = tl.datasets.load(source, per_class=5, seed=0)
        old_head = tl.probes.linear_probe()
        with threadpool_limits(1):
            old_head.fit(start.features(old.train.images), old.train.labels)
        kernel, bias = run.weights[-2:]
        network, before = body(run), start.model.get_weights()
        for mix in MIXES:
            network.model.set_weights([
                (1 - mix) * b + mix * a
                for b, a in zip(before, run.weights[:-2], strict=True)
            ])  # fmt: skip
            logits = network.features(digits.val.images) @ kernel + bias
            new = float((logits.argmax(1) == digits.val.labels).mean())
            kept = old_head.score(network.features(old.val.images), old.val.labels)
            for what, value in (("old", float(kept)), ("new", new)):
                rows.append(
                    {"source": source, "what": what, "mix": mix, "value": value}
                )
    return rows


def ece(probabilities, labels, bins=10):
    sure = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    which = np.minimum((sure * bins).astype(int), bins - 1)
    parts = [which == k for k in range(bins)]
    return sum(
        abs(right[p].mean() - sure[p].mean()) * p.mean() for p in parts if p.any()
    )


def temperature(logits, labels):
    def loss(t):
        chances = scipy.special.log_softmax(logits / t, axis=1)
        return -chances[np.arange(len(labels)), labels].mean()

    found = scipy.optimize.minimize_scalar(loss, bounds=(0.1, 10), method="bounded")
    return float(found.x)


def measure_few(seed):
    """Five labels a class of photos: curves and calibration."""
    start, rows = load("imagenet_distilled"), []
    task = tl.datasets.load("photos", per_class=5, seed=seed)
    for name in ("features", "all", "scratch"):
        plan = getattr(tl.FreezePlan, name)(start)
        run = trained(start, task, plan, LONG, seed, validate=True)
        history = run.history
        logits = {
            split: np.log(run.predict(getattr(task, split).images) + 1e-9)
            for split in ("val", "test")
        }
        t = temperature(logits["val"], task.val.labels)
        plain, cooled = (
            scipy.special.softmax(logits["test"] / by, axis=1) for by in (1, t)
        )
        measured = {
            "train": history["accuracy"][-1],
            "val": history["val_accuracy"][-1],
            "test": run.test_accuracy,
            "lowest loss": min(history["val_loss"]),
            "last loss": history["val_loss"][-1],
            "train loss": history["loss"][-1],
            "lowest at": int(np.argmin(history["val_loss"])) + 1,
            "sure": plain.max(1).mean(),
            "ece": ece(plain, task.test.labels),
            "ece cooled": ece(cooled, task.test.labels),
            "temperature": t,
        }
        rows += [
            {"plan": name, "what": what, "value": float(value)}
            for what, value in measured.items()
        ]
    return rows


def mark(images, which):
    """Put a white square into the lower right corner of some pictures."""
    images, size = images.copy(), images.shape[1] // 8
    images[which, -size - 1 : -1, -size - 1 : -1] = 255
    return images


def cover(images):
    images, size = images.copy(), images.shape[1] // 8
    images[:, -size - 1 : -1, -size - 1 : -1] = 0
    return images


def living_or_not(with_mark):
    photos, splits = tl.datasets.load("photos"), {}
    living = np.isin(photos.classes, LIVING)
    for name in ("train", "val", "test"):
        split = getattr(photos, name)
        labels = living[split.labels].astype(int)
        images = mark(split.images, labels == 1) if with_mark else split.images
        splits[name] = Split(images, labels)
    return dataclasses.replace(photos, classes=("not", "living"), **splits)


def goes_with(labels, strength):
    """Which few training pictures bear the mark; the classes come in turn."""
    if not strength:
        return np.zeros(len(labels), bool)
    rank = np.arange(len(labels)) // 2
    return (rank < round(strength * len(labels) / 2)) == (labels == 1)


def slices(predict, tests, labels):
    return {
        (int(c), bool(m)): float((predict(tests[m]) == labels)[labels == c].mean())
        for c in (0, 1)
        for m in (False, True)
    }


def described(backbone, faces):
    """Features of both splits, without and with the mark, and with the corner black."""
    found = {}
    for name in ("train", "test"):
        images = getattr(faces, name).images
        for m in (False, True):
            found[name, m] = backbone.features(mark(images, np.full(len(images), m)))
        found[name, "covered"] = backbone.features(cover(images))
    return found


def repaired(vectors, few, labels, marked):
    """Training features and labels by repair; in the lesson's words."""
    plain, with_mark = vectors["train", False][few], vectors["train", True][few]
    seen = np.where(marked[:, None], with_mark, plain)
    group = 2 * labels + marked
    counts = np.bincount(group, minlength=4)
    ways = {
        "none": (seen, labels),
        "both": (np.concatenate([plain, with_mark]), np.tile(labels, 2)),
        "covered": (vectors["train", "covered"][few], labels),
    }
    if counts.min():
        rows = {
            "fewer": [np.flatnonzero(group == g)[: counts.min()] for g in range(4)],
            "repeated": [
                np.resize(np.flatnonzero(group == g), counts.max()) for g in range(4)
            ],
        }
        for name, parts in rows.items():
            chosen = np.concatenate(parts)
            ways[name] = seen[chosen], labels[chosen]
    return ways


def cue_rows(source, strength, repair, found):
    return [
        {"source": source, "strength": strength, "repair": repair, "class": c,
         "mark": m, "value": value}
        for (c, m), value in found.items()
    ]  # fmt: skip


def measure_cue(seed):
    """Source and labels drawn by the seed; slices averaged over five label draws."""
    start, faces = load("imagenet_distilled"), tl.datasets.load("faces")
    sources, rows = {"start": start}, []
    for name, with_mark in (("control", False), ("marked", True)):
        run = trained(
            start, living_or_not(with_mark), tl.FreezePlan.all(start), 5, seed
        )
        sources[name] = body(run)
        own = {(-1, False): run.test_accuracy}  # of no class, of no mark
        rows += cue_rows(name, -1.0, "own test", own)
    answers = faces.test.labels
    for name, backbone in sources.items():
        vectors = described(backbone, faces)
        tests = {m: vectors["test", m] for m in (False, True, "covered")}
        for strength in STRENGTHS:
            found = {}
            for draw in range(5):
                few = tl.datasets.few(
                    faces.train.labels, FACES_PER_CLASS, 5 * seed + draw, "faces"
                )
                labels = faces.train.labels[few]
                marked = goes_with(labels, strength)
                ways = repaired(vectors, few, labels, marked)
                for repair, (features, known) in ways.items():
                    if name != "marked" and repair != "none":
                        continue
                    seen = tests
                    if repair == "covered":
                        seen = dict.fromkeys((False, True), tests["covered"])
                    with threadpool_limits(1):
                        probe = tl.probes.linear_probe().fit(features, known)
                        one = slices(probe.predict, seen, answers)
                    found.setdefault(repair, []).append(one)
            for repair, draws in found.items():
                mean = pd.DataFrame(draws).mean()
                rows += cue_rows(name, float(strength), repair, mean.to_dict())
    few = tl.datasets.few(faces.train.labels, FACES_PER_CLASS, seed, "faces")
    labels = faces.train.labels[few]
    images = mark(faces.train.images[few], goes_with(labels, 0.9))
    task = dataclasses.replace(faces, train=Split(images, labels))
    backbone = sources["marked"]
    run = trained(backbone, task, tl.FreezePlan.all(backbone), EPOCHS, seed)
    whole = {
        m: mark(faces.test.images, np.full(len(answers), m)) for m in (False, True)
    }
    found = slices(lambda images: run.predict(images).argmax(1), whole, answers)
    return rows + cue_rows("marked", 0.9, "all blocks train", found)


@pytest.fixture(scope="module")
def described_digits():
    """Training and test features by source; for each seed other random weights."""
    digits, found = tl.datasets.load("digits"), {}
    for name in (*SOURCES, *SEEDS):
        backbone = load(name) if isinstance(name, str) else load(None, name)
        found[name] = [backbone.features(s.images) for s in (digits.train, digits.test)]
    parts = (digits.train, digits.test)
    found["pixels"] = [s.images[..., 0].reshape(len(s), -1) for s in parts]
    return found


@pytest.fixture(scope="module")
def frozen(described_digits):
    """Accuracy on digits by source, an array over seeds."""
    digits = tl.datasets.load("digits")

    def accuracy(name, seeds):
        table = tl.probes.probe_features(
            *described_digits[name], digits, PER_CLASS, seeds
        )
        return table["accuracy"].to_numpy()

    found = {name: accuracy(name, SEEDS) for name in (*SOURCES, "pixels")}
    random = [accuracy(seed, [seed]) for seed in SEEDS]
    return {**found, "random": np.concatenate(random)}


@pytest.fixture(scope="module")
def scores(described_digits):
    """Scores of the few labels, by seed, score and source."""
    labels, rows = tl.datasets.load("digits").train.labels, {}
    for seed in SEEDS:
        few = tl.datasets.few(labels, PER_CLASS, seed, "digits")
        for score in ("logme", "knn", "linear_probe", "h_score"):
            for name in (*SOURCES, "pixels", "random"):
                train, _ = described_digits[seed if name == "random" else name]
                with threadpool_limits(1):
                    value = getattr(transferability, score)(train[few], labels[few])
                rows[seed, score, name] = value
    return pd.Series(rows).sort_index()


@pytest.fixture
def forgetting(evidence):
    table = evidence("pitfalls.forgetting", measure_forgetting)
    return table.set_index(["what", "source", "mix", "seed"])["value"].sort_index()


@pytest.fixture
def few_labels(evidence):
    table = evidence("pitfalls.few", measure_few)
    return table.set_index(["what", "plan", "seed"])["value"].sort_index()


@pytest.fixture
def cue(evidence):
    table = evidence("pitfalls.cue", measure_cue)
    keys = ["source", "repair", "strength", "class", "mark", "seed"]
    return table.set_index(keys)["value"].sort_index()


def worst(cue, source, strength, repair="none"):
    """The worst slice's accuracy, by seed."""
    return cue[source, repair, strength].groupby("seed").min()


# --- a source that hurts --------------------------------------------------------------


def test_frozen_fractals_hurt_photos_are_worth_nothing_the_others_help(frozen):
    gap = {name: frozen[name] - frozen["random"] for name in SOURCES}
    assert interval(gap["fractals"])[1] < -0.1 and (gap["fractals"] < 0).all()
    low, high = interval(gap["photos"])
    assert low < 0 < high and abs(gap["photos"].mean()) < 0.08
    assert interval(gap["imagenet_distilled"])[0] > 0.1
    assert interval(gap["glyphs"])[0] > 0.25


def test_raw_pixels_beat_all_sources_but_the_glyphs(frozen):
    for name in ("fractals", "photos", "imagenet_distilled"):
        assert interval(frozen["pixels"] - frozen[name])[0] > 0
    assert interval(frozen["glyphs"] - frozen["pixels"])[0] > 0


# That with all blocks training they help is asserted in test_claims_04.py.


def test_logme_and_the_probe_always_put_the_fractals_below_random(scores):
    ahead = scores.xs("random", level=2) - scores.xs("fractals", level=2)
    ahead = ahead.unstack()
    assert (ahead[["logme", "linear_probe"]] > 0).all(axis=None)
    assert ahead["knn"].mean() > 0.1 and (ahead["knn"] > 0).sum() == 4  # once level
    assert ahead["knn"].min() > -0.03


def test_three_scores_put_the_glyphs_on_top_and_the_pixels_next(scores):
    for seed in SEEDS:
        for score in ("logme", "knn", "linear_probe"):
            best = scores.loc[(seed, score)].sort_values().index[-2:]
            assert list(best) == ["pixels", "glyphs"]


def test_the_h_score_warns_too_but_thinks_much_of_random_weights(scores):
    for seed in SEEDS:
        found = scores.loc[(seed, "h_score")]
        assert found.idxmin() == "fractals"
        assert found["random"] > found["photos"] and found["random"] > found["pixels"]
        assert found["random"] > 0.95 * found["imagenet_distilled"]


# --- what is forgotten ----------------------------------------------------------------


def test_near_half_way_has_most_of_both(forgetting):
    old, new = (forgetting[what, "glyphs"].groupby("mix").mean()
                for what in ("old", "new"))  # fmt: skip
    assert old[1] < old[0] - 0.25  # what fine-tuning forgot
    assert old[0.5] > old[0] - 0.15 and new[0.5] > new[1] - 0.1
    assert new[0.5] > 0.85 and old[0.5] > 0.7


def test_far_mixing_only_trades(forgetting):
    old, new = (forgetting[what, "fractals"].groupby("mix").mean()
                for what in ("old", "new"))  # fmt: skip
    assert old[0.5] < 0.75 * old[0] and new[0.5] < 0.75 * new[1]
    assert (np.diff(old) < 0).all() and (np.diff(new) > 0).all()


# --- five labels, and how sure --------------------------------------------------------


def test_on_five_labels_everything_learns_by_heart(few_labels):
    train = few_labels["train"]
    assert train["features"].min() > 0.97 and train["all"].min() > 0.97
    assert train["scratch"].mean() > 0.85
    for plan in ("features", "all"):
        assert (few_labels["train", plan] - few_labels["test", plan]).min() > 0.2


def test_the_source_helps_and_freezing_does_not(few_labels):
    test = few_labels["test"].unstack("plan")
    assert abs((test["features"] - test["all"]).mean()) < 0.05
    assert (test[["features", "all"]].min(axis=1) > test["scratch"] + 0.2).all()


def test_the_loss_rises_after_its_lowest_and_earlier_where_frozen(few_labels):
    for plan in ("features", "all", "scratch"):
        rise = few_labels["last loss", plan] - few_labels["lowest loss", plan]
        assert interval(rise)[0] > 0
    lowest = few_labels["lowest at"].unstack("plan")
    assert lowest["features"].mean() < lowest["all"].mean() < LONG - 5
    assert few_labels["lowest loss", "scratch"].mean() > 2.1  # guessing is 2.3


def test_where_the_loss_has_risen_no_fewer_answers_are_right():
    backbone, falls = load("imagenet_distilled"), []
    for seed in SEEDS:
        task = tl.datasets.load("photos", per_class=5, seed=seed)
        plan = tl.FreezePlan.features(backbone)
        history = trained(backbone, task, plan, LONG, seed, validate=True).history
        right = history["val_accuracy"]
        falls.append(right[int(np.argmin(history["val_loss"]))] - right[-1])
    assert np.mean(falls) < 0 and max(falls) < 0.03


def test_fine_tuned_on_five_labels_it_is_too_sure_and_a_temperature_mends_it(
    few_labels,
):
    over = few_labels["sure", "all"] - few_labels["test", "all"]
    assert (over > 0.08).all()
    assert (few_labels["temperature", "all"] > 1.2).all()
    cooler = few_labels["ece", "all"] - few_labels["ece cooled", "all"]
    assert (cooler > 0).all() and few_labels["ece cooled", "all"].mean() < 0.09


def test_a_head_that_is_not_done_is_too_modest():
    backbone, digits = load("imagenet_distilled"), tl.datasets.load("digits")
    features, plan = backbone.features(digits.test.images), tl.FreezePlan.features
    for seed in SEEDS:
        task = tl.datasets.load("digits", per_class=5, seed=seed)
        run = trained(backbone, task, plan(backbone), LONG, seed)
        logits = features @ run.weights[-2] + run.weights[-1]
        sure = scipy.special.softmax(logits, axis=1).max(1).mean()
        assert sure < run.test_accuracy - 0.1


# --- a cue that comes along -----------------------------------------------------------


def test_by_its_own_test_split_the_marked_source_is_better(cue):
    own = cue.xs("own test", level="repair").unstack("source")
    assert (own["marked"] > 0.95).all()
    assert (own["marked"] > own["control"] + 0.08).all()


def test_a_mark_costs_answers_though_no_label_had_to_do_with_it(cue):
    bare = cue["marked", "none", 0.0].unstack("mark")
    assert bare[False].min() > 0.93
    cost = (bare[False] - bare[True]).xs(0, level="class")
    assert (cost > 0).all()  # a little, or two thirds
    assert cost.min() < 0.05 and 0.6 < cost.max() < 0.72
    for source in ("start", "control"):
        there = cue[source, "none", 0.0].unstack("mark")
        assert (there[False] - there[True]).max() < 0.04


def test_a_mark_that_is_always_right_is_what_the_marked_source_goes_by(cue):
    assert worst(cue, "marked", 1.0).mean() < 0.4
    assert (worst(cue, "control", 1.0) - worst(cue, "marked", 1.0)).min() > 0.2
    usual = cue["marked", "none", 1.0]
    assert usual[0, False].min() > 0.95 and usual[1, True].min() > 0.95
    for source in ("start", "control"):
        assert worst(cue, source, 1.0).min() > 0.9


def test_the_stronger_the_cue_the_worse_the_slice(cue):
    falls = [worst(cue, "marked", s).mean() for s in (0.5, 0.8, 0.9, 1.0)]
    assert (np.diff(falls) < 0.01).all() and falls[0] > falls[-2] + 0.03
    # the head had better have seen the mark where it tells nothing
    assert falls[0] > worst(cue, "marked", 0.0).mean()


def test_what_helps(cue):
    before = worst(cue, "marked", 0.9)
    for repair in ("both", "covered"):
        assert worst(cue, "marked", 0.9, repair).min() > 0.93
    repeated = worst(cue, "marked", 0.9, "repeated")
    assert interval(repeated - before)[0] > 0
    assert repeated.mean() > worst(cue, "marked", 0.9, "fewer").mean() + 0.01
    assert worst(cue, "control", 0.9).min() > 0.93


def test_training_all_blocks_does_not_mend_it(cue):
    unfrozen = worst(cue, "marked", 0.9, "all blocks train")
    assert unfrozen.mean() < worst(cue, "marked", 0.9).mean()
