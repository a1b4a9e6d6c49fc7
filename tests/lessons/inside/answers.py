"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import keras

import tlcourse as tl
from tests.helpers import Later, load_backbone
from tlcourse.lessons.inside import checks


def trained():
    return load_backbone("imagenet_distilled", input_size=128)


def names():
    return {"tl": tl, "keras": keras, "trained": trained()}


def cut(block, pooled=False, size=128):
    backbone = load_backbone("imagenet_distilled", input_size=size)
    maps = backbone.model.get_layer(backbone.blocks[block].output).output
    if pooled:
        maps = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(backbone.model.input, maps)


WRONG = {
    "inside.1": {
        "percent": (93.8, "a share"),
        "layers": (checks.LAYERS, "not layers"),
        "the last block": (14_998_528 / 23_587_712, "and of both"),
    },
    "inside.2": {
        "no model": (9, "Keras model"),
        "another block": (Later(lambda: cut(8)), "block that is asked for"),
        "pooled": (Later(lambda: cut(9, pooled=True)), "not their average"),
        "another size": (Later(lambda: cut(9, size=64)), "lesson's MobileNet", "64"),
    },
    "inside.3": {
        "no name": ("the eighth", "the name of a block"),
        "too early": ("block5", "no block is more"),
    },
}
RIGHT = {"inside.2": {"cut here": Later(lambda: cut(9))}}
