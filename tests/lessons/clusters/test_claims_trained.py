"""The lesson on networks that were trained without labels: SimCLR and pretext tasks."""

import pandas
import pytest

import tlcourse as tl
from tlcourse import unsupervised
from tlcourse.unsupervised.recipes import RECIPES

RESTS_ON = (
    "adaptation/batchnorm",
    "unsupervised/augmentations",
    "unsupervised/clustering",
    "unsupervised/deep_clustering",
    "unsupervised/losses",
    "unsupervised/recipes",
    "unsupervised/scores",
    "unsupervised/self_supervised",
)
SOURCE = "imagenet_distilled"


def load(source, seed):
    return tl.backbones.load("mobilenet", source=source, seed=seed)


def scores(backbone, task, seed):
    """kNN probe, and what k-means and a Gaussian mixture find; by the score's name."""
    features, labels = backbone.features(task.train.images), task.train.labels
    found = {"knn": unsupervised.knn_probe(backbone, task)}
    for name in ("kmeans", "gaussian_mixture"):
        cluster = getattr(unsupervised, name)
        members = cluster(features, len(task.classes), seed=seed).members
        found[name] = unsupervised.nmi(labels, members)
    return found


def measure_targets(seed):
    """Train on two targets from the source and from random weights, alike."""
    rows = []
    for name in ("digits", "tissue"):
        task = tl.datasets.load(name)
        start, random = load(SOURCE, seed), load(None, seed)
        models = {"source": start}
        for what, begin in (("contrastive", start), ("from_random", random)):
            models[what] = unsupervised.simclr(
                begin, task.train.images, augmentations=RECIPES[name], seed=seed
            )
        for what, model in models.items():
            value = unsupervised.knn_probe(model, task)
            rows.append({"target": name, "what": what, "value": value})
    return rows


def measure_pretexts(seed):
    """Train on apples with each pretext task, as long as the lesson does."""
    task, start = tl.datasets.load("apples"), load(SOURCE, seed)
    views = {"augmentations": RECIPES["apples"]}
    ways = {
        "simclr": views,
        "vicreg": views,
        "deep_cluster": {"k": 24, **views},
        "rotation": {},
        "autoencoder": {},
    }
    models = {"source": start} | {
        name: getattr(unsupervised, name)(
            start, task.train.images, steps=100, seed=seed, **options
        )
        for name, options in ways.items()
    }
    return [
        {"method": name, "score": score, "value": value}
        for name, model in models.items()
        for score, value in scores(model, task, seed).items()
    ]


@pytest.fixture
def targets(evidence):
    """Mean kNN probe by target and start."""
    table = evidence("clusters.targets", measure_targets)
    return table.groupby(["target", "what"])["value"].mean().unstack()


@pytest.fixture
def pretexts(evidence):
    """Every seed's scores on apples, a column for each method."""
    table = evidence("clusters.pretexts", measure_pretexts)
    assert isinstance(table, pandas.DataFrame)
    return table.pivot(index=["score", "seed"], columns="method", values="value")


@pytest.mark.parametrize("target", ["digits", "tissue"])
def test_contrastive_training_beats_the_source_and_the_same_from_random(
    targets, target
):
    row = targets.loc[target]
    assert row["contrastive"] > row["source"] + 0.05
    assert row["contrastive"] > row["from_random"] + 0.10


def test_simclr_on_apples_helps_neighbours_and_the_mixture(pretexts):
    gains = pretexts.sub(pretexts["source"], axis=0)["simclr"]
    assert gains["knn"].mean() > 0.02 and (gains["knn"] > 0).all()
    assert gains["gaussian_mixture"].mean() > 0.05
    assert abs(gains["kmeans"].mean()) < 0.06


def test_vicreg_makes_better_clusters_of_apples_than_simclr(pretexts):
    gains = pretexts.sub(pretexts["source"], axis=0)
    assert (gains.loc["kmeans", "vicreg"] > 0.05).all()
    better = gains.loc["kmeans", "vicreg"] - gains.loc["kmeans", "simclr"]
    assert (better > 0.02).all()
    assert gains.loc["knn", "vicreg"].mean() > 0


@pytest.mark.parametrize("method", ["rotation", "autoencoder"])
def test_two_tasks_make_the_source_forget_what_helps(pretexts, method):
    gains = pretexts.sub(pretexts["source"], axis=0)[method]
    assert (gains["knn"] < -0.1).all()
    assert (gains["kmeans"] < -0.15).all()
    assert (gains["gaussian_mixture"] < -0.1).all()


def test_deep_clustering_gains_nothing_on_apples(pretexts):
    gains = pretexts.sub(pretexts["source"], axis=0)["deep_cluster"]
    for score in ("knn", "kmeans", "gaussian_mixture"):
        assert gains[score].mean() < 0.01
