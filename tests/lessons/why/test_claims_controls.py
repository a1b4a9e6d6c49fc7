"""What the lesson says of its comparison: it is fair, and the source matters."""

import pytest

import tlcourse as tl
from tests.helpers import load_backbone
from tests.lessons.measured import trained
from tlcourse import freezing, training


def run_with_slow_batchnorm(backbone, plan, seed):
    """From scratch with the momentum that Keras's layers have unless told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freezing, "SHORT_MOMENTUM", 0.99)
        training._workbench.cache_clear()  # it was built with the other
        accuracy = trained(backbone, "faces", plan, 10, seed).test_accuracy
    training._workbench.cache_clear()
    return accuracy


def measure(seed):
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


@pytest.fixture
def mean(evidence):
    table = evidence("why.controls", measure)
    return table.groupby("strategy")["value"].mean()


def test_the_source_matters_and_fewer_weights_alone_do_not(mean):
    assert mean["transfer"] > mean["random, frozen"] + 0.1
    # As few weights are trained as in transfer, and it does about as from scratch.
    assert abs(mean["random, frozen"] - mean["from scratch"]) < 0.05


def test_from_scratch_had_its_chance(mean):
    assert mean["five times the epochs"] < mean["from scratch"] + 0.05
    for rate in ("the rate of transfer", "the rate of fine-tuning"):
        assert mean[rate] < mean["from scratch"] + 0.02
    assert mean["slow BatchNorm"] < 0.55  # two classes: chance
