"""The exercises of the lesson."""

import functools
import numbers

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- choosing.1 pictures of any size --------------------------------------------------

SIDE = 32


def _scaled(pictures):
    """What the exercise's base wants: pictures from -1 to 1."""
    return pictures / 127.5 - 1


@functools.lru_cache(maxsize=1)
def _base():
    """A small base of one fixed size: maps (n, 8, 8, 6)."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3))
    maps = keras.layers.Conv2D(6, 4, strides=4, activation="relu")(inputs)
    return keras.Model(inputs, maps)


def _pictures(side):
    """Smooth pictures: how they are resized hardly matters."""
    rows, columns = np.mgrid[:side, :side] / side
    waves = [np.sin(rows * k + columns * (3 - k)) for k in range(3)]
    one = 127.5 + 100 * np.stack(waves, axis=-1)
    return np.stack([one, 255 - one, one[::-1]]).astype("float32")


def _expected(side):
    """The right features, by plain steps."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    resized = keras.ops.image.resize(_pictures(side), (SIDE, SIDE))
    maps = keras.ops.convert_to_numpy(_base()(_scaled(resized)))
    return maps.mean((1, 2))


def _given(answer, side):
    return np.asarray(
        answer(_base(), _scaled, SIDE).predict(_pictures(side), verbose=0)
    )


def _is_a_model(answer):
    from tlcourse.quiet import import_keras

    model = answer(_base(), _scaled, SIDE)
    return isinstance(model, import_keras().Model) and model is not _base()


def _one_row_each(answer):
    return _given(answer, SIDE).shape == (3, 6)


def _right_size(answer):
    return np.allclose(_given(answer, SIDE), _expected(SIDE), atol=1e-3)


def _any_size(answer):
    return all(
        np.allclose(_given(answer, side), _expected(side), atol=0.05)
        for side in (24, 80)
    )


# --- choosing.2 good enough, and quick ------------------------------------------------


def _table(linear_probe, ms):
    import pandas

    names = ["pears", "plums", "figs", "limes"][: len(ms)]
    return pandas.DataFrame({"linear_probe": linear_probe, "ms": ms}, index=names)


def _chosen(answer, linear_probe, ms, within=0.03):
    return answer(_table(linear_probe, ms), within)


SLOW_BEST = [0.80, 0.79, 0.60, 0.70], [9.0, 4.0, 1.0, 2.0]
TWO_CLOSE = [0.78, 0.80, 0.79, 0.50], [3.0, 8.0, 5.0, 1.0]


def _is_a_name(answer):
    return _chosen(answer, *SLOW_BEST) in _table(*SLOW_BEST).index


def _not_the_quickest_of_all(answer):
    return _chosen(answer, *SLOW_BEST) in ("pears", "plums")


def _quick_enough(answer):
    return (
        _chosen(answer, *SLOW_BEST) == "plums"
        and _chosen(answer, *TWO_CLOSE) == "pears"
    )


def _best_if_asked(answer):
    return (
        _chosen(answer, *SLOW_BEST, within=0.0) == "pears"
        and _chosen(answer, *SLOW_BEST, within=0.12) == "limes"
    )


# --- choosing.3 another folder --------------------------------------------------------

# Cross-validated accuracy of a linear probe, 20 per class, seed 0. The tests run the
# solution, so it is measured there each time.
PROBED = {"EfficientNetLite0": 0.72, "photos": 0.57}
ASKED = tuple(PROBED)
NEAR = 0.06  # of accuracy: a JPEG file and another decoder move a few pictures


def _has_all(answer):
    return isinstance(answer, dict) and all(
        isinstance(answer.get(name), numbers.Real) for name in ASKED
    )


def _not_on_training_pictures(answer):
    return max(answer[name] for name in ASKED) < 0.95


def _as_measured(answer):
    return all(abs(answer[name] - PROBED[name]) <= NEAR for name in ASKED)


def _first_off(answer):
    name = next(n for n in ASKED if abs(answer[n] - PROBED[n]) > NEAR)
    return f"Yours gives {name} {answer[name]:.2f}, and we measure something else."


