"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools
import pathlib
import random
import shutil
import tempfile

import keras
import numpy as np

import tlcourse as tl
from tests.helpers import Later


@functools.cache
def yours():
    return tl.datasets.folder("photos", per_class=10)


def names():
    return {"tl": tl, "np": np, "keras": keras, "random": random, "yours": yours()}


# --- own_pictures.1 -------------------------------------------------------------------


def shared(shuffle=True, of=lambda name: name[:2], shares=(4, 4), seed=0, drop=0):
    def answer(names):
        things = sorted({of(name) for name in names})
        if shuffle:
            random.Random(seed).shuffle(things)
        first, second = shares[0], sum(shares)
        cut = {"test": things[:first], "val": things[first:second]}
        cut["train"] = things[second:]
        found = {p: [n for n in names if of(n) in some] for p, some in cut.items()}
        return found | {"train": found["train"][drop:]}

    return answer


def two_parts(names):
    return {"train": names[8:], "test": names[:8]}


# --- own_pictures.2 -------------------------------------------------------------------


def build(
    scale=(1 / 127.5, -1), flip=True, softmax=True, frozen=True, ready=True, late=False,
    noise=False, count=0, loss="sparse_categorical_crossentropy",
):  # fmt: skip
    def answer(base, classes):
        base.trainable = not (frozen and not late)
        pictures = keras.Input(base.input_shape[1:])
        seen = pictures
        if flip:
            seen = keras.layers.RandomFlip("horizontal")(seen)
        seen = keras.layers.Rescaling(*scale)(seen)
        if noise:
            noise_in = keras.layers.Lambda(lambda x: x + keras.random.normal((3,)) / 99)
            seen = noise_in(seen)
        pooled = keras.layers.GlobalAveragePooling2D()(base(seen))
        activation = "softmax" if softmax else None
        head = keras.layers.Dense(count or classes, activation=activation)
        model = keras.Model(pictures, head(pooled))
        if ready:
            model.compile("adam", loss)
        if late:
            base.trainable = False
        return model

    return answer


# --- own_pictures.3 -------------------------------------------------------------------


def written(classes=None, softmax=True, plain=False):
    """A model in a file, with the classes of the folder and a head of zeros."""
    folder = pathlib.Path(tempfile.mkdtemp())
    named = tl.datasets.from_folder(yours()).classes if classes is None else classes
    pictures = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(pictures)
    activation = "softmax" if softmax else None
    head = keras.layers.Dense(
        len(named), activation=activation, kernel_initializer="zeros"
    )
    model = keras.Model(pictures, head(pooled))
    if plain:
        model.save(folder / "a.keras")
        return folder / "a.keras"
    return tl.saving.save(model, named, folder / "a.keras")


def on_both_sides():
    folder = pathlib.Path(tempfile.mkdtemp()) / "copied"
    shutil.copytree(yours(), folder)
    one = next((folder / "train").rglob("*.jpg"))
    shutil.copy(one, folder / "test" / one.parent.name / "again.jpg")
    return folder


WRONG = {
    "own_pictures.1": {
        "two parts": (two_parts, '"train", "val" and "test"'),
        "some are lost": (shared(drop=2), "Every name", "78"),
        "single shots": (shared(of=lambda name: name, shares=(16, 16)), "in one part"),
        "sizes": (shared(shares=(8, 8)), "About 60, 20", r"\[4, 8, 8\]"),
        "in order": (shared(shuffle=False), "shuffled first"),
        "by chance": (shared(seed=None), "same parts"),
    },
    "own_pictures.2": {
        "no model": (lambda base, count: 3, "Keras model"),
        "other count": (build(count=5), "one number per class", "5"),
        "not scaled": (build(scale=(1,)), "from -1 to 1", "255"),
        "to 0..1": (build(scale=(1 / 255,)), "from -1 to 1"),
        "logits": (build(softmax=False), "probabilities"),
        "always noisy": (build(noise=True), "by chance"),
        "no augmentation": (build(flip=False), "changed pictures"),
        "not compiled": (build(ready=False), "compiled"),
        "one-hot loss": (build(loss="categorical_crossentropy"), "Its loss", "nan"),
        "another loss": (build(loss="mse"), "Its loss is the cross-entropy"),
        "base trains": (build(frozen=False), "Only a linear head"),
    },
    "own_pictures.3": {
        "no file": (Later(lambda: ("none.keras", yours())), "is there", "none"),
        "no parts": (Later(lambda: (written(), yours() / "train")), "train, val and"),
        "a copy": (Later(lambda: (written(), on_both_sides())), "stands in two"),
        "of apples": (Later(lambda: (written(["a", "b"]), yours())), "same order"),
        "no classes": (
            Later(lambda: (written(plain=True), yours())),
            "names of its cl",
        ),
        "logits": (Later(lambda: (written(softmax=False), yours())), "probabilities"),
        "untrained": (Later(lambda: (written(), yours())), "beats a linear head"),
    },
}
