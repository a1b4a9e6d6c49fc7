"""Studies: tidy tables, intervals, and what a gain is worth in labels."""

import numpy as np
import pandas
import pytest
import scipy.stats

import tlcourse as tl


@pytest.fixture(scope="module")
def backbone():
    return tl.backbones.load("mobilenet", source="glyphs")


def test_compare_runs_every_strategy_on_the_same_labels(backbone):
    plans = {
        "features": (backbone, tl.FreezePlan.features(backbone)),
        "last block": (backbone, tl.FreezePlan.last(backbone, 1)),
    }
    table = tl.study.compare(plans, "faces", [2, 5], [0, 1], epochs=2)
    assert len(table) == 8
    assert not table.duplicated(["strategy", "per_class", "seed"]).any()
    row = table.query("strategy == 'features' and per_class == 5 and seed == 1")
    task = tl.datasets.load("faces", per_class=5, seed=1)
    plan = tl.FreezePlan.features(backbone)
    run = tl.transfer(backbone, task, plan, epochs=2, seed=1, show_progress=False)
    assert row["accuracy"].item() == run.test_accuracy
    assert row["trainable"].item() == run.trainable_parameters


def test_intervals_are_students():
    rng = np.random.default_rng(0)
    values = rng.normal(0.8, 0.05, 5)
    table = pandas.DataFrame({"strategy": "a", "accuracy": values})
    row = tl.study.summarise(table, ["strategy"]).iloc[0]
    low, high = scipy.stats.t.interval(
        0.95, 4, loc=values.mean(), scale=scipy.stats.sem(values)
    )
    assert (row["mean"], row["low"], row["high"]) == pytest.approx(
        (values.mean(), low, high)
    )
    assert row["n"] == 5


def test_one_seed_has_no_interval():
    table = pandas.DataFrame({"strategy": ["a"], "accuracy": [0.5]})
    row = tl.study.summarise(table, ["strategy"]).iloc[0]
    assert row["mean"] == 0.5
    assert np.isnan(row["low"]) and np.isnan(row["high"])


def test_labels_worth_reads_the_other_curve():
    summary = pandas.DataFrame({
        "strategy": ["ours"] * 3 + ["theirs"] * 3,
        "per_class": [1, 10, 100] * 2,
        "mean": [0.6, 0.8, 0.95, 0.5, 0.6, 0.8],
    })  # fmt: skip
    worth = tl.study.labels_worth(summary, "ours", "theirs")
    assert worth["needed"].tolist()[:2] == pytest.approx([10, 100])
    assert np.isinf(worth["needed"].iloc[2])


def test_probes_tell_what_each_block_knows(backbone):
    table = tl.study.probe_blocks(backbone, "faces", per_class=10, seeds=[0, 1])
    assert list(table["block"].unique()) == [b.name for b in backbone.blocks]
    assert len(table) == 2 * len(backbone.blocks)
    assert table.groupby("block")["accuracy"].mean().max() > 0.8
