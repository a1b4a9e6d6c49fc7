"""How many labels learning without labels saves, over five seeds."""

import functools
import gc

import numpy as np

import tlcourse as tl
from tests.helpers import interval, load_backbone
from tests.lessons.measured import flat
from tlcourse import unsupervised
from tlcourse.quiet import import_keras
from tlcourse.unsupervised.recipes import RECIPES

RESTS_ON = ("unsupervised/*",)
SIZE, STEPS, LABELS = 32, 60, (2, 5, 20)
SOURCE = "imagenet_distilled"
# Where the training of all blocks begins: a source, and SimCLR on the digits or not.
STARTS = {
    "from scratch": ("random", False),
    "SimCLR from scratch": ("random", True),
    "source": (SOURCE, False),
    "source, then SimCLR": (SOURCE, True),
}
PARTS = ("heads", *STARTS)  # a test run repeats the first


def measure_labels(seed, part):
    """Test accuracy on digits by labels per class, for one way to begin."""
    if part == "heads":
        return [
            row(way, labels, head_on(view, labels, seed))
            for way, view in heads().items()
            for labels in LABELS
        ]
    source, more = STARTS[part]
    start = load_backbone(source, seed=seed, input_size=SIZE)
    if more:
        start = unsupervised.simclr(
            start, tl.datasets.load("digits").train.images, steps=STEPS, seed=seed,
            augmentations=RECIPES["digits"], show_progress=False,
        )  # fmt: skip
    weights, scratch = start.model.get_weights(), part == "from scratch"
    del start
    gc.collect()
    return [row(part, n, tuned(weights, n, seed, scratch)) for n in LABELS]


def measure_guessing(seed):
    """The loss at the end of SimCLR from random weights, as in `measure_labels`."""
    start = load_backbone("random", seed=seed, input_size=SIZE)
    learnt = unsupervised.simclr(
        start, tl.datasets.load("digits").train.images, steps=STEPS, seed=seed,
        augmentations=RECIPES["digits"], show_progress=False,
    )  # fmt: skip
    return [{"measured": "last loss", "value": learnt.card["losses"][-1]}]


def row(way, labels, value):
    return {"way": way, "labels": labels, "value": float(value)}


def head_on(view, labels, seed):
    task = tl.datasets.load("digits", per_class=labels, seed=seed)
    head = tl.probes.linear_probe().fit(view(task.train.images), task.train.labels)
    return head.score(unseen(view), task.test.labels)


@functools.cache
def heads():
    """What a linear head can sit on: pixels, and ready sources at their own size."""
    return {
        "pixels": flat,
        "EfficientNet-Lite0": tl.backbones.load(input_size=96).features,
        "near source": load_backbone("glyphs").features,
    }


@functools.cache
def unseen(view):
    return view(tl.datasets.load("digits").test.images)


def tuned(weights, labels, seed, scratch):
    """Train head and blocks from these weights; BatchNorm only from scratch."""
    import tensorflow as tf

    import_keras().utils.set_random_seed(seed)
    body, features, net, fresh = network(scratch)
    body.set_weights(weights)
    for variable, value in zip(net.optimizer.variables, fresh, strict=True):
        variable.assign(value)
    task = tl.datasets.load("digits", per_class=labels, seed=seed)
    known = enlarged(task.train.images)
    width, kinds = features.output.shape[-1], len(task.classes)
    kernel, bias = np.zeros((width, kinds)), np.zeros(kinds)
    if not scratch:  # the probe is a head: its scores are linear in the features
        probe = tl.probes.linear_probe()
        probe.fit(features.predict(known, verbose=0), task.train.labels)
        bias = probe.decision_function(np.zeros((1, width)))[0]
        kernel = probe.decision_function(np.eye(width)) - bias
    net.layers[-1].set_weights([kernel, bias])
    data = tf.data.Dataset.from_tensor_slices((known, task.train.labels))
    data = data.shuffle(len(known), seed=seed).repeat().batch(32)
    net.fit(data, steps_per_epoch=100 if scratch else 20, shuffle=False, verbose=0)
    test = enlarged(task.test.images)
    return net.evaluate(test, task.test.labels, batch_size=256, verbose=0)[1]


def enlarged(images):
    return tl.backbones.resized(images, SIZE)


@functools.cache
def network(scratch):
    """One network for all trainings, since each new one is traced for long."""
    keras = import_keras()
    backbone = tl.backbones.load("mobilenet", source=None, input_size=SIZE)
    for layer in backbone.model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable, layer.momentum = scratch, 0.9
    pictures = keras.Input((SIZE, SIZE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(
        backbone.model(backbone.scaled(pictures))
    )
    head = keras.layers.Dense(10, activation="softmax")
    net = keras.Model(pictures, head(pooled))
    adam = keras.optimizers.AdamW(3e-3 if scratch else 3e-4)
    net.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    net.optimizer.build(net.trainable_variables)
    fresh = [keras.ops.convert_to_numpy(each) for each in net.optimizer.variables]
    return backbone.model, keras.Model(pictures, pooled), net, fresh


def test_simclr_saves_labels_on_a_source_and_pixels_and_a_near_source_save_more(
    evidence,
):
    table = evidence("self_supervised.labels", measure_labels, parts=PARTS)
    value = table.pivot(index=["labels", "seed"], columns="way", values="value")
    both, source = value["source, then SimCLR"], value["source"]
    for labels in LABELS:
        assert interval((both - source).loc[labels])[0] > 0.03
        others = value.loc[labels].drop(columns="near source")
        assert (value.loc[labels, "near source"] > others.max(axis=1)).all()
    mean = value.groupby("labels").mean()
    # Two labels with SimCLR do what five do without it; five nearly what twenty do.
    assert abs(both.loc[2].mean() - source.loc[5].mean()) < 0.03
    assert abs(both.loc[5].mean() - source.loc[20].mean()) < 0.04
    for labels in (5, 20):
        assert interval((value["pixels"] - both).loc[labels])[0] > 0
    for way in ("from scratch", "SimCLR from scratch"):
        assert (mean[way] < mean[["source", "pixels"]].min(axis=1)).all()
    assert (mean["SimCLR from scratch"] < mean["from scratch"]).all()
    assert (mean["EfficientNet-Lite0"] < mean["source, then SimCLR"]).all()


def test_simclr_from_random_weights_has_not_begun_to_learn(evidence):
    table = evidence("self_supervised.guessing", measure_guessing)
    guessing = np.log(2 * 64 - 1)  # each view has so many others
    assert (abs(table["value"] - guessing) < 0.1).all()
