"""The exercises of the lesson."""

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- games.1 time to threshold --------------------------------------------------------

_CURVES = np.array([
    [10, 160, 120, 190, 200],  # reached at once, lost, and reached again
    [10, 20, 30, 40, 50],  # never
    [150, 190, 200, 200, 200],  # from the start
    [20, 60, 100, 140, 150],
])  # fmt: skip
_TIMES = np.array([1, 5, 0, 4])


def _times(answer, curves=_CURVES, threshold=150):
    times = np.asarray(answer(curves.copy(), threshold))
    if times.shape != curves.shape[:1]:
        raise TypeError("not a number for each curve")
    return times


def _found_times(answer):
    return f"Yours gives {_times(answer).tolist()} for four curves."


# --- games.2 new last layer, the others frozen ----------------------------------------


def _dense(*shapes, inputs):
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(len(shapes))
    layers = [
        keras.layers.Dense(units, activation="tanh" if k < len(shapes) - 1 else None)
        for k, units in enumerate(shapes)
    ]
    return keras.Sequential([keras.Input((inputs,)), *layers])


def _source():
    return _dense(16, 12, 8, 3, inputs=5)


def _kept(answer):
    ours, theirs = (x.get_weights()[:-2] for x in (answer(_source()), _source()))
    return all(map(np.array_equal, ours, theirs)) and len(ours) == len(theirs)


def _new_last(answer):
    kernel = answer(_source()).get_weights()[-2]
    old = _source().get_weights()[-2]
    spread = kernel.std() / old.std()
    return kernel.shape == old.shape and not np.allclose(kernel, old) and spread > 0.3


def _trains_the_last_alone(answer):
    policy = answer(_source())
    *hidden, last = policy.layers
    return last.trainable_weights and not any(x.trainable_weights for x in hidden)


def _source_stays(answer):
    source = _source()
    before = source.get_weights()
    answer(source)
    same = all(map(np.array_equal, before, source.get_weights()))
    return same and all(layer.trainable for layer in source.layers)


# --- games.3 the other button ---------------------------------------------------------


def _driver():
    """A policy for MountainCar by hand: push the way the car rolls."""
    policy = _dense(4, 2, inputs=2)
    first, bias = np.zeros((2, 4)), np.zeros(4)
    first[1, 0] = 4
    last = np.zeros((4, 2))
    last[0] = -3, 3
    policy.set_weights([first, bias, last, np.array([0.0, 0.1])])
    return policy


def _steps(answer):
    """Mean steps until ten cars arrive in a mirrored valley, 100 at most."""
    from tlcourse import games

    game, policy = games.MountainCar(mirrored=True), answer(_driver())
    seen, steps = game.reset(10, np.random.default_rng(0)), np.zeros(10)
    away = np.ones(10, bool)
    for _ in range(100):
        steps += away
        seen, arrived = game.step(np.asarray(policy(seen)).argmax(axis=1))
        away &= ~arrived
    return steps.mean()


def _is_a_new_model(answer):
    from tlcourse.quiet import import_keras

    driver = _driver()
    given = answer(driver)
    return isinstance(given, import_keras().Model) and given is not driver


def _presses_the_other(answer):
    seen = np.random.default_rng(1).normal(size=(50, 2)).astype("float32")
    ours, theirs = (np.asarray(model(seen)) for model in (answer(_driver()), _driver()))
    return np.allclose(ours, theirs[:, ::-1], atol=1e-5)


def _driver_stays(answer):
    driver = _driver()
    before = driver.get_weights()
    answer(driver)
    return all(map(np.array_equal, before, driver.get_weights()))


EXERCISES = [
    Exercise(
        name="games.1",
        title="Time to threshold",
        expects="a function that takes curves and a threshold and gives an array",
        properties=[
            Property(
                "It gives a number for each curve",
                lambda answer: np.isfinite(_times(answer)).all(),
            ),
            Property(
                "A curve that never reaches the threshold takes all updates",
                lambda answer: _times(answer)[1] == 5,
                found=_found_times,
            ),
            Property(
                "The first time counts, whatever comes after it",
                lambda answer: (_times(answer) == _TIMES).all(),
                found=_found_times,
            ),
            Property(
                "It serves for another threshold and other lengths",
                lambda answer: (
                    _times(answer, _CURVES[:, :3], 100) == [1, 3, 0, 2]
                ).all(),
                found="With 3 updates and a threshold of 100, yours was wrong.",
            ),
        ],
        hints=[
            "What does `argmax` give for a row in which nothing is true?",
            "`there.any(axis=1)` tells which curves reach the threshold at all.",
            "`np.where(reached, one, other)` takes from two arrays. The other is the "
            "number of updates, `curves.shape[1]`.",
        ],
        solution="""\
def answer(curves, threshold):
    there = curves >= threshold
    return np.where(there.any(axis=1), there.argmax(axis=1), curves.shape[1])""",
        explanation="With 0 for 'never', the worst training would look like the best. "
        "The true time is that or more, so a mean over such seeds is a lower bound.",
    ),
    Exercise(
        name="games.2",
        title="A new last layer",
        expects="a function that takes a Keras model and gives another",
        properties=[
            Property(
                "All layers but the last have the source's weights",
                _kept,
                found="The weights of yours differ.",
            ),
            Property(
                "The last layer is new, with random weights",
                _new_last,
                found="The last layer of yours is the source's, or all zeros.",
            ),
            Property(
                "Training changes the last layer alone",
                _trains_the_last_alone,
                found="In yours, other weights are trainable, or none.",
            ),
            Property(
                "The source stays as it was, and trainable",
                _source_stays,
                found="Yours changed it.",
            ),
        ],
        hints=[
            "`clone_model` gives the same layers with new random weights. Which of "
            "them should get the source's?",
            "Go through `zip(policy.layers[:-1], source.layers[:-1])`.",
            "`new.set_weights(old.get_weights())`, then `new.trainable = False`.",
        ],
        solution="""\
def answer(source):
    policy = keras.models.clone_model(source)
    for new, old in zip(policy.layers[:-1], source.layers[:-1], strict=True):
        new.set_weights(old.get_weights())
        new.trainable = False
    return policy""",
        explanation="Compile it after this: `compile` notes what is trainable.",
    ),
    Exercise(
        name="games.3",
        title="The other button, without training",
        expects="a function that takes a Keras model and gives another",
        properties=[
            Property("It gives a new Keras model", _is_a_new_model),
            Property(
                "In the mirrored valley the car arrives in time",
                lambda answer: _steps(answer) < 80,
                found="It does not arrive within 80 steps with yours.",
            ),
            Property(
                "Its two outputs are the source's, in the other order",
                _presses_the_other,
                found="Yours gives other numbers.",
            ),
            Property(
                "The policy that it was given stays as it was",
                _driver_stays,
                found="Yours changed it.",
            ),
        ],
        hints=[
            "Which array decides what becomes of button 0, and what of button 1?",
            "The last two arrays of `get_weights()` are the kernel (hidden, 2) and the "
            "bias (2,).",
            "`x[..., ::-1]` turns the last axis round. It serves for both arrays.",
        ],
        solution="""\
def answer(source):
    policy = keras.models.clone_model(source)
    *hidden, kernel, bias = source.get_weights()
    policy.set_weights([*hidden, kernel[..., ::-1], bias[..., ::-1]])
    return policy""",
        explanation="What you know of the target can replace training. Nobody told the "
        "fine-tuning that the controls are mirrored.",
    ),
]
