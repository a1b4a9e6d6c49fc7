"""The lesson on networks that were trained without labels: SimCLR and pretext tasks."""

import pytest

import tlcourse as tl
from tests.helpers import load_backbone
from tlcourse import unsupervised
from tlcourse.unsupervised.recipes import RECIPES

RESTS_ON = ("unsupervised/*",)
SOURCE = "imagenet_distilled"
# A test run repeats the first: a seed of all takes minutes.
STARTS = tuple(
    (target, what)
    for what in ("contrastive", "from_random", "source")
    for target in ("digits", "tissue")
)
METHODS = ("vicreg", "simclr", "deep_cluster", "rotation", "autoencoder", "source")


def measure_targets(seed, case):
    """Train on a target from the source and from random weights, alike."""
    target, what = case
    task = tl.datasets.load(target)
    start = "random" if what == "from_random" else SOURCE
    model = load_backbone(start, seed=seed)
    if what != "source":
        model = unsupervised.simclr(
            model, task.train.images, augmentations=RECIPES[target], seed=seed
        )
    value = unsupervised.knn_probe(model, task)
    return [{"target": target, "what": what, "value": value}]


def measure_pretexts(seed, method):
    """Train on apples with a pretext task, as long as the lesson does, and score it."""
    task, model = tl.datasets.load("apples"), load_backbone(SOURCE, seed=seed)
    options = {}
    if method in ("simclr", "vicreg", "deep_cluster"):
        options["augmentations"] = RECIPES["apples"]
    if method == "deep_cluster":
        options["k"] = 24
    if method != "source":
        train = getattr(unsupervised, method)
        model = train(model, task.train.images, steps=100, seed=seed, **options)
    features, labels = model.features(task.train.images), task.train.labels
    found = {"knn": unsupervised.knn_probe(model, task)}
    for name in ("kmeans", "gaussian_mixture"):
        cluster = getattr(unsupervised, name)
        members = cluster(features, len(task.classes), seed=seed).members
        found[name] = unsupervised.nmi(labels, members)
    return [
        {"method": method, "score": score, "value": value}
        for score, value in found.items()
    ]


def test_contrastive_beats_the_source_and_the_same_from_random(evidence):
    table = evidence("clusters.targets", measure_targets, parts=STARTS)
    mean = table.groupby(["target", "what"])["value"].mean()  # of the kNN probe
    for target in ("digits", "tissue"):
        assert mean[target, "contrastive"] > mean[target, "source"] + 0.05
        assert mean[target, "contrastive"] > mean[target, "from_random"] + 0.10


@pytest.fixture
def gains(evidence):
    """What each seed's scores on apples gain on the source, a column a method."""
    table = evidence("clusters.pretexts", measure_pretexts, parts=METHODS)
    wide = table.pivot(index=["score", "seed"], columns="method", values="value")
    return wide.sub(wide["source"], axis=0)


def test_simclr_on_apples_helps_neighbours_and_the_mixture_vicreg_the_clusters(gains):
    gain = gains["simclr"]
    assert gain["knn"].mean() > 0.02 and (gain["knn"] > 0).all()
    assert gain["gaussian_mixture"].mean() > 0.05
    assert abs(gain["kmeans"].mean()) < 0.06
    vicreg = gains["vicreg"]
    assert (vicreg["kmeans"] > 0.05).all()
    assert (vicreg["kmeans"] - gain["kmeans"] > 0.02).all()
    assert vicreg["knn"].mean() > 0


def test_two_tasks_make_the_source_forget_and_deep_clustering_gains_nothing(gains):
    for method in ("rotation", "autoencoder"):
        for score, lost in (("knn", 0.1), ("kmeans", 0.15), ("gaussian_mixture", 0.1)):
            assert (gains[method][score] < -lost).all()
    assert (gains["deep_cluster"].groupby("score").mean() < 0.01).all()
