"""The exercises of the lesson."""

import functools
import tempfile
from pathlib import Path

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- pitfalls.1 each slice weighs the same --------------------------------------------

_LABELS = np.arange(24) % 2
_PLACE = np.where(np.arange(24) < 18, _LABELS, 1 - _LABELS)


def _weights(answer, labels=_LABELS, place=_PLACE):
    weights = np.asarray(answer(labels.copy(), place.copy()), dtype=float)
    if weights.shape != labels.shape or not np.isfinite(weights).all():
        raise TypeError("not a weight for each picture")
    return weights


def _totals(answer, labels=_LABELS, place=_PLACE):
    """Weight of each slice that occurs."""
    totals = np.bincount(2 * labels + place, _weights(answer, labels, place), 4)
    counts = np.bincount(2 * labels + place, minlength=4)
    return totals[counts > 0]


def _three_slices():
    return _LABELS, np.where(_LABELS == 1, 1, _PLACE)


# --- pitfalls.2 a temperature inside the model ----------------------------------------


@functools.cache
def _model():
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4, 3))
    small = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(small))


@functools.cache
def _pictures():
    return np.random.default_rng(1).normal(size=(30, 4, 4, 3)).astype("float32")


def _said(model):
    return np.asarray(model(_pictures()))


def _cooled(temperature):
    from tlcourse import report

    return report.cooled(_said(_model()), temperature)


def _is_a_model(answer):
    from tlcourse.quiet import import_keras

    return isinstance(answer(_model(), 2.0), import_keras().Model)


def _agrees(temperature):
    def holds(answer):
        ours = _said(answer(_model(), temperature))
        return np.allclose(ours, _cooled(temperature), atol=1e-3)

    return holds


def _leaves_the_first_alone(answer):
    before = _said(_model())
    answer(_model(), 3.0)
    return np.allclose(before, _said(_model()), atol=1e-6)


