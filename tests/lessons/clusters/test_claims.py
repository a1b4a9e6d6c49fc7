"""What the lesson says of clusters, sources and one label per group."""

import functools

import numpy as np
from sklearn.linear_model import LogisticRegression

import tlcourse as tl
from tests.helpers import interval, load_backbone
from tests.lessons.measured import features, flat
from tlcourse import unsupervised

RESTS_ON = ("unsupervised/*",)
SIZE, STEPS = 96, 300
TARGETS = ("apples", "photos", "faces", "digits")
RED = ("Braeburn", "Gala", "Red Delicious", "Spartan")
READY = {  # learnt from labels, but for the first two
    "pixels": lambda seed: turned,
    "random weights": lambda seed: load_backbone("random", seed=seed).features,
    "EfficientNet-Lite0": lambda seed: lite0().features,
    "glyphs with labels": lambda seed: load_backbone("glyphs").features,
}
PARTS = ("ready", "without labels")  # a test run repeats the first


@functools.cache
def lite0():
    return tl.backbones.load("efficientnet_lite0", input_size=SIZE)


def turned(images):
    """Turn pixels so that they need no more columns than there are pictures.

    k-means knows distances alone, and these stay: the same in a tenth of the time.
    """
    rows = flat(images)
    if rows.shape[1] <= len(rows):
        return rows
    return np.linalg.qr(rows.astype(float).T, mode="r").T


def without_labels(seed):
    """A source that has never seen a label: SimCLR on drawn glyphs, from scratch."""
    start = load_backbone("random", seed=seed, input_size=32)
    glyphs = tl.datasets.load("glyphs").train.images
    trained = unsupervised.simclr(
        start, glyphs, augmentations=("shift", "tilt", "light"), steps=STEPS, seed=seed,
        show_progress=False,
    )  # fmt: skip
    return trained.features


def measure_features(seed, part):
    """NMI of as many clusters as classes with the labels, by target and features."""
    views = {name: make(seed) for name, make in READY.items()}
    if part == "without labels":
        views = {"glyphs without labels": without_labels(seed)}
    rows = []
    for target in TARGETS:
        task = tl.datasets.load(target)
        for name, view in views.items():
            rich = features(view, target)
            found = unsupervised.kmeans(rich, len(task.classes), seed=seed)
            score = unsupervised.nmi(task.train.labels, found.members)
            rows.append({"target": target, "features": name, "value": score})
    return rows


def test_lite0_is_best_on_photographs_and_on_digits_pixels_and_a_near_source(evidence):
    table = evidence("clusters.features", measure_features, parts=PARTS)
    value = table.pivot(index=["target", "seed"], columns="features", values="value")
    lite = "EfficientNet-Lite0"
    for target in ("apples", "photos", "faces"):
        others = value.loc[target].drop(columns=lite)
        assert (value.loc[target, lite] > others.max(axis=1)).all()
    for target in ("apples", "photos"):
        near = value.loc[target, "glyphs with labels"] - value.loc[target, "pixels"]
        assert near.mean() < 0.03
    digits = value.loc["digits"]
    assert (digits["pixels"] > digits[lite] + 0.05).all()
    assert (digits["glyphs with labels"] > digits["pixels"] + 0.05).all()
    unlabelled = value["glyphs without labels"].groupby("target").mean()
    assert (unlabelled < 0.3).all()
    assert interval(digits["glyphs without labels"] - digits["random weights"])[0] < 0


def agreement(k, seed):
    """NMI of the apples' clusters with those of changed pictures, by change."""
    images = tl.datasets.load("apples").train.images
    level = images.mean(axis=(1, 2, 3), keepdims=True)
    changed = {
        "another start": lambda x: x,
        "mirrored": lambda x: np.ascontiguousarray(x[:, :, ::-1]),
        "light made equal": lambda x: np.clip(x * x.mean() / level, 0, 255),
        "grey": lambda x: np.repeat(x.mean(axis=-1, keepdims=True), 3, axis=-1),
    }
    before = unsupervised.kmeans(features(lite0().features, "apples"), k, seed=seed)
    for name, change in changed.items():
        other = unsupervised.kmeans(of_changed(name, change, images), k, seed=seed + 5)
        yield name, unsupervised.nmi(before.members, other.members)


CHANGED = {}


def of_changed(name, change, images):
    if name not in CHANGED:
        CHANGED[name] = lite0().features(change(images))
    return CHANGED[name]


def measure_changes(seed):
    return [
        {"k": k, "change": change, "value": value}
        for k in (4, 8)
        for change, value in agreement(k, seed)
    ]


def measure_carried(seed):
    """NMI of the orchard's groups with its labels, by way."""
    ours = features(lite0().features, "apples", domain="studio")
    theirs = features(lite0().features, "apples", domain="orchard")
    labels = tl.datasets.load("apples", domain="orchard").train.labels
    moved = ours.mean(axis=0) - theirs.mean(axis=0)
    here = unsupervised.kmeans(ours, 8, seed=seed)
    found = {
        "carried": here.predict(theirs),
        "means matched": here.predict(theirs + moved),
        "found anew": unsupervised.kmeans(theirs, 8, seed=seed).members,
    }
    return [
        {"way": way, "value": unsupervised.nmi(labels, members)}
        for way, members in found.items()
    ]


