"""Freeze plans: what they choose, what they refuse, what they move, in plain Keras."""

import keras
import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import assert_same, refused, transfer


def names(backbone):
    return tuple(block.name for block in backbone.blocks)


def test_plans_name_the_blocks_that_train(backbone):
    every = names(backbone)
    assert tl.FreezePlan.features(backbone).trainable == ()
    assert tl.FreezePlan.last(backbone, 0).trainable == ()
    assert tl.FreezePlan.last(backbone, 2).trainable == every[-2:]
    assert tl.FreezePlan.all(backbone).trainable == every
    assert tl.FreezePlan.all(backbone) == tl.FreezePlan.last(backbone, len(every))
    assert tl.FreezePlan.from_block(backbone, every[5]).trainable == every[5:]
    some = tl.FreezePlan.blocks(backbone, [every[9], every[2], every[9]])
    assert some.trainable == (every[2], every[9])  # in the backbone's order
    assert tl.FreezePlan.scratch(backbone).trainable == every
    assert tl.FreezePlan.scratch(backbone) != tl.FreezePlan.all(backbone)


def test_what_is_not_chosen_follows_from_the_weights(backbone):
    fresh = tl.backbones.load("mobilenet", source=None)
    features, tuned = tl.FreezePlan.features(backbone), tl.FreezePlan.all(backbone)
    assert tuned.batchnorm == "frozen"
    assert features.head_rate > tuned.head_rate == tuned.body_rate
    for random in (tl.FreezePlan.all(fresh), tl.FreezePlan.scratch(backbone)):
        assert random.batchnorm == "train"
        assert random.head_rate == random.body_rate > tuned.body_rate


@pytest.mark.parametrize("k", [-1, 15, 2.0, "2", None])
def test_an_impossible_k_is_refused(backbone, k):
    refused("whole number from 0 to 14", tl.FreezePlan.last, backbone, k)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda b: tl.FreezePlan.from_block(b, "block99"), "no block 'block99'"),
        (lambda b: tl.FreezePlan.blocks(b, ["block2", "x"]), "Its blocks are stem"),
        (lambda b: tl.FreezePlan.blocks(b, "block2"), r"as a list: \['block2'\]"),
        (lambda b: tl.FreezePlan.all(b, batchnorm="on"), "'frozen', 'adapt', 'train'"),
        (lambda b: tl.FreezePlan.all(b, body_rate=0), "body_rate must lie between"),
        (lambda b: tl.FreezePlan.all(b, head_rate=3), "head_rate must lie between"),
        (lambda b: tl.FreezePlan.all(b, decay=1.5), "decay must be above 0"),
        (lambda b: tl.FreezePlan.gradual(b, 1), "stages must be a whole number"),
    ],
)
def test_bad_choices_are_refused(backbone, make, said):
    refused(said, make, backbone)


def test_decay_slows_the_blocks_that_are_further_from_the_head(backbone):
    plan = tl.FreezePlan.last(backbone, 3, body_rate=1e-2, decay=0.5)
    assert list(plan.rates().values()) == [0.0] * 11 + [0.0025, 0.005, 0.01]


def test_schedules(backbone):
    plan = tl.FreezePlan.last(backbone, 3)
    assert plan.after_probe() == (tl.FreezePlan.features(backbone), plan)
    stages = tl.FreezePlan.gradual(backbone, 3, body_rate=1e-4)
    assert [len(stage.trainable) for stage in stages] == [0, 7, 14]
    assert [stage.body_rate for stage in stages[1:]] == [1e-4, 1e-4]


