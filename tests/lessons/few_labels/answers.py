"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import numpy as np

from tests.helpers import solved
from tlcourse.quiet import import_keras


def names():
    return {"np": np, "keras": import_keras()}


def dense(kernel, bias):
    keras = import_keras()
    layer = keras.layers.Dense(kernel.shape[1])
    head = keras.Sequential([keras.Input(kernel.shape[:1]), layer])
    head.set_weights([kernel, bias])
    return head


def without_bias(prototypes):
    return dense(2 * prototypes.T, np.zeros(len(prototypes)))


def half_of_it(prototypes):
    return dense(prototypes.T, -(prototypes**2).sum(axis=1) / 2)


def layer_alone(prototypes):
    head = solved("few_labels.1", **names())(prototypes)
    return head.layers[-1]


def one_class_less(prototypes):
    return without_bias(prototypes[1:])


def taught(answers, from_logits=True):
    def answer(student, images, logits, temperature):
        keras = import_keras()
        loss = keras.losses.CategoricalCrossentropy(from_logits=from_logits)
        student.compile(keras.optimizers.Adam(1e-2), loss)
        given = answers(keras.ops.convert_to_numpy(logits), temperature)
        student.fit(images, given, epochs=60, verbose=0)

    return answer


def soft(logits, temperature):
    return np.array(import_keras().ops.softmax(logits / temperature))


def first_choices(logits, temperature):
    return np.eye(4)[logits.argmax(axis=1)]


def as_hinton(student, images, logits, temperature):
    """Divides the student's logits while it trains, too: another task than this one."""
    keras = import_keras()
    given = keras.layers.Rescaling(1 / temperature)
    divided = keras.Sequential([keras.Input((12,)), student, given])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    divided.compile(keras.optimizers.Adam(1e-2), loss)
    divided.fit(images, soft(logits, temperature), epochs=60, verbose=0)


def squared(student, images, logits, temperature):
    """Another loss that leads to the same place."""
    keras = import_keras()
    student.compile(keras.optimizers.Adam(3e-2), "mse")
    student.fit(images, logits / temperature, epochs=60, verbose=0)


def compiles_alone(student, images, logits, temperature):
    student.compile("adam", "mse")


def forgets_the_addition(layer, down, up):
    keras = import_keras()
    new = keras.layers.Dense.from_config(layer.get_config())
    new.build((None, 20))
    new.set_weights(layer.get_weights())
    return new


def in_place(layer, down, up):
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel + down @ up, bias])
    return layer


def two_layers(layer, down, up):
    keras = import_keras()
    return keras.Sequential([keras.Input((20,)), layer])


def without_its_bias(layer, down, up):
    keras = import_keras()
    new = keras.layers.Dense(9, use_bias=False)
    new.build((None, 20))
    new.set_weights([layer.get_weights()[0] + down @ up])
    return new


WRONG = {
    "few_labels.1": {
        "without bias": (without_bias, "nearest prototype", r"on \d+ of 226 pictures"),
        "a class less": (one_class_less, "for each class", r"\(226, 3\)"),
        "no model": (lambda prototypes: prototypes.T, ""),
    },
    "few_labels.2": {
        "first choices": (taught(first_choices), "temperature of 2", r"0\.\d"),
        "no temperature": (taught(lambda x, t: soft(x, 1)), "temperature of 2"),
        "always two": (taught(lambda x, t: soft(x, 2)), "temperature of 1"),
        "not from logits": (taught(soft, from_logits=False), "temperature"),
        "both divided": (as_hinton, "temperature of 2", r"0\.\d"),
        "no training": (compiles_alone, "trains the student"),
    },
    "few_labels.3": {
        "forgotten": (forgets_the_addition, "together"),
        "in place": (in_place, "stays as it was"),
        "two layers": (two_layers, "a Dense layer"),
        "no bias": (without_its_bias, "as many weights", "180"),
    },
}
RIGHT = {
    "few_labels.1": {"a layer": layer_alone, "halved": half_of_it},
    "few_labels.2": {"by squares": squared},
}