def asked(rich, labels, budget, seed):
    """Pictures and the labels that they get, by the way in which we asked."""
    clusters = unsupervised.kmeans(rich, budget, seed=seed)
    nearest = np.concatenate(unsupervised.nearest(clusters, rich))
    rng = np.random.default_rng(seed)
    random = rng.permutation(len(labels))[:budget]
    own = [np.flatnonzero(clusters.members == k) for k in range(budget)]
    anyone = np.array([rng.choice(rows) for rows in own])
    return {
        "random": (random, labels[random]),
        "any of each group": (anyone, labels[anyone]),
        "typical of each group": (nearest, labels[nearest]),
        "whole groups": (np.arange(len(labels)), labels[nearest][clusters.members]),
    }


def measure_budget(seed):
    """Test accuracy of logistic regression, by target, budget and way of asking.

    Beside it: each test picture gets the label of the nearest group, without a head.
    """
    rows = []
    for target, source in BUDGETS:
        task = tl.datasets.load(target)
        view = (lite0() if source == "lite0" else load_backbone(source)).features
        rich, unseen = features(view, target), features(view, target, "test")
        for times in (1, 4):
            budget = times * len(task.classes)
            ways = asked(rich, task.train.labels, budget, seed)
            right = {
                way: LogisticRegression(max_iter=2000)
                .fit(rich[chosen], given)
                .score(unseen, task.test.labels)
                for way, (chosen, given) in ways.items()
            }
            _, given = ways["typical of each group"]
            clusters = unsupervised.kmeans(rich, budget, seed=seed)
            said = given[clusters.predict(unseen)]
            right["nearest group"] = np.mean(said == task.test.labels)
            row = {"target": target, "per class": times}
            rows += [{**row, "way": w, "value": float(v)} for w, v in right.items()]
    return rows


BUDGETS = (("apples", "lite0"), ("photos", "lite0"), ("digits", "glyphs"))


def test_groups_of_apples_are_about_more_than_colour(evidence):
    table = evidence("clusters.changes", measure_changes)
    value = table.set_index(["k", "change", "seed"])["value"]
    assert (value[4, "another start"] > 0.95).all()
    for k in (4, 8):
        usual = value[k, "another start"].mean()
        for change in ("mirrored", "light made equal"):
            assert abs(value[k, change].mean() - usual) < 0.05
        assert 0.5 < value[k, "grey"].mean() < usual - 0.1
    assert value[4, "grey"].mean() > value[8, "grey"].mean() + 0.1


def test_the_silhouette_chooses_four_groups_and_no_kind_is_torn_apart():
    task, rich = tl.datasets.load("apples"), features(lite0().features, "apples")
    scores = unsupervised.how_many(rich, range(2, 9)).set_index("k")["silhouette"]
    assert scores.idxmax() == 4
    four = unsupervised.kmeans(rich, 4).members
    counts = np.array([np.bincount(four[task.train.labels == k], minlength=4)
                       for k in range(8)])  # fmt: skip
    assert (counts.max(axis=1) > 50).all()
    assert sorted(np.bincount(counts.argmax(axis=1))) == [1, 2, 2, 3]


def test_groups_carry_and_the_mean_helps_a_little(evidence):
    table = evidence("clusters.carried", measure_carried)
    value = table.pivot(index="seed", columns="way", values="value")
    assert value["carried"].mean() > value["found anew"].mean() - 0.05
    low, high = interval(value["means matched"] - value["carried"])
    assert 0 < low and high < 0.06


def test_typical_pictures_beat_random_ones_and_whole_groups_add_nothing(evidence):
    table = evidence("clusters.budget", measure_budget)
    value = table.pivot(index=["target", "per class", "seed"], columns="way")["value"]
    for target, _ in BUDGETS:
        once, four = value.loc[target, 1], value.loc[target, 4]
        typical = once["typical of each group"]
        assert interval(typical - once["random"])[0] > 0.05
        for way in ("whole groups", "nearest group"):
            assert abs((once[way] - typical).mean()) < 0.025
        assert four["typical of each group"].mean() > four["random"].mean() + 0.01
    for target in ("apples", "photos"):
        four = value.loc[target, 4]
        for way in ("whole groups", "nearest group"):
            assert interval(four[way] - four["typical of each group"])[1] < 0
    low, high = interval(
        (value["typical of each group"] - value["random"])["photos", 4]
    )
    assert low < 0 < high
    assert value.loc["digits", 1]["typical of each group"].mean() > 0.945
    typical = value["typical of each group"] - value["any of each group"]
    assert interval(typical["digits", 1])[0] > 0.1
    assert interval(typical["apples", 1])[0] > 0
    assert interval(typical["photos", 1])[0] < 0
