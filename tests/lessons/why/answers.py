"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import keras
import numpy as np
import pandas as pd

import tlcourse as tl
from tests.helpers import Later, defined, load_backbone


def table():
    """Accuracies as the lesson measures them, of two draws."""
    accuracy = {"transfer": (0.8, 0.9), "from scratch": (0.5, 0.8)}
    rows = [
        {"strategy": s, "per_class": n, "seed": seed, "accuracy": a + 0.01 * seed}
        for s, both in accuracy.items()
        for n, a in zip((1, 50), both, strict=True)
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows)


def names():
    scope = defined("why", "with_head")
    history = {"loss": [1.0, 0.5, 0.2], "val_loss": [0.9, 0.7, 0.8]}
    backbone = load_backbone("imagenet_distilled")
    return {"tl": tl, "backbone": backbone, "from_scratch": history, **scope}


def built(classes=10, momentum=0.5, source=False, frozen=False, deep=False):
    given = load_backbone("imagenet_distilled").model
    base = keras.models.clone_model(given)
    if source:
        base.set_weights(given.get_weights())
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
    base.trainable = not frozen
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    if deep:
        pooled = keras.layers.Dense(20)(pooled)
    return keras.Model(base.input, keras.layers.Dense(classes)(pooled))


def model(**options):
    return Later(lambda: built(**options))


WRONG = {
    "why.1": {
        "a number": (10, "a Keras model"),
        "two classes": (model(classes=2), "each class", "None, 2"),
        "two layers": (model(deep=True), "one Dense layer"),
        "frozen": (model(frozen=True), "Everything trains"),
        "the source's weights": (model(source=True), "weights are random"),
        "slow BatchNorm": (model(momentum=0.99), "keeps up", "0.99"),
    },
    "why.2": {
        "the last": (lambda history: len(history["loss"]), "not learn from", "gives 4"),
        "from 0": (
            lambda history: int(np.argmin(history["val_loss"])),
            "counted from 1",
            "gives 0",
        ),
        "a loss": (lambda history: min(history["val_loss"]), "one whole number"),
    },
    "why.3": {
        "one of two": ({"b"}, "Nothing fair is missing"),
        "text": ("bd", "a set of letters"),
    },
}
RIGHT = {"why.1": {"another momentum": model(momentum=0.8)}}
