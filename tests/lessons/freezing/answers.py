"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import numpy as np

import tlcourse as tl
from tests.helpers import Later, load_backbone, solved
from tlcourse.quiet import import_keras

near = functools.partial(load_backbone, "glyphs")
far = functools.partial(load_backbone, "fractals")
PLAN = tl.FreezePlan


def names():
    return {"tl": tl, "np": np, "keras": import_keras(), "near": near(), "far": far()}


def nothing(base):
    pass


def frozen_first(base):
    for layer in base.layers:
        if "batch" in layer.name:
            layer.trainable = False
    base.trainable = True  # undoes the loop


def half(base):
    base.trainable = True
    for layer in base.layers[:4]:
        layer.trainable = False


def frozen(backbone):
    return Later(lambda: PLAN.features(backbone()))


from_scratch = Later(lambda: PLAN.scratch(far()))
much_too_fast = Later(lambda: PLAN.all(near(), body_rate=3e-2))


def schedule():
    slow = PLAN.all(near(), body_rate=1e-4, head_rate=1e-2)
    return [PLAN.features(near()), slow]


def base_stays(base):
    for layer in base.layers:
        layer.trainable = not isinstance(
            layer, import_keras().layers.BatchNormalization
        )


def gives_the_base_back(base):
    solved("freezing.3", **names())(base)
    return base


def second_phase(rate=3e-4, compiles=True, still=True, keep_head=True):
    def answer(model, base):
        keras = import_keras()
        base.trainable = True
        for layer in base.layers:
            if still and isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        model.layers[-1].trainable = keep_head
        if compiles:
            adam = keras.optimizers.Adam(rate)
            model.compile(adam, "sparse_categorical_crossentropy")

    return answer


WRONG = {
    "freezing.1": {
        "a backbone": (Later(far), "one FreezePlan"),
        "of the near source": (frozen(near), "fractals", "source glyphs"),
        "from scratch": (from_scratch, "fractals", "from scratch"),
        "too many": (Later(lambda: PLAN.last(far(), 8)), "40,000", "trains"),
        "too few": (frozen(far), "validation accuracy", r"0\.[1-4]\d"),
    },
    "freezing.2": {
        "a number": (3, "FreezePlan"),
        "of the far source": (Later(lambda: PLAN.all(far())), "glyphs"),
        "frozen": (frozen(near), "every block"),
        "too fast": (Later(lambda: PLAN.all(near())), "old head", r"it reads 0\."),
        "much too fast": (much_too_fast, "validation accuracy", r"came to 0\.[0-8]"),
    },
    "freezing.3": {
        "nothing": (nothing, "no BatchNorm is free"),
        "frozen first": (frozen_first, "BatchNorm layer is frozen"),
        "half": (half, "no BatchNorm is free"),
        "base stays": (base_stays, "no BatchNorm is free", "base.trainable is False"),
    },
    "freezing.4": {
        "not compiled": (second_phase(compiles=False), "every kernel"),
        "a frozen head": (second_phase(keep_head=False), "moves the head"),
        "BatchNorm too": (second_phase(still=False), "BatchNorm alone"),
        "a large rate": (second_phase(rate=1e-2), "as small as", "0.01"),
    },
}
RIGHT = {
    "freezing.2": {
        "a schedule": Later(schedule),
        "small steps": Later(lambda: PLAN.all(near(), body_rate=1e-4)),
        "probe first": Later(lambda: [PLAN.features(near()), PLAN.all(near())]),
    },
    "freezing.3": {"gives the base back": gives_the_base_back},
    "freezing.4": {"another rate": second_phase(rate=1e-4)},
}
