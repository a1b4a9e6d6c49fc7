"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

CLASSES = 10
# Made-up histories, and the epoch with the lowest validation loss of each.
HISTORIES = (
    ({"loss": [2.0, 1.0, 0.5, 0.2], "val_loss": [1.9, 1.2, 1.4, 1.8]}, 2),
    ({"loss": [2.0, 1.5, 1.2], "val_loss": [2.0, 1.6, 1.5]}, 3),
    ({"loss": [0.9, 0.5, 0.3], "val_loss": [0.7, 0.9, 1.2]}, 1),
)


def _is_number(found):
    return isinstance(found, (int, np.integer)) and not isinstance(found, bool)


@functools.cache
def _source():
    from tlcourse import backbones

    return backbones.load("mobilenet", source=None).model


def _is_model(model):
    from tlcourse.quiet import import_keras

    return isinstance(model, import_keras().Model)


def _shapes(model):
    return sorted(str(each.shape) for each in model.weights)


def _same_layers(model):
    """Whether the weights are those of the base and of one Dense layer."""
    base, head = _source(), [f"({_source().output.shape[-1]}, {CLASSES})"]
    return _shapes(model) == sorted([*_shapes(base), *head, f"({CLASSES},)"])


def _kernels(model):
    return [np.asarray(each) for each in model.trainable_variables if each.ndim == 4]


def _is_random(model):
    """Whether no kernel is one of the weights that come with the course."""
    from tlcourse import backbones

    known = [
        array
        for source in backbones.BUNDLED
        for array in backbones.load("mobilenet", source=source).model.get_weights()
        if array.ndim == 4
    ]
    return not any(
        ours.shape == theirs.shape and np.array_equal(ours, theirs)
        for ours in _kernels(model)
        for theirs in known
    )


def _norms(model):
    from tlcourse.quiet import import_keras

    kind = import_keras().layers.BatchNormalization
    return [x for x in model._flatten_layers() if isinstance(x, kind)]


EXERCISES = [
    Exercise(
        name="why.1",
        title="From scratch, in Keras",
        expects="a Keras model",
        properties=[
            Property("It is a Keras model", _is_model),
            Property(
                "It gives a number for each class of the exercise",
                lambda model: model.output_shape == (None, CLASSES),
                found=lambda model: f"Yours puts out {model.output_shape}.",
            ),
            Property(
                "It has the layers of backbone.model, and one Dense layer as a head",
                _same_layers,
                found=lambda model: f"Yours has {model.count_params():,} weights.",
            ),
            Property(
                "Everything trains, but for the averages of BatchNorm",
                lambda model: (
                    len(model.trainable_variables)
                    == len(model.weights) - 2 * len(_norms(model))
                ),
                found=lambda model: (
                    f"In yours {len(model.trainable_variables)} of "
                    f"{len(model.weights)} arrays train."
                ),
            ),
            Property(
                "Its weights are random, not those of a source",
                _is_random,
                found="A layer of yours still has a source's weights.",
            ),
            Property(
                "BatchNorm keeps up with a few batches",
                lambda model: all(norm.momentum <= 0.9 for norm in _norms(model)),
                found=lambda model: (
                    f"Yours has a momentum of {max(x.momentum for x in _norms(model))}."
                ),
            ),
        ],
        hints=[
            "The lesson does the same for two classes. What would change?",
            "`keras.models.clone_model` copies layers without their weights. Then come "
            "BatchNorm's momentum and a head.",
            "After the loop over `blank.layers`: GlobalAveragePooling2D on "
            "`blank.output`, a Dense layer, and `keras.Model(blank.input, ...)`.",
        ],
        solution="""\
import keras

blank = keras.models.clone_model(backbone.model)
for layer in blank.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.momentum = 0.5
pooled = keras.layers.GlobalAveragePooling2D()(blank.output)
chances = keras.layers.Dense(10, activation="softmax")(pooled)
answer = keras.Model(blank.input, chances)""",
        explanation="The naive start is no training from scratch: its base holds the "
        "source's weights. Whoever compares with that compares transfer with transfer.",
    ),
    Exercise(
        name="why.2",
        title="When to stop?",
        expects="a function of a history, a dict of lists",
        properties=[
            Property(
                "It gives one whole number",
                lambda best: _is_number(best(HISTORIES[0][0])),
                found=lambda best: f"Yours gives {best(HISTORIES[0][0])!r}.",
            ),
            Property(
                "Epochs are counted from 1",
                lambda best: best(HISTORIES[2][0]) >= 1,
                found=lambda best: (
                    "Where the first epoch is the best, yours gives "
                    f"{best(HISTORIES[2][0])}."
                ),
            ),
            Property(
                "It looks at pictures that the network does not learn from",
                lambda best: all(best(h) == right for h, right in HISTORIES),
                found=lambda best: (
                    "For a training loss that falls to the end, and a validation loss "
                    f"that rises after a while, yours gives {best(HISTORIES[0][0])}."
                ),
            ),
        ],
        hints=[
            "`history` has four lists. Which one tells of pictures that are not "
            "learnt from?",
            '`history["val_loss"]` has one number per epoch. At which place is the '
            "smallest?",
            "`np.argmin` gives that place, counted from 0.",
        ],
        solution="""\
import numpy as np


def answer(history):
    return int(np.argmin(history["val_loss"])) + 1""",
        explanation="`keras.callbacks.EarlyStopping` does this while the network "
        "trains, and can bring the best weights back. Lesson 04 uses it.",
    ),
    Exercise(
        name="why.3",
        title="Which comparisons are fair?",
        expects='a set of letters, such as {"a", "b"}',
        properties=[
            Property(
                "It is a set of letters from a to d",
                lambda letters: isinstance(letters, set) and letters <= set("abcd"),
            ),
            Property(
                "Nothing unfair is in it",
                lambda letters: letters <= {"b", "d"},
                found=lambda letters: (
                    "Look again for one that gives a side more labels, more tries or "
                    "a look at the test split."
                ),
            ),
            Property(
                "Nothing fair is missing",
                lambda letters: letters >= {"b", "d"},
            ),
        ],
        hints=[
            "What may differ between two sides of a comparison? Only what is compared.",
            "Who saw how many labels, who had how many tries, who saw the test split?",
            "Two of the four are fair. In one of them the sides differ in cost, and it "
            "says so.",
        ],
        solution='answer = {"b", "d"}',
        explanation="In a) one side has more labels. In c) the best of ten tries was "
        "chosen by the test split, which was to be opened once.",
    ),
]
