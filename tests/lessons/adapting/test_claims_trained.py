"""The lesson on trained networks: printed digits to handwritten ones."""

import pandas
import pytest
import scipy.stats

import tlcourse as tl

RESTS_ON = ("adaptation/*",)
METHODS = ("pseudo_labels", "fine_tuned", "deep_coral", "mmd", "dann")


def measure(seed):
    """Adapt from 100 pictures of each printed digit, as the benchmark does."""
    target = tl.datasets.load_unlabelled("digits")
    table = tl.adaptation.compare(
        tl.backbones.load("mobilenet", source="glyphs"),
        lambda seed: tl.datasets.load("digits", 100, domain="fonts", seed=seed).train,
        target,
        {name: getattr(tl.adaptation, name) for name in METHODS},
        [seed],
        show_progress=False,
    )
    return [{"method": row.method, "value": row.accuracy} for row in table.itertuples()]


@pytest.fixture
def summary(evidence):
    """Mean and half the 95 % interval of each method's accuracy."""
    groups = evidence("adapting.digits", measure).groupby("method")["value"]
    reach = scipy.stats.t.ppf(0.975, groups.size() - 1)
    half = reach * groups.std() / groups.size() ** 0.5
    return pandas.DataFrame({"mean": groups.mean(), "half": half})


def test_the_best_method_closes_most_of_the_gap(summary):
    mean = summary["mean"]
    gap = mean["oracle"] - mean["source_only"]
    best = mean[list(METHODS)].max()
    assert gap > 0.15
    assert best - mean["source_only"] > 0.6 * gap
    assert best < mean["oracle"]


@pytest.mark.parametrize("name", ["pseudo_labels", "deep_coral", "mmd", "dann"])
def test_four_methods_beat_source_only_by_more_than_their_interval(summary, name):
    row = summary.loc[name]
    assert row["mean"] - row["half"] > summary["mean"]["source_only"]
    assert row["mean"] - row["half"] > summary["mean"]["fine_tuned"]


def test_training_on_the_source_alone_helps_nothing(summary):
    mean = summary["mean"]
    assert mean["fine_tuned"] < mean["source_only"] + 0.02


def test_against_an_adversary_more_is_gained_than_by_covariances(summary):
    mean = summary["mean"]
    assert mean["dann"] > mean["deep_coral"] + 0.02
