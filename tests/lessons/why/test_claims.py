"""What the lesson says: what transfer is worth in labels, and that this is fair."""

import numpy as np
import pandas
import pytest

import tlcourse as tl
from tests.helpers import load_backbone
from tests.lessons.measured import red, trained
from tlcourse import freezing, training

SIZES = (1, 2, 5, 10, 20, 50)


def pixels(seed):
    """The simple opponent: a linear head on the pixels, which are grey."""
    rows, test = [], tl.datasets.load("faces").test
    for size in SIZES:
        train = tl.datasets.load("faces", per_class=size, seed=seed).train
        head = tl.probes.linear_probe().fit(red(train.images), train.labels)
        score = float(head.score(red(test.images), test.labels))
        trained = red(train.images).shape[1] + 1  # of two classes: one weight a pixel
        rows.append(("pixels", size, trained, score))
    return pandas.DataFrame(
        rows, columns=["strategy", "per_class", "trainable", "accuracy"]
    )


def measure(seed):
    backbone, scratch = map(load_backbone, ("imagenet_distilled", "random"))
    strategies = {
        "transfer": (backbone, tl.FreezePlan.features(backbone)),
        "from scratch": (scratch, tl.FreezePlan.all(scratch)),
    }
    table = tl.study.compare(strategies, "faces", SIZES, [seed], show_progress=False)
    rows = table[["strategy", "per_class", "trainable", "accuracy"]]
    rows = pandas.concat([rows, pixels(seed)])
    return rows.rename(columns={"accuracy": "value"}).to_dict("records")


@pytest.fixture
def table(evidence):
    return evidence("why.labels", measure)


def test_transfer_wins_with_few_labels_and_with_many_also_against_pixels(table):
    mean = tl.tables.summarise(table, ["strategy", "per_class"], "value")
    mean = mean.set_index(["strategy", "per_class"])["mean"]
    gain = mean["transfer"] - mean["from scratch"]
    assert (gain > 0).all()
    assert (gain.loc[:10] > 0.1).all()
    # With transfer two labels per class do as much as fifty without, one nearly.
    assert mean["transfer", 2] > mean["from scratch", 50]
    assert mean["transfer", 1] > mean["from scratch", 50] - 0.05
    assert (mean["from scratch"].loc[:20] < mean["transfer", 1]).all()
    # Near chance with one label, and wider intervals than with transfer while few.
    assert mean["from scratch", 1] < 0.65
    # In each draw on its own, too, up to ten labels.
    wide = table.pivot_table("value", ["per_class", "seed"], "strategy")
    assert (wide["transfer"] > wide["from scratch"]).loc[:10].all()
    # Pixels do as well as a network from scratch.
    ahead = mean["pixels"] - mean["from scratch"]
    assert (ahead.loc[:20].abs() < 0.05).all() and (ahead.abs() < 0.06).all()
    assert (mean["transfer"] > mean["pixels"] + 0.02).all()
    # Of the transferred network, only the head trained.
    counts = table.groupby("strategy")["trainable"].unique().map(np.ravel)
    assert counts["transfer"].tolist() == [(256 + 1) * 2]
    assert counts["from scratch"][0] > 400 * counts["transfer"][0]


def test_digits_gain_from_letters():
    kept = tl.evidence("choosing.sources_by_targets")
    value = kept.set_index(["target", "source", "how", "seed"])["value"].sort_index()
    letters = value["digits", "glyphs", "frozen"]
    assert (letters - value["digits", "random", "all trained"]).min() > 0.3


def run_with_slow_batchnorm(backbone, plan, seed):
    """From scratch with the momentum that Keras's layers have unless told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tl.FreezePlan, "momentum", 0.99)
        training._workbench.cache_clear()  # it was built with the other
        accuracy = trained(backbone, "faces", plan, 10, seed).test_accuracy
    training._workbench.cache_clear()
    return accuracy


def measure_controls(seed):
    backbone, random = map(load_backbone, ("imagenet_distilled", "random"))
    frozen, free = tl.FreezePlan.features(random), tl.FreezePlan.all(random)
    faster, slower = (
        tl.FreezePlan.all(random, head_rate=rate, body_rate=rate)
        for rate in (freezing.HEAD_RATE, freezing.BODY_RATE)
    )
    ways = {
        "transfer": (backbone, tl.FreezePlan.features(backbone), 20),
        "from scratch": (random, free, 20),
        "random, frozen": (random, frozen, 20),
        "five times the epochs": (random, free, 100),
        "the rate of transfer": (random, faster, 20),
        "the rate of fine-tuning": (random, slower, 20),
    }
    found = {
        name: trained(start, "faces", plan, 10, seed, epochs).test_accuracy
        for name, (start, plan, epochs) in ways.items()
    }
    found["slow BatchNorm"] = run_with_slow_batchnorm(random, free, seed)
    return [{"strategy": name, "value": value} for name, value in found.items()]


def test_the_source_matters_fewer_weights_do_not_and_from_scratch_had_its_chance(
    evidence,
):
    table = evidence("why.controls", measure_controls)
    mean = table.groupby("strategy")["value"].mean()
    assert mean["transfer"] > mean["random, frozen"] + 0.1
    # As few weights are trained as in transfer, and it does about as from scratch.
    assert abs(mean["random, frozen"] - mean["from scratch"]) < 0.05
    assert mean["five times the epochs"] < mean["from scratch"] + 0.05
    for rate in ("the rate of transfer", "the rate of fine-tuning"):
        assert mean[rate] < mean["from scratch"] + 0.02
    assert mean["slow BatchNorm"] < 0.55  # two classes: chance
