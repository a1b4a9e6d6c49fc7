"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import keras
import numpy as np

from tests.helpers import Later
from tlcourse.language import bert


def names():
    model, tokenizer = bert.load(length=48)
    return {"bert": bert, "keras": keras, "model": model, "tokenizer": tokenizer}


def masked(vectors, ids, start=True):
    there = (ids != 0 if start else ids > 102)[..., None]
    return (vectors * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)


def built(classes=3, softmax=True, frozen=True, hidden=False, features=False):
    encoder = bert.encoder(8)
    encoder.trainable = not frozen
    inputs = keras.Input((384,)) if features else encoder.input
    x = inputs if features else encoder.output
    if hidden:
        x = keras.layers.Dense(10)(x)
    activation = "softmax" if softmax else None
    return keras.Model(inputs, keras.layers.Dense(classes, activation=activation)(x))


def model(**options):
    return Later(lambda: built(**options))


def freed(names=("block5", "block6", "head"), rate=5e-5, again=True):
    def answer(model):
        for layer in model.layers:
            layer.trainable = layer.name in names
        if again:
            loss = "sparse_categorical_crossentropy"
            model.compile(keras.optimizers.Adam(rate), loss)

    return answer


WRONG = {
    "bert.1": {
        "pieces": (lambda vectors, ids: vectors, "one vector", r"\(3, 5, 4\)"),
        "all places": (lambda vectors, ids: vectors.mean(axis=1), "More padding"),
        "no start": (lambda v, i: masked(v, i, start=False), "start and end"),
    },
    "bert.2": {
        "a number": (3, "Keras model"),
        "two classes": (model(classes=2), "one number per class", "None, 2"),
        "features": (model(features=True), "BERT is in it", "1,155"),
        "logits": (model(softmax=False), "probabilities"),
        "all trains": (model(frozen=False), "384 features"),
        "two layers": (model(hidden=True), "384 features"),
    },
    "bert.3": {
        "not compiled": (freed(again=False), "last two blocks and the head", "head"),
        "all blocks": (freed([f"block{k}" for k in range(1, 7)] + ["head"]), "else"),
        "one block": (freed(("block6", "head")), "last two blocks"),
        "too fast": (freed(rate=1e-2), "at most 1e-4", "0.01"),
    },
}
