"""What the lesson says of its comparison: it is fair, and the source matters."""

import pytest

import tlcourse as tl
from tlcourse import freezing, training


def run(backbone, plan, seed, epochs=20):
    """Accuracy on faces with 10 labels a class."""
    task = tl.datasets.load("faces", per_class=10, seed=seed)
    return tl.transfer(
        backbone, task, plan, epochs, seed, validate=False, show_progress=False
    ).test_accuracy


def run_with_slow_batchnorm(backbone, plan, seed):
    """The same with the momentum that Keras's layers have unless told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freezing, "SHORT_MOMENTUM", 0.99)
        training._workbench.cache_clear()  # it was built with the other
        accuracy = run(backbone, plan, seed)
    training._workbench.cache_clear()
    return accuracy


def measure(seed):
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    random = tl.backbones.load("mobilenet", source=None)
    frozen, free = tl.FreezePlan.features(random), tl.FreezePlan.all(random)
    faster, slower = (
        tl.FreezePlan.all(random, head_rate=rate, body_rate=rate)
        for rate in (freezing.HEAD_RATE, freezing.BODY_RATE)
    )
    found = {
        "transfer": run(backbone, tl.FreezePlan.features(backbone), seed),
        "from scratch": run(random, free, seed),
        "random, frozen": run(random, frozen, seed),
        "five times the epochs": run(random, free, seed, epochs=100),
        "the rate of transfer": run(random, faster, seed),
        "the rate of fine-tuning": run(random, slower, seed),
        "slow BatchNorm": run_with_slow_batchnorm(random, free, seed),
    }
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
