"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import keras
import numpy as np

import tlcourse as tl
from tests.helpers import Later

CLASSES = 8


@functools.cache
def base():
    model = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    model.trainable = False
    return model


def with_head(classes=5, size=96, activation="softmax", inside=None, deep=False):
    pictures = keras.Input((size, size, 3))
    maps = (inside or base())(pictures)
    features = keras.layers.GlobalAveragePooling2D()(maps)
    if deep:
        features = keras.layers.Dense(10)(features)
    chances = keras.layers.Dense(classes, activation=activation)(features)
    return keras.Model(pictures, chances)


@functools.cache
def names():
    folder = tl.datasets.folder("apples", "orchard", per_class=20)
    file = folder / "test" / "Granny Smith" / "00003.jpg"
    given = {"file": file, "base": base(), "model": with_head(CLASSES)}
    return {"tl": tl, "np": np, "keras": keras, **given}


def read(size=80, batch=True):
    picture = keras.utils.load_img(names()["file"], target_size=(size, size))
    return np.asarray(picture)[None] if batch else np.asarray(picture)


def changed(change):
    """The right picture with a change."""
    return Later(lambda: change(read()))


def built(**options):
    return Later(lambda: with_head(**options))


def random_base():
    base = tl.backbones.load("efficientnet_lite0", source=None, input_size=96).model
    base.trainable = False
    return with_head(inside=base)


def unfrozen():
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    return with_head(inside=base)


def frozen_whole():
    model = with_head()
    model.layers[-1].trainable = False
    return model


WRONG = {
    "start.1": {
        "no batch": (changed(lambda x: x[0]), "four axes"),
        "two": (changed(lambda x: np.repeat(x, 2, axis=0)), "a batch of one"),
        "another size": (Later(lambda: read(96)), "Height and width", "96"),
        "one channel": (changed(lambda x: x[..., :1]), "three channels"),
        "divided by 255": (changed(lambda x: x / 255), "from 0 to 255"),
        "scaled to -1": (changed(lambda x: x / 127.5 - 1), "from 0 to 255"),
        "upside down": (changed(lambda x: x[:, ::-1]), "picture in the file"),
    },
    "start.2": {
        "no model": (3, "Keras model"),
        "another size": (built(size=64), "96 x 96", "64"),
        "eight classes": (built(classes=CLASSES), "one number per class", "8"),
        "all frozen": (Later(frozen_whole), "Something of it trains"),
        "all trains": (Later(unfrozen), "Only a linear head"),
        "two layers": (built(deep=True), "Only a linear head"),
        "random base": (Later(random_base), "photographs have taught"),
        "logits": (built(activation=None), "sum to 1"),
    },
}
RIGHT = {
    "start.1": {"float": changed(lambda x: x.astype("float32"))},
    "start.2": {"built anew": built()},
}
