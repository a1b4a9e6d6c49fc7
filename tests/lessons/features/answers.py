"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import keras
import numpy as np

import tlcourse as tl
from tests.helpers import Later, load_backbone
from tlcourse.lessons.features.checks import SOURCES


def backbones():
    known = {"ten photographs": "photos"}
    names = (*SOURCES, "imagenet_distilled")
    return {name: load_backbone(known.get(name, name)) for name in names}


@functools.cache
def extractor():
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    base.trainable = False
    return keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])


def names():
    given = {"backbones": backbones(), "extractor": extractor()}
    return {"tl": tl, "np": np, "keras": keras, **given}


def built(size=96, scale=1.0, classes=None):
    inputs = keras.Input((size, size, 3))
    features = extractor()(keras.layers.Rescaling(scale)(inputs))
    if classes:
        features = keras.layers.Dense(classes)(features)
    return keras.Model(inputs, features)


def model(**options):
    return Later(lambda: built(**options))


def invented():
    return dict.fromkeys(backbones(), 37 / 74)


def on_test():
    task = tl.datasets.load("photos", per_class=10, seed=0)
    answer = {}
    for name, backbone in backbones().items():
        probe = tl.probes.linear_probe()
        probe.fit(backbone.features(task.train.images), task.train.labels)
        known = backbone.features(task.test.images)
        answer[name] = probe.score(known, task.test.labels)
    return answer


def named(scale=1.0, pick=np.argmax, size=None):
    def answer(model, path, classes):
        size_ = size or model.input_shape[1:3]
        picture = np.array(keras.utils.load_img(path, target_size=size_), float)
        chances = model.predict(picture[None] * scale, verbose=0)[0]
        return classes[int(pick(chances))]

    return answer


WRONG = {
    "features.1": {
        "no model": (3, "Keras model"),
        "another size": (model(size=64), "96 x 96", "64"),
        "with a head": (model(classes=8), "one row of features", "8"),
        "scaled twice": (model(scale=1 / 255), "the base's", "correlate"),
        "as for MobileNet": (model(scale=1 / 127.5), "the base's"),
    },
    "features.2": {
        "on the test split": (Later(on_test), "validation pictures", "On which split"),
        "invented": (Later(invented), "^The value for glyphs", r"^Yours is 0\.500\.$"),
    },
    "features.3": {
        "a number": (lambda *_: 0, "one of the names", "gives 0"),
        "the least": (named(pick=np.argmin), "highest probability"),
        "divided": (named(scale=1 / 255), "0 to 255"),
    },
}
RIGHT = {"features.1": {"a layer that does nothing": model()}}
