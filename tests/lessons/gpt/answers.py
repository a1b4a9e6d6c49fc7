"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import keras
import numpy as np

from tests.helpers import Later
from tlcourse.language import gpt, texts
from tlcourse.lessons.gpt import checks


@functools.cache
def loaded():
    return gpt.load()


def validation():
    rest, _ = texts.split(texts.load("film_reviews"), seed=0)
    _, val = texts.split(rest[rest.kinds == "plain"], test=0.3, seed=0)
    return texts.draw(val, 30, seed=0)


def names():
    model, tokenizer = loaded()
    return {
        "gpt": gpt, "keras": keras, "np": np, "model": model, "tokenizer": tokenizer,
        "val": validation(),
    }  # fmt: skip


def log_probability(shift=1, first=None, softmax=True):
    def answer(logits, ids, start):
        start = start if first is None else first
        chances = keras.ops.log_softmax(logits) if softmax else logits
        places = range(start, len(ids))
        return sum(float(chances[place - shift, ids[place]]) for place in places)

    return answer


def mean_of_them(logits, ids, start):
    return log_probability()(logits, ids, start) / (len(ids) - start)


def scores(right):
    """Scores of which a share is right, and the others call the review good."""
    labels, rng = checks._validation(), np.random.default_rng(0)
    wrong = np.flatnonzero(labels == 0)[: round((1 - right) * len(labels))]
    good = labels.astype(bool)
    good[wrong] = True
    strong = rng.uniform(1, 2, len(labels))
    return np.stack(
        [np.where(good, -1, -3) - strong, np.where(good, -3, -1) - strong], 1
    )


def as_it_is(scores, empty):
    return scores.argmin(axis=1)


def the_other_way(scores, empty):
    return (scores - empty).argmax(axis=1)


def at_the_median(scores, empty):
    leaning = scores[:, 0] - scores[:, 1]
    return (leaning > np.median(leaning)).astype(int)


def divided(scores, empty):
    chances = np.exp(scores) / np.exp(empty)
    return chances[:, 0] > chances[:, 1]


def one_label(scores, empty):
    return 1


def head(units=3, activation="softmax", normalised=True, hidden=0, fits=True):
    loss = "sparse_categorical_crossentropy" if units > 1 else "binary_crossentropy"

    def answer(x, y):
        layers = [keras.layers.Dense(units, activation=activation)]
        if hidden:
            layers.insert(0, keras.layers.Dense(hidden))
        if normalised:
            normalise = keras.layers.Normalization()
            normalise.adapt(x)
            layers.insert(0, normalise)
        model = keras.Sequential(layers)
        model.compile(keras.optimizers.Adam(1e-2), loss)
        if fits:
            model.fit(x, y, epochs=30, verbose=0)
        return model

    return answer


def no_model(x, y):
    return x.mean(axis=0)


WRONG = {
    "gpt.1": {
        "logits": (log_probability(softmax=False), "rise by 2", "Yours goes"),
        "not shifted": (log_probability(shift=0), "at the last token"),
        "all tokens": (log_probability(first=1), "from `start` on"),
        "one more": (log_probability(first=3), "from `start` on"),
        "one less": (log_probability(first=5), "sum of the log", "Yours gives -"),
        "the mean": (mean_of_them, "sum of the log", "Yours gives -"),
    },
    "gpt.2": {
        "labels": (Later(checks._validation), "two scores"),
        "chances": (Later(lambda: np.exp(scores(0.9))), "log-probabilities"),
        "too few": (Later(lambda: scores(0.7)), "85%", "Yours: 70%. It calls 80%"),
    },
    "gpt.3": {
        "one label": (one_label, "a label for each"),
        "as it is": (as_it_is, "rise by 5", "Yours gives"),
        "the other way": (the_other_way, "leans to", "differs in 40 of 40"),
        "at the median": (at_the_median, "leans to", "Yours differs"),
    },
    "gpt.4": {
        "no model": (no_model, "Keras model", "ndarray"),
        "two classes": (head(1, "sigmoid"), "three probabilities", r"\(1,\)"),
        "logits": (head(activation=None), "sum to 1"),
        "a hidden layer": (head(hidden=20), "2,000 weights", "trains 11,603"),
        "not normalised": (head(normalised=False), "right class", "Yours: "),
        "not fitted": (head(fits=False), "right class", "Yours: "),
    },
}
RIGHT = {
    "gpt.1": {"in a loop": log_probability()},
    "gpt.2": {"good enough": Later(lambda: scores(0.9))},
    "gpt.3": {"divided": divided},
}
