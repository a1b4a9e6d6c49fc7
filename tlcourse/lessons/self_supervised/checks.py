"""The exercises of the lesson."""

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- self_supervised.1 which changes --------------------------------------------------

TARGETS = ("digits", "apples", "tissue")
# What would make another thing of it, or hide what tells the things apart.
FALSE_CLAIMS = {
    "digits": ("mirror", "any_way_up", "crop"),
    "apples": ("colour", "grey"),
    "tissue": ("grey",),
}


def _is_a_choice(answer):
    from tlcourse.unsupervised import AUGMENTATIONS

    return set(answer) == set(TARGETS) and all(
        not isinstance(names, str) and set(names) <= set(AUGMENTATIONS)
        for names in answer.values()
    )


def _change_something(answer):
    digits = set(answer["digits"]) - {"grey"}  # they have no colour to lose
    others = (set(answer[target]) for target in TARGETS if target != "digits")
    return min(map(len, (digits, *others))) >= 2


def _true_claims(target):
    return lambda answer: not set(answer[target]) & set(FALSE_CLAIMS[target])


def _claimed(target):
    return lambda answer: f"You have {', '.join(answer[target])}."


# --- self_supervised.2 a cure for collapse --------------------------------------------


def _drawn(spread, n=64, d=6):
    draws = np.random.default_rng(0).normal(size=(n, d))
    draws = (draws - draws.mean(0)) / draws.std(0)
    return (3 + spread * draws).astype("float32")


def _said(answer, features):
    return float(np.asarray(answer(features)))


def _narrowness(features):
    return np.maximum(0, 1 - features.std(axis=0)).mean()


def _close(answer, features):
    return bool(np.isclose(_said(answer, features), _narrowness(features), atol=2e-3))


def _mixed():
    """Some features are narrow and others wide: a mean spread hides the narrow ones."""
    return _drawn(np.array([0.1, 0.4, 0.8, 1.5, 3.0, 6.0]))


def _learns(answer):
    """Its gradient pulls narrow features apart, also from (nearly) one point."""
    keras = _keras()
    import tensorflow as tf

    place = keras.Variable(_drawn(0.01))
    with tf.GradientTape() as tape:
        loss = answer(keras.ops.convert_to_tensor(place))
    slope = tape.gradient(loss, place.value)
    if slope is None:
        return False
    slope = np.asarray(slope)
    return bool(np.isfinite(slope).all() and np.abs(slope).max() > 0)


def _keras():
    from tlcourse.quiet import import_keras

    return import_keras()


EXERCISES = [
    Exercise(
        name="self_supervised.1",
        title="Which changes?",
        expects="a dict with a list of augmentations for digits, apples and tissue",
        properties=[
            Property(
                "There is a list for digits, apples and tissue, of names that "
                "`unsupervised.AUGMENTATIONS` has",
                _is_a_choice,
                found="Yours has another key or another name.",
            ),
            Property(
                "Each list has at least two changes that change something",
                _change_something,
                found="One of yours has fewer. (What would `grey` do to a digit?)",
            ),
            Property(
                "Each change leaves a digit the digit that it is",
                _true_claims("digits"),
                found=_claimed("digits"),
            ),
            Property(
                "No change hides what tells the kinds of apples apart",
                _true_claims("apples"),
                found=_claimed("apples"),
            ),
            Property(
                "No change hides what tells kinds of tissue apart",
                _true_claims("tissue"),
                found=_claimed("tissue"),
            ),
            Property(
                "The list for tissue uses that a slide has no up and down",
                lambda answer: "any_way_up" in answer["tissue"],
                found=_claimed("tissue"),
            ),
        ],
        hints=[
            "Ask of each change: if somebody did this to the picture, would an expert "
            "give it another name?",
            "A 6 that is turned round is a 9, a mirrored 2 is no digit, and a piece of "
            "an 8 may be a 3. What does a green apple have that a red one has not?",
            "`any_way_up` is for things that have no up and down. Stains differ from "
            "laboratory to laboratory, but without them a slide is hardly readable.",
        ],
        solution="""\
answer = {
    "digits": ["shift", "tilt", "light"],
    "apples": ["crop", "mirror", "light"],
    "tissue": ["crop", "any_way_up", "colour"],
}""",
        explanation="Other lists will do, too. How strongly slides are stained differs "
        "from laboratory to laboratory, so for tissue `colour` is a true claim.",
    ),
    Exercise(
        name="self_supervised.2",
        title="A cure for collapse",
        expects="a function of features, a tensor (n, d), that gives one number",
        properties=[
            Property(
                "Where each feature spreads by 1 or more, it is 0",
                lambda answer: abs(_said(answer, _drawn(1.5))) < 1e-3,
                found=lambda answer: f"Yours gives {_said(answer, _drawn(1.5)):.2f}.",
            ),
            Property(
                "Where all pictures lie in one point, it is 1",
                lambda answer: abs(_said(answer, _drawn(0.0)) - 1) < 0.02,
                found=lambda answer: f"Yours gives {_said(answer, _drawn(0.0)):.2f}.",
            ),
            Property(
                "Wide features do not make up for narrow ones",
                lambda answer: _close(answer, _mixed()),
                found=lambda answer: (
                    f"Of six features three are narrow; {_narrowness(_mixed()):.2f} is "
                    f"right, and yours gives {_said(answer, _mixed()):.2f}."
                ),
            ),
            Property(
                "Keras can learn from it: it is made of `keras.ops`, and has a slope",
                _learns,
                found="Yours has none. NumPy's functions, for example, hide it.",
            ),
        ],
        hints=[
            "Take the spread of each feature over the pictures: axis 0.",
            "A feature with a spread of 0.4 lacks 0.6, and one with 3 lacks nothing: "
            "`keras.ops.relu(1 - spread)`.",
            "The mean of what all features lack. `keras.ops.std` has no slope at 0: "
            "take `keras.ops.sqrt(keras.ops.var(features, axis=0) + 1e-6)`.",
        ],
        solution="""\
import keras


def answer(features):
    ops = keras.ops
    spread = ops.sqrt(ops.var(features, axis=0) + 1e-6)
    return ops.mean(ops.relu(1 - spread))""",
        explanation="This is the variance term of VICReg (Bardes et al. 2022). Beside "
        "the loss that asks for like views, it forbids collapse without comparing "
        "pictures.",
    ),
]
