"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np
import pandas as pd

from tests.helpers import solved
from tlcourse.quiet import import_keras


def names():
    return {"np": np, "pd": pd, "keras": import_keras()}


def by_class(labels, place):
    weights = 1 / np.bincount(labels)[labels]
    return weights / weights.mean()


def not_of_mean_one(labels, place):
    return 5 * solved("pitfalls.1", **names())(labels, place)


def rare_alone(labels, place):
    return (labels != place).astype(float)


def of_four(labels, place):
    group = 2 * labels + place
    counts = np.bincount(group, minlength=4)
    return len(labels) / 4 / counts[group]


def divides_probabilities(model, temperature):
    keras = import_keras()
    return keras.Model(model.input, keras.ops.softmax(model.output / temperature))


def changes_the_head(model, temperature):
    *_, head = model.layers
    head.set_weights([each / temperature for each in head.get_weights()])
    return model


def a_lambda(model, temperature):
    keras = import_keras()
    cool = keras.layers.Lambda(
        lambda x: keras.ops.softmax(keras.ops.log(x + 1e-9) / temperature)
    )
    return keras.Model(model.input, cool(model.output))


def on_test(table, way):
    return table.query("split == 'test'").groupby("way")["value"].mean()[way]


def random_weights(table, way):
    return on_test(table, way) - on_test(table, "frozen random weights")


def chosen_on_test(table, way):
    pixels = table[table["way"].str.startswith("pixels") & (table["split"] == "test")]
    return on_test(table, way) - pixels.groupby("way")["value"].mean().max()


def always_the_svm(table, way):
    return on_test(table, way) - on_test(table, "pixels, SVM")


def on_val(table, way):
    mean = table.query("split == 'val'").groupby("way")["value"].mean()
    return mean[way] - mean["pixels, SVM"]


WRONG = {
    "pitfalls.1": {
        "by class": (by_class, "same total weight"),
        "another mean": (not_of_mean_one, "mean weight is 1", "5.00"),
        "the rare alone": (rare_alone, "above 0", "is 0"),
        "always four": (of_four, "does not occur"),
    },
    "pitfalls.2": {
        "of probabilities": (divides_probabilities, "halved logits"),
        "the head": (changes_the_head, "halved logits|stays as it was"),
        "a Lambda": (a_lambda, "saved and loaded"),
    },
    "pitfalls.3": {
        "random weights": (random_weights, "pixels alone", r"\+0.16"),
        "chosen on test": (chosen_on_test, "chosen on val", "-0.17"),
        "always the SVM": (always_the_svm, "other names"),
        "on val": (on_val, "mean test accuracy"),
    },
}