@pytest.mark.parametrize("batchnorm", ["frozen", "adapt", "train"])
@pytest.mark.parametrize(
    ("name", "source", "size"),
    [("mobilenet", "glyphs", 64), ("efficientnet_lite0", "imagenet", 32)],
)
def test_only_what_the_plan_frees_moves(name, source, size, batchnorm, task):
    backbone = tl.backbones.load(name, source=source, input_size=size)
    before = backbone.model.get_weights()
    picked = [names(backbone)[place] for place in (3, -2)]
    plan = tl.FreezePlan.blocks(backbone, picked, batchnorm=batchnorm)
    run = transfer(backbone, task, plan, epochs=4)
    chosen = [block for block in backbone.blocks if block.name in picked]
    free = {layer for block in chosen for layer in block.layers}
    trained = statistics = 0
    for layer in backbone.model.layers[1:]:
        new = run.model.get_layer(layer.name).get_weights()
        pairs = zip(layer.weights, layer.get_weights(), new, strict=True)
        for variable, old, now in pairs:
            kind = variable.name
            statistic = kind.startswith("moving")
            may = layer.name in free
            if "BatchNorm" in type(layer).__name__:
                may &= {"frozen": False, "adapt": statistic, "train": True}[batchnorm]
            assert may != np.array_equal(old, now), (layer.name, kind)
            trained += may * (not statistic) * now.size
            statistics += may * statistic * now.size
    table = plan.summary()
    assert (table["trained"].sum(), table["statistics"].sum()) == (trained, statistics)
    parts = table[["trained", "statistics", "frozen"]].sum(axis=1)
    assert (parts == table["parameters"]).all()
    sizes = [weights.size for weights in run.weights]
    assert run.trainable_parameters == trained + sum(sizes[-2:])
    assert run.trainable_parameters + run.frozen_parameters == sum(sizes)
    assert_same(before, backbone.model.get_weights())  # itself it is untouched


def run_plain_keras(plan, task, epochs, seed):
    """Execute the code that a plan writes; gives the model that it trains."""
    code = plan.as_keras(classes=len(task.classes), epochs=epochs, seed=seed)
    images, labels = plan.backbone.preprocess(task.train.images), task.train.labels
    space = {"x_train": images, "y_train": labels}
    exec(compile(code, "as_keras", "exec"), space)
    return space["model"]


PLANS = {
    "features": tl.FreezePlan.features,
    "last two": lambda b: tl.FreezePlan.last(b, 2),
    "adapt": lambda b: tl.FreezePlan.last(b, 2, batchnorm="adapt"),
    "train": lambda b: tl.FreezePlan.last(b, 2, batchnorm="train"),
    "two rates": lambda b: tl.FreezePlan.from_block(b, "block9", head_rate=1e-2),
    "any two": lambda b: tl.FreezePlan.blocks(b, ["block3", "block12"], decay=0.8),
    "all": lambda b: tl.FreezePlan.all(b, decay=0.7),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_plain_keras_code_does_the_same(backbone, task, name, capfd):
    plan = PLANS[name](backbone)
    run = transfer(backbone, task, plan, epochs=3, seed=2)
    model = run_plain_keras(plan, task, epochs=3, seed=2)
    capfd.readouterr()
    *wanted, kernel, bias = model.get_weights()
    if name == "features":
        kernel = kernel / backbone.features(task.train.images).std()
    assert_same(run.weights, [*wanted, kernel, bias], atol=1e-4)


def test_the_plain_keras_code_from_scratch_runs(backbone, task, capfd):
    """Its random weights are others, so only what trains can be compared."""
    plan = tl.FreezePlan.scratch(backbone)
    run = transfer(backbone, task, plan, epochs=1)
    model = run_plain_keras(plan, task, epochs=1, seed=0)
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trained == run.trainable_parameters


def test_the_plain_keras_code_is_short_and_names_no_folder(backbone):
    code = tl.FreezePlan.last(backbone, 3, decay=0.5).as_keras()
    assert len(code.splitlines()) < 70
    assert max(map(len, code.splitlines())) <= 88
    assert "/" not in code.replace("rate /", "").replace("// size", "")


def test_dropout_is_off_in_what_is_frozen():
    """EfficientNet drops whole paths: features would differ in each epoch."""
    backbone = tl.backbones.load("EfficientNetB0", source=None, input_size=32)
    plan = tl.FreezePlan.last(backbone, 3)
    copy = keras.models.clone_model(backbone.model)
    plan.apply(copy)
    free = {n for b in backbone.blocks[-3:] for n in b.layers}
    drops = [each for each in copy.layers if isinstance(each, keras.layers.Dropout)]
    rates = {(layer.name in free): layer.rate > 0 for layer in drops}
    assert rates == {True: True, False: False}
    assert "layer.rate = 0.0" in plan.as_keras()
