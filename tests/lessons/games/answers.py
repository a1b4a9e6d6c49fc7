"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

from tests.helpers import solved
from tlcourse.quiet import import_keras


def names():
    return {"np": np, "keras": import_keras()}


def last_time_below(curves, threshold):
    return (curves < threshold).sum(axis=1)


def one_for_all(curves, threshold):
    return (curves.mean(axis=0) >= threshold).argmax()


def all_kept(source):
    policy = import_keras().models.clone_model(source)
    policy.set_weights(source.get_weights())
    for layer in policy.layers[:-1]:
        layer.trainable = False
    return policy


def not_frozen(source):
    policy = solved("games.2", **names())(source)
    for layer in policy.layers:
        layer.trainable = True
    return policy


def shares_layers(source):
    keras = import_keras()
    hidden = source.layers[:-1]
    for layer in hidden:
        layer.trainable = False
    last = keras.layers.Dense(source.output_shape[-1])
    return keras.Sequential([keras.Input(source.input_shape[1:]), *hidden, last])


def zeros_last(source):
    policy = solved("games.2", **names())(source)
    policy.layers[-1].set_weights([0 * x for x in policy.layers[-1].get_weights()])
    return policy


def kernel_alone(source):
    policy = import_keras().models.clone_model(source)
    *hidden, kernel, bias = source.get_weights()
    policy.set_weights([*hidden, kernel[:, ::-1], bias])
    return policy


def in_place(source):
    *hidden, kernel, bias = source.get_weights()
    source.set_weights([*hidden, kernel[..., ::-1], bias[..., ::-1]])
    return import_keras().models.clone_model(source)


def negative(source):
    policy = import_keras().models.clone_model(source)
    *hidden, kernel, bias = source.get_weights()
    policy.set_weights([*hidden, -kernel, -bias])
    return policy


def a_layer_more(source):
    keras = import_keras()
    policy = keras.models.clone_model(source)
    policy.set_weights(source.get_weights())
    return keras.Model(policy.inputs[0], keras.ops.flip(policy.outputs[0], axis=-1))


WRONG = {
    "games.1": {
        "the last time below": (last_time_below, "first time counts"),
        "of the mean": (one_for_all, "a number for each curve"),
        "never is 0": (
            lambda curves, threshold: (curves >= threshold).argmax(axis=1),
            "takes all updates", r"\[1, 0, 0, 4\]",
        ),
        "for 150 alone": (
            lambda curves, threshold: solved("games.1", **names())(curves, 150),
            "another threshold",
        ),
    },
    "games.2": {
        "the last too": (all_kept, "The last layer is new"),
        "not frozen": (not_frozen, "changes the last layer alone"),
        "the source's layers": (shares_layers, "stays as it was"),
        "nothing in the last": (zeros_last, "random weights"),
    },
    "games.3": {
        "the kernel alone": (kernel_alone, "in the other order"),
        "the source itself": (in_place, "arrives in time"),
        "other numbers": (negative, "in the other order"),
    },
}  # fmt: skip
RIGHT = {"games.3": {"a layer that turns them": a_layer_more}}
