"""The lesson on trained networks: printed digits to handwritten ones."""

import pytest

import tlcourse as tl
from tests.helpers import interval, load_backbone

RESTS_ON = ("adaptation/*",)
METHODS = ("dann", "mmd", "deep_coral", "pseudo_labels", "fine_tuned")


def measure(seed, name):
    """Adapt from 100 pictures of each printed digit, as the benchmark does."""
    task = tl.datasets.load("digits", 100, domain="fonts", seed=seed)
    target = tl.datasets.load_unlabelled("digits")
    labelled = target.reveal().train if name == "oracle" else task.train
    method = "source_only" if name == "oracle" else name
    adapt, backbone = getattr(tl.adaptation, method), load_backbone("glyphs")
    model = adapt(backbone, labelled, target.images, seed=seed)
    return [{"method": name, "value": target.accuracy(model)}]


@pytest.fixture
def accuracy(evidence):
    """Each seed's accuracy; the columns are methods."""
    names = (*METHODS, "source_only", "oracle")  # a test run repeats the first
    table = evidence("adapting.digits", measure, parts=names)
    return table.pivot(index="seed", columns="method", values="value")


@pytest.fixture
def mean(accuracy):
    return accuracy.mean()


def test_the_best_method_closes_most_of_the_gap(mean):
    gap = mean["oracle"] - mean["source_only"]
    best = mean[list(METHODS)].max()
    assert gap > 0.15
    assert best - mean["source_only"] > 0.6 * gap
    assert best < mean["oracle"]


@pytest.mark.parametrize("name", ["pseudo_labels", "deep_coral", "mmd", "dann"])
def test_four_methods_beat_both_without_the_target(accuracy, mean, name):
    """By more than their interval."""
    assert interval(accuracy[name])[0] > max(mean["source_only"], mean["fine_tuned"])


def test_the_source_alone_helps_nothing_and_an_adversary_more_than_covariances(mean):
    assert mean["fine_tuned"] < mean["source_only"] + 0.02
    assert mean["dann"] > mean["deep_coral"] + 0.02
