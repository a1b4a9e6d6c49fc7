"""What lesson 01 says of its comparison: it is fair, and the source matters."""

import pytest

import tlcourse as tl
from tlcourse import training


def run(backbone, plan, seed, epochs=20, **constants):
    """Accuracy on faces with 10 labels a class; constants of `training` may differ."""
    task = tl.datasets.load("faces", per_class=10, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in constants.items():
            patch.setattr(training, name, value)
        training._workbench.cache_clear()  # it was built with the others
        done = tl.transfer(backbone, task, plan, epochs, seed, show_progress=False)
    training._workbench.cache_clear()
    return done.test_accuracy


def measure(seed):
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    random = tl.backbones.load("mobilenet", source=None)
    frozen, free = tl.FreezePlan.features(random), tl.FreezePlan.all(random)
    rate, keras_default = training.HEAD_RATE, 0.99
    found = {
        "transfer": run(backbone, tl.FreezePlan.features(backbone), seed),
        "from scratch": run(random, free, seed),
        "random, frozen": run(random, frozen, seed),
        "five times the epochs": run(random, free, seed, epochs=100),
        "the rate of transfer": run(random, free, seed, SCRATCH_RATE=rate),
        "slow BatchNorm": run(random, free, seed, SHORT_MOMENTUM=keras_default),
    }
    return [{"strategy": name, "value": value} for name, value in found.items()]


@pytest.fixture
def mean(claim):
    table = claim("lesson_01_controls", measure)
    return table.groupby("strategy")["value"].mean()


def test_the_source_matters_and_fewer_weights_alone_do_not(mean):
    assert mean["transfer"] > mean["random, frozen"] + 0.1
    # As few weights are trained as in transfer, and it does about as from scratch.
    assert abs(mean["random, frozen"] - mean["from scratch"]) < 0.05


def test_from_scratch_had_its_chance(mean):
    assert mean["five times the epochs"] < mean["from scratch"] + 0.05
    assert mean["the rate of transfer"] < mean["from scratch"] - 0.05
    assert mean["slow BatchNorm"] < 0.55  # two classes: chance
