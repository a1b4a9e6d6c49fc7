"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property
from tlcourse.exercises.phase_two import prepared

# --- bert.1 the mean without padding --------------------------------------------------


def _case():
    """Vectors of three texts, of three, five and two pieces; the rest is padding."""
    rng = np.random.default_rng(0)
    ids = np.array([[101, 7, 102, 0, 0], [101, 5, 6, 7, 102], [101, 102, 0, 0, 0]])
    return rng.normal(size=(3, 5, 4)), ids


def _means(answer):
    vectors, ids = _case()
    return np.asarray(answer(vectors.copy(), ids.copy()))


def _right():
    vectors, ids = _case()
    return np.stack([v[i > 0].mean(axis=0) for v, i in zip(vectors, ids, strict=True)])


def _with_more_padding(answer):
    vectors, ids = _case()
    more = np.random.default_rng(1).normal(size=(3, 3, 4))
    return np.asarray(
        answer(np.concatenate([vectors, more], 1), np.pad(ids, ((0, 0), (0, 3))))
    )


# --- bert.2 and bert.3 models with a head ---------------------------------------------

COUNT, LENGTH = 3, 8


def _model_type(answer):
    from tlcourse.quiet import import_keras

    return isinstance(answer, import_keras().Model)


def _trained(answer):
    return sum(int(np.prod(x.shape)) for x in answer.trainable_variables)


def _chances(answer):
    ids = np.zeros((2, answer.input_shape[1]), int)
    ids[:, :3] = [[101, 2143, 102], [101, 3185, 102]]
    return answer.predict(ids, verbose=0)


@functools.lru_cache(maxsize=2)
def _prepared(answer):
    """Which layers of a random encoder fit moves after the answer, and the rate."""
    from tlcourse.language import bert

    return prepared(answer, bert.encoder(LENGTH))


def _moved(answer):
    return ", ".join(sorted(_prepared(answer)[0])) or "nothing"


EXERCISES = [
    Exercise(
        name="bert.1",
        title="The mean without padding",
        expects="a function that takes vectors and numbers of pieces, and gives means",
        properties=[
            Property(
                "It gives one vector for each text",
                lambda answer: _means(answer).shape == (3, 4),
                found=lambda answer: f"Yours gives {_means(answer).shape}.",
            ),
            Property(
                "More padding changes nothing",
                lambda answer: np.allclose(
                    _means(answer), _with_more_padding(answer), equal_nan=True
                ),
                found="Yours changes when three places of padding are added.",
            ),
            Property(
                "It is the mean of all pieces that are there, start and end too",
                lambda answer: np.allclose(_means(answer), _right()),
                found="Yours gives other numbers.",
            ),
        ],
        hints=[
            "Padding is where `ids` is 0. How many pieces are there in each text?",
            "`there = (ids != 0)[..., None]` has a 1 for each piece that is there.",
            "Add up `vectors * there` over axis 1, and divide by `there.sum(axis=1)`.",
        ],
        solution="""\
def answer(vectors, ids):
    there = (ids != 0)[..., None]
    return (vectors * there).sum(axis=1) / there.sum(axis=1)""",
        explanation="`GlobalAveragePooling1D()(x, mask=ids != 0)` is this in Keras.",
    ),
    Exercise(
        name="bert.2",
        title="A head on BERT",
        expects="a Keras model",
        properties=[
            Property("It is a Keras model", _model_type),
            Property(
                "It gives one number per class, for each text",
                lambda answer: answer.output_shape == (None, COUNT),
                found=lambda answer: f"Yours puts out {answer.output_shape}.",
            ),
            Property(
                "BERT is in it, from the numbers of pieces on",
                lambda answer: answer.count_params() > 20e6,
                found=lambda answer: f"Yours has {answer.count_params():,} weights.",
            ),
            Property(
                "The numbers of a text are probabilities",
                lambda answer: (
                    np.allclose(_chances(answer).sum(axis=1), 1, atol=1e-4)
                    and _chances(answer).min() >= 0
                ),
                found="In yours they do not sum to 1.",
            ),
            Property(
                "Only a linear head on the 384 features trains",
                lambda answer: _trained(answer) == (384 + 1) * COUNT,
                found=lambda answer: f"In yours {_trained(answer):,} weights train.",
            ),
        ],
        hints=[
            "As with pictures: freeze, a Dense layer on the output, a new Model.",
            "`keras.layers.Dense(3, activation=...)` makes probabilities.",
            "`model.trainable = False` first; then "
            "`keras.Model(model.input, chances)`.",
        ],
        solution="""\
import keras
from tlcourse.language import bert

encoder, _ = bert.load(length=48)
encoder.trainable = False
chances = keras.layers.Dense(3, activation="softmax")(encoder.output)
answer = keras.Model(encoder.input, chances)""",
        explanation="The recipe of lesson 00, with texts in place of pictures.",
    ),
    Exercise(
        name="bert.3",
        title="Phase two for the last two blocks",
        expects="a function that takes a Keras model, and changes it",
        properties=[
            Property(
                "After it, fit moves the last two blocks and the head",
                lambda answer: {"block5", "block6", "head"} <= _prepared(answer)[0],
                found=lambda answer: (
                    f"In yours it moves {_moved(answer)}. What you set counts only "
                    "after `compile`."
                ),
            ),
            Property(
                "It moves nothing else",
                lambda answer: _prepared(answer)[0] == {"block5", "block6", "head"},
                found=lambda answer: f"In yours it moves {_moved(answer)}.",
            ),
            Property(
                "The learning rate is at most 1e-4",
                lambda answer: 0 < _prepared(answer)[1] <= 1e-4,
                found=lambda answer: f"Yours is {_prepared(answer)[1]:.3g}.",
            ),
        ],
        hints=[
            "Go through `model.layers`, and set `trainable` by the layer's name.",
            '`layer.trainable = layer.name in ("block5", "block6", "head")`.',
            "Nothing of it counts before you compile again, with Adam(5e-5).",
        ],
        solution="""\
import keras

def answer(model):
    for layer in model.layers:
        layer.trainable = layer.name in ("block5", "block6", "head")
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(5e-5), loss, metrics=["accuracy"])""",
        explanation="The same trap as in lesson 04: without `compile`, the blocks that "
        "you set free stay as they are.",
    ),
]
