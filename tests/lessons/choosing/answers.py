"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import tlcourse as tl
from tests.helpers import defined, load_backbone
from tlcourse.lessons.choosing import checks
from tlcourse.quiet import import_keras


@functools.cache
def lesson():
    """The lesson's functions, and two of its networks."""
    keras = import_keras()
    make = defined("choosing", "extractor")["extractor"]
    lite0 = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    extractors = {"EfficientNetLite0": make(lite0, 96)}
    scale = keras.applications.mobilenet.preprocess_input
    for name in checks.ASKED[1:]:
        extractors[name] = make(load_backbone(name).model, 64, scale)
    names = ("probe", "scores", "read", "describe")
    return defined("choosing", *names, extractors=extractors)


def names():
    return {"tl": tl, "keras": import_keras(), **lesson()}


def flattened(base, preprocess, size):
    keras = import_keras()
    pictures = keras.Input((size, size, 3))
    return keras.Model(pictures, keras.layers.Flatten()(base(preprocess(pictures))))


def of_one_size(base, preprocess, size):
    keras = import_keras()
    pictures = keras.Input((size, size, 3))
    pool = keras.layers.GlobalAveragePooling2D()
    return keras.Model(pictures, pool(base(preprocess(pictures))))


def unscaled(base, preprocess, size):
    keras = import_keras()
    pictures = keras.Input((None, None, 3))
    resized = keras.layers.Resizing(size, size)(pictures)
    return keras.Model(pictures, keras.layers.GlobalAveragePooling2D()(base(resized)))


WRONG = {
    "choosing.1": {
        "the base": (lambda base, preprocess, size: base, "of its own"),
        "flattened": (flattened, "one row of numbers", r"\(3, 384\)"),
        "unscaled": (unscaled, "scales them"),
        "one size": (of_one_size, "24 or 80"),
    },
    "choosing.2": {
        "the best": (
            lambda table, within=0.03: table["linear_probe"].idxmax(),
            "names the quickest",
        ),
        "the quickest": (
            lambda table, within=0.03: table["ms"].idxmin(),
            "less accurate than the best",
            "figs",
        ),
        "fixed": (
            lambda table, within=0.03: table[
                table["linear_probe"] >= table["linear_probe"].max() - 0.03
            ]["ms"].idxmin(),
            "value of `within`",
        ),
        "a number": (lambda table, within=0.03: 0.8, "a name", "0.8"),
    },
    "choosing.3": {
        "on the training pictures": (
            dict.fromkeys(checks.ASKED, 1.0),
            "pictures of the fit",
        ),
        "one": ({"photos": 0.5}, "each of the two"),
        "guessing": (dict.fromkeys(checks.ASKED, 0.25), "within 0.06", "Yours gives"),
    },
}
