"""What the lesson says: BERT against word counts, ways to tune it, where it fails."""

import gc
import multiprocessing

import numpy as np
import pytest

from tests.helpers import interval
from tlcourse.language import texts as reviews

RESTS_ON = (
    "language/bert", "language/wordpiece", "language/safetensors", "language/texts",
)  # fmt: skip
LENGTH, MOST = 48, 100
LABELS = (5, 20, MOST)
WAYS = ("frozen", "top two blocks", "all blocks", "LoRA")
RATES = {"top two blocks": 5e-5, "all blocks": 5e-5, "LoRA": 1e-3}


def outspoken(seed):
    """Plain reviews to draw from, and all kinds to test on."""
    pool, test = reviews.split(reviews.load("film_reviews"), seed=seed)
    return pool[pool.kinds == "plain"], test


def head_on(features, labels, seed):
    """The lesson's head: a Dense layer on frozen features."""
    from tlcourse.language.bert import keras

    keras.utils.set_random_seed(seed)
    head = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
    head.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    head.fit(features, labels, batch_size=16, epochs=40, verbose=0)
    return head


def measure_labels(seed):
    """Accuracy on outspoken reviews: word counts, frozen BERT, random weights."""
    from tlcourse.language import bert

    pool, test = outspoken(seed)
    test = test[test.kinds == "plain"]
    model, tokenizer = bert.load(LENGTH)
    bert.keras.utils.set_random_seed(seed)
    random, rows = bert.encoder(LENGTH), []
    for count in LABELS:
        few = reviews.draw(pool, count, seed=seed)
        words = reviews.word_counts().fit(few.texts, few.labels)
        scores = {"word counts": words.score(test.texts, test.labels)}
        for way, each in {"BERT, frozen": model, "random weights": random}.items():
            x, y = (
                each.predict(tokenizer.encode(some.texts, LENGTH), verbose=0)
                for some in (few, test)
            )
            said = head_on(x, few.labels, seed).predict(y, verbose=0).argmax(axis=1)
            scores[way] = np.mean(said == test.labels)
        rows += [
            {"way": way, "per_class": count, "value": float(value)}
            for way, value in scores.items()
        ]
    del model, random
    gc.collect()
    return rows


def measure_tuned(seed, way):
    """One way to train, in a process of its own: models leave memory behind."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(tuned, (seed, way))


def tuned(seed, way):
    from tlcourse.language import bert

    keras = bert.keras
    pool, test = outspoken(seed)
    few = reviews.draw(pool, MOST, seed=seed)
    model, tokenizer = bert.load(LENGTH, rank=8 if way == "LoRA" else 0)
    x, y = (tokenizer.encode(some.texts, LENGTH) for some in (few, test))
    first = head_on(model.predict(x, verbose=0), few.labels, seed)
    chances = keras.layers.Dense(2, activation="softmax", name="head")(model.output)
    whole = keras.Model(model.input, chances)
    whole.get_layer("head").set_weights(first.get_weights())
    if way != "frozen":
        if way == "LoRA":
            bert.train_lora_alone(model)
        else:
            free = ("block5", "block6") if way == "top two blocks" else ("block",)
            for layer in model.layers:
                layer.trainable = layer.name.startswith(free)
        rate = keras.optimizers.Adam(RATES[way])
        whole.compile(rate, "sparse_categorical_crossentropy")
        whole.fit(x, few.labels, batch_size=16, epochs=4, verbose=0)
    right = whole.predict(y, verbose=0).argmax(axis=1) == test.labels
    return [
        {
            "way": way,
            "kind": str(kind),
            "value": float(right[test.kinds == kind].mean()),
        }
        for kind in np.unique(test.kinds)
    ]


@pytest.fixture(scope="module")
def labels(evidence):
    table = evidence("bert.labels", measure_labels)
    return table.set_index(["way", "per_class", "seed"])["value"]


@pytest.fixture(scope="module")
def ways(evidence):
    table = evidence("bert.tuned", measure_tuned, parts=WAYS)
    return table.set_index(["way", "kind", "seed"])["value"]


def test_frozen_bert_beats_word_counts_and_random_weights(labels):
    for count in (20, MOST):
        ours, words, random = (
            interval(labels[way, count])
            for way in ("BERT, frozen", "word counts", "random weights")
        )
        assert ours[0] > words[1] and ours[0] > random[1]
    assert labels["BERT, frozen", MOST].mean() > 0.8


def test_tuning_adds_little_on_so_few_labels(ways):
    frozen = ways["frozen", "plain"]
    assert frozen.mean() > 0.8
    for way in WAYS[1:]:
        gain = ways[way, "plain"] - frozen
        assert -0.05 < gain.mean() < 0.1


def test_irony_is_beyond_it(ways):
    for way in WAYS:
        assert interval(ways[way, "irony"])[0] < 0.5
        assert ways[way, "irony"].mean() < ways[way, "plain"].mean() - 0.2