def _survives_a_file(answer):
    from tlcourse.quiet import import_keras

    keras, model = import_keras(), answer(_model(), 2.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cooled.keras"
        try:
            model.save(path)
            again = keras.saving.load_model(path, compile=False)
        except (ValueError, TypeError, NotImplementedError):
            return False
    return np.allclose(_said(again), _said(model), atol=1e-5)


# --- pitfalls.3 the fair opponent -----------------------------------------------------

_MEANS = {  # way: (val, test)
    "frozen ImageNet": (0.80, 0.78), "frozen random weights": (0.60, 0.62),
    "pixels, linear": (0.84, 0.83), "pixels, SVM": (0.88, 0.87),
    "pixels, lucky": (0.82, 0.95), "frozen glyphs": (0.97, 0.96),
}  # fmt: skip


@functools.cache
def _table():
    """Rows like the evidence's, in no order; the best on test isn't the best on val."""
    import pandas

    rng = np.random.default_rng(0)
    rows = [
        (way, split, seed, mean + shift)
        for way, means in _MEANS.items()
        for split, mean in zip(("val", "test"), means, strict=True)
        for seed, shift in enumerate((-0.02, 0.01, 0.0, 0.03, -0.02))
    ]
    table = pandas.DataFrame(rows, columns=["way", "split", "seed", "value"])
    return table.iloc[rng.permutation(len(rows))].reset_index(drop=True)


def _gap(answer, way="frozen ImageNet", table=None):
    return float(answer((_table() if table is None else table).copy(), way))


def _found_gap(answer):
    return f"Yours gives {_gap(answer):+.2f} for 'frozen ImageNet'."


def _other_names():
    return _table().assign(way=_table()["way"].str.replace("SVM", "hill"))


EXERCISES = [
    Exercise(
        name="pitfalls.1",
        title="Each slice weighs the same",
        expects="a function that takes labels and places and gives weights",
        properties=[
            Property(
                "It gives a weight above 0 for each picture",
                lambda answer: (_weights(answer) > 0).all(),
                found=lambda answer: (
                    f"The smallest of yours is {_weights(answer).min():g}."
                ),
            ),
            Property(
                "Each slice has the same total weight",
                lambda answer: np.ptp(_totals(answer)) < 1e-6 * _totals(answer).sum(),
                found=lambda answer: (
                    "The totals of yours are "
                    + ", ".join(f"{each:.2f}" for each in _totals(answer))
                    + "."
                ),
            ),
            Property(
                "The mean weight is 1, so the learning rate still fits",
                lambda answer: np.isclose(_weights(answer).mean(), 1),
                found=lambda answer: (
                    f"The mean of yours is {_weights(answer).mean():.2f}."
                ),
            ),
            Property(
                "It serves where a slice does not occur",
                lambda answer: (
                    np.ptp(_totals(answer, *_three_slices())) < 1e-6
                    and np.isclose(_weights(answer, *_three_slices()).mean(), 1)
                ),
                found="With three slices in place of four, yours was wrong.",
            ),
        ],
        hints=[
            "How many pictures has each slice? `2 * labels + place` numbers the slices "
            "from 0 to 3.",
            "`np.bincount(group)` counts them. A picture of a rare slice weighs more.",
            "Divide 1 by the count of the picture's own slice, `counts[group]`. Then "
            "divide by the mean.",
        ],
        solution="""\
def answer(labels, place):
    group = 2 * labels + place
    weights = 1 / np.bincount(group)[group]
    return weights / weights.mean()""",
        explanation="Weights cannot make a slice that does not occur. Collect at least "
        "a few pictures of each.",
    ),
    Exercise(
        name="pitfalls.2",
        title="A temperature inside the model",
        expects="a function that takes a Keras model and a number and gives a model",
        properties=[
            Property("It gives a Keras model", _is_a_model),
            Property(
                "At a temperature of 2 its probabilities are those of halved logits",
                _agrees(2.0),
                found="Yours are others.",
            ),
            Property(
                "At a temperature of 1 nothing changes",
                _agrees(1.0),
                found="Yours gives other probabilities.",
            ),
            Property(
                "The model that it was given stays as it was",
                _leaves_the_first_alone,
                found="Yours changed it.",
            ),
            Property(
                "It can be saved and loaded",
                _survives_a_file,
                found="Yours cannot, or gives other answers after it.",
            ),
        ],
        hints=[
            "`model.input` and `model.output` are the two ends. "
            "`keras.Model(model.input, something)` is a new model on the same layers.",
            "The logits are the logarithm of the probabilities, up to a constant: "
            "`keras.ops.log(model.output + 1e-9)`.",
            "Divide them, and give them to `keras.ops.softmax`.",
        ],
        solution="""\
def answer(model, temperature):
    logits = keras.ops.log(model.output + 1e-9)
    return keras.Model(model.input, keras.ops.softmax(logits / temperature))""",
        explanation="The new model shares its layers with the old one. A Lambda layer "
        "would do the same, and Keras refuses to load it without a special word.",
    ),
    Exercise(
        name="pitfalls.3",
        title="The fair opponent",
        expects="a function that takes a table and a way and gives a number",
        properties=[
            Property(
                "It gives a number",
                lambda answer: np.isfinite(_gap(answer)),
                found="Yours gives none.",
            ),
            Property(
                "The opponent has seen pixels alone, and is not the random weights",
                lambda answer: not np.isclose(_gap(answer), 0.16),
                found=_found_gap,
            ),
            Property(
                "The opponent is chosen on val, and not on test",
                lambda answer: not np.isclose(_gap(answer), -0.17),
                found=_found_gap,
            ),
            Property(
                "It is the mean test accuracy of the way less that of the opponent",
                lambda answer: np.isclose(_gap(answer), -0.09),
                found=_found_gap,
            ),
            Property(
                "It serves for another way and other names",
                lambda answer: np.isclose(
                    _gap(answer, "frozen glyphs", _other_names()), 0.09
                ),
                found="With other names in the table, yours was wrong.",
            ),
        ],
        hints=[
            "`mean` holds everything. Which of its ways begin with `pixels`?",
            'A list: `[w for w in table["way"].unique() if w.startswith("pixels")]`.',
            '`mean["val"][those].idxmax()` is the name of the best on validation. Take '
            'its accuracy from `mean["test"]`.',
        ],
        solution="""\
def answer(table, way):
    mean = table.groupby(["split", "way"])["value"].mean()
    alone = [each for each in table["way"].unique() if each.startswith("pixels")]
    best = mean["val"][alone].idxmax()
    return mean["test", way] - mean["test", best]""",
        explanation="The best of many on the test split is too good by luck. Chosen on "
        "validation, the opponent is fair.",
    ),
]
