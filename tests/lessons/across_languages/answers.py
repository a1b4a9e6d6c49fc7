"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import keras
import numpy as np

from tests.helpers import Later
from tlcourse.language import multilingual


@functools.cache
def encoder():
    return multilingual.encoder(40, 8)


def names():
    return {"np": np, "keras": keras, "model": encoder()}


def ranked(french, english, k):
    order = np.argsort(-(french @ english.T), axis=1)[:, :k]
    return np.mean([i in row for i, row in enumerate(order)])


def nearest_alone(french, english, k):
    nearest = (french @ english.T).argmax(axis=1)
    return (nearest == np.arange(len(french))).mean()


def count(french, english, k):
    return len(french) * ranked(french, english, k)


def other_way(french, english, k):
    return ranked(english, french, k)


def built(classes=2, activation="softmax", frozen=True, hidden=False, features=False):
    base = multilingual.encoder(40, 8)
    base.trainable = not frozen
    inputs = keras.Input((512,)) if features else base.input
    x = inputs if features else base.output
    if hidden:
        x = keras.layers.Dense(10)(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation=activation)(x))


def model(**options):
    return Later(lambda: built(**options))


def one_mean(vectors, languages):
    return vectors - vectors.mean(axis=0)


def scaled(vectors, languages):
    vectors = vectors.copy()
    for language in np.unique(languages):
        mine = languages == language
        vectors[mine] -= vectors[mine].mean(axis=0)
        vectors[mine] /= vectors[mine].std(axis=0)
    return vectors


def sorted_out(vectors, languages):
    groups = [vectors[languages == x] for x in ("en", "fr")]
    return np.concatenate([each - each.mean(axis=0) for each in groups])


def in_one_go(vectors, languages):
    same = languages[:, None] == languages
    return vectors - (same / same.sum(axis=1, keepdims=True)) @ vectors


def freed(parts=("sentence", "head"), rate=1e-4, again=True):
    def answer(model):
        for layer in model.layers:
            layer.trainable = layer.name.startswith(parts)
        if again:
            loss = "sparse_categorical_crossentropy"
            model.compile(keras.optimizers.Adam(rate), loss)

    return answer


WRONG = {
    "across_languages.1": {
        "a number": (0.5, "from 0 to 1", "a function"),
        "a count": (count, "from 0 to 1"),
        "the nearest alone": (nearest_alone, "larger k", r"0.5, 0.5, 0.5"),
        "from English": (other_way, "k = 1"),
    },
    "across_languages.2": {
        "three classes": (model(classes=3), "one number per class"),
        "on features": (model(features=True), "numbers of pieces"),
        "logits": (model(activation=None), "probabilities"),
        "free": (model(frozen=False), "linear head"),
        "a hidden layer": (model(hidden=True), "linear head", "weights train"),
    },
    "across_languages.3": {
        "one mean": (one_mean, "each language is zero"),
        "scaled": (scaled, "differ as before"),
        "in another order": (sorted_out, "each language is zero|differ as before"),
        "means": (lambda v, x: v.mean(axis=0), "one vector for each"),
    },
    "across_languages.4": {
        "all": (freed(("",)), "nothing else", "ngrams"),
        "the head alone": (freed(("head",)), "sentence part"),
        "not compiled": (freed(again=False), "sentence part", "moves head"),
        "steps that are too large": (freed(rate=3e-4), "rate", "0.0003"),
    },
}
RIGHT = {
    "across_languages.1": {"by argsort": ranked},
    "across_languages.2": {"a new one": model()},
    "across_languages.3": {"in one go": in_one_go},
    "across_languages.4": {"a lower rate": freed(rate=3e-5)},
}