EXERCISES = [
    Exercise(
        name="choosing.1",
        title="Pictures of any size",
        expects="a function of a base, its preprocessing and its size that gives a "
        "Keras model",
        properties=[
            Property(
                "It gives a Keras model of its own, not the base itself",
                _is_a_model,
            ),
            Property(
                "The model gives one row of numbers for each picture, (n, d)",
                _one_row_each,
                found=lambda answer: (
                    "For 3 pictures and maps of 6 channels yours gives the shape "
                    f"{_given(answer, SIDE).shape}."
                ),
            ),
            Property(
                "On pictures of the base's size it scales them as the base wants, and "
                "averages the base's maps over all places",
                _right_size,
                found="Yours gives other numbers than these two steps.",
            ),
            Property(
                "Pictures of 24 or 80 pixels come to the base's size first",
                _any_size,
            ),
        ],
        hints=[
            "`keras.Input((None, None, 3))` takes pictures of any size.",
            "`keras.layers.Resizing(size, size)` comes first, then `preprocess`, then "
            "the base, then pooling.",
            "`x = keras.layers.Resizing(size, size)(pictures)`, and "
            "`keras.layers.GlobalAveragePooling2D()(base(preprocess(x)))` gives the "
            "features.",
        ],
        solution="""\
def answer(base, preprocess, size):
    pictures = keras.Input((None, None, 3))
    resized = keras.layers.Resizing(size, size)(pictures)
    maps = base(preprocess(resized))
    features = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(pictures, features)""",
        explanation="Scaling inside the model cannot be forgotten later. For large "
        "photographs add `antialias=True` to Resizing: without it fine patterns turn "
        "into coarse ones.",
    ),
    Exercise(
        name="choosing.2",
        title="Good enough, and quick",
        expects="a function of a table and a number that gives a name of the table",
        properties=[
            Property(
                "It gives a name of the table's index",
                _is_a_name,
                found=lambda answer: f"Yours gave {_chosen(answer, *SLOW_BEST)!r}.",
            ),
            Property(
                "The one it names is at most `within` less accurate than the best",
                _not_the_quickest_of_all,
                found=lambda answer: (
                    "Probes 0.80, 0.79, 0.60, 0.70 and 9, 4, 1, 2 ms: yours took "
                    f"{_chosen(answer, *SLOW_BEST)}."
                ),
            ),
            Property(
                "Of those that are good enough it names the quickest",
                _quick_enough,
                found="In one of two tables a quicker one is good enough, too.",
            ),
            Property(
                "It goes by the value of `within` that it is given",
                _best_if_asked,
                found="With within=0 or within=0.12 yours took another one.",
            ),
        ],
        hints=[
            "First find the best value of the column `linear_probe`.",
            '`table[table["linear_probe"] >= best - within]` keeps the rows that are '
            "good enough.",
            '`["ms"].idxmin()` of these rows is the name of the quickest.',
        ],
        solution="""\
def answer(table, within=0.03):
    best = table["linear_probe"].max()
    good = table[table["linear_probe"] >= best - within]
    return good["ms"].idxmin()""",
        explanation="How much accuracy a quick model may lose is your decision, not "
        "the score's. With few pictures a difference of 0.03 is often luck.",
    ),
    Exercise(
        name="choosing.3",
        title="Another folder",
        expects=f"a dictionary with a number for {' and '.join(ASKED)}",
        properties=[
            Property("It has a number for each of the two networks", _has_all),
            Property(
                "The numbers are not accuracies on the pictures of the fit",
                _not_on_training_pictures,
                found="One of yours is 0.95 or more: was it cross-validated?",
            ),
            Property(
                f"Each lies within {NEAR} of the probe's cross-validated accuracy on "
                "tissue",
                _as_measured,
                found=_first_off,
            ),
        ],
        hints=[
            '`tl.datasets.folder("tissue", per_class=20)` writes the folder. The '
            "lesson's functions take any folder.",
            "`describe(name, there)` gives features and labels of the training "
            "pictures in the folder `there`.",
            '`scores(*describe(name, there))["linear_probe"]` is the number for one '
            "network.",
        ],
        solution="""\
there = tl.datasets.folder("tissue", per_class=20)
answer = {}
for name in ("EfficientNetLite0", "photos"):
    answer[name] = scores(*describe(name, there))["linear_probe"]""",
        explanation="EfficientNet-Lite0 comes first here, too, although ImageNet has "
        "no tissue. The patches are of one slide and one eye: the ranking is an "
        "exercise, and says nothing about clinics.",
    ),
]
