"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property
from tlcourse.exercises.phase_two import prepared

# --- across_languages.1 among the nearest ---------------------------------------------


def _share(answer, french, english, k):
    share = float(answer(french.copy(), english.copy(), k))
    return share if 0 <= share <= 1 else float("nan")


def _pairs():
    """Four texts of length 1, and translations: the ranks are 1, 3, 1 and 4."""
    angles = np.radians([[0, 90, 180, 270], [10, 40, 120, 60]])
    return [np.stack([np.cos(each), np.sin(each)], axis=1) for each in angles]


def _shares(answer, order=slice(None)):
    french, english = _pairs()
    pairs = french[order], english[order]
    return [round(_share(answer, *pairs, k), 2) for k in (1, 2, 3, 4)]


# --- across_languages.2 and .4 a model on a small encoder -----------------------------

CLASSES, LENGTH, PIECES = 2, 8, 40


def _is_a_model(answer):
    from tlcourse.quiet import import_keras

    return isinstance(answer, import_keras().Model)


def _trained(answer):
    return sum(int(np.prod(each.shape)) for each in answer.trainable_variables)


def _chances(answer):
    ids = np.zeros((2, answer.input_shape[1]), int)
    ids[:, :3] = [[2, 5, 3], [2, 6, 3]]
    return answer.predict(ids, verbose=0)


@functools.lru_cache(maxsize=2)
def _prepared(answer):
    """Which parts of a random encoder fit moves after the answer, and the rate."""
    from tlcourse.language import multilingual

    moved, rate = prepared(answer, multilingual.encoder(PIECES, LENGTH))
    return {layer.partition("_")[0] for layer in moved}, rate


def _moved(answer):
    return ", ".join(sorted(_prepared(answer)[0])) or "nothing"


# --- across_languages.3 centre each language ------------------------------------------


def _two_languages():
    """Vectors of seven texts, and their languages, mixed."""
    rng = np.random.default_rng(0)
    languages = np.array(["en", "fr", "fr", "en", "fr", "en", "fr"])
    return rng.normal(size=(7, 3)) + 5 * (languages == "fr")[:, None], languages


def _centred(answer):
    vectors, languages = _two_languages()
    return np.asarray(answer(vectors.copy(), languages.copy()), float)


def _means(answer):
    languages = _two_languages()[1]
    return np.stack([_centred(answer)[languages == x].mean(0) for x in ("en", "fr")])


def _within_is_kept(answer):
    vectors, languages = _two_languages()
    for language in ("en", "fr"):
        mine = languages == language
        before, after = vectors[mine], _centred(answer)[mine]
        if not np.allclose(before - before[0], after - after[0]):
            return False
    return True


EXERCISES = [
    Exercise(
        name="across_languages.1",
        title="Among the nearest",
        expects="a function that takes two arrays and a number, and gives a share",
        properties=[
            Property(
                "It gives a share, from 0 to 1",
                lambda answer: not np.isnan(_shares(answer)).any(),
                found="Yours gives something else.",
            ),
            Property(
                "With k = 1 it counts those whose nearest is their own",
                lambda answer: _shares(answer)[0] == 0.5,
                found=lambda answer: (
                    f"Of four texts two are so; yours gives {_shares(answer)[0]}."
                ),
            ),
            Property(
                "With a larger k it counts those whose own is among the k nearest",
                lambda answer: _shares(answer) == [0.5, 0.5, 0.75, 1],
                found=lambda answer: f"Yours gives {_shares(answer)} for k = 1 to 4.",
            ),
            Property(
                "The order of the pairs makes no difference",
                lambda answer: _shares(answer, [3, 1, 0, 2]) == _shares(answer),
                found="In another order, yours gives another share.",
            ),
        ],
        hints=[
            "`french @ english.T` has a row for each French text. Its own translation "
            "stands on the diagonal.",
            "How many English texts are nearer than the own one? That is its rank.",
            "`nearer = (alike > np.diag(alike)[:, None]).sum(axis=1)`; compare it with "
            "k, and take the mean.",
        ],
        solution="""\
def answer(french, english, k):
    alike = french @ english.T
    nearer = (alike > np.diag(alike)[:, None]).sum(axis=1)
    return (nearer < k).mean()""",
        explanation="Search engines are measured so: is the right page among the first "
        "ten? `argsort` does it, too, and sorts more than is needed.",
    ),
    Exercise(
        name="across_languages.2",
        title="A head on the frozen encoder",
        expects="a Keras model",
        properties=[
            Property("It is a Keras model", _is_a_model),
            Property(
                "It gives one number per class, for each text",
                lambda answer: answer.output_shape == (None, CLASSES),
                found=lambda answer: f"Yours puts out {answer.output_shape}.",
            ),
            Property(
                "It takes numbers of pieces",
                lambda answer: (
                    len(answer.input_shape) == 2
                    and np.issubdtype(answer.input.dtype, np.integer)
                ),
                found=lambda answer: f"Yours takes {answer.input_shape}.",
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
                "Only a linear head on the 512 features trains",
                lambda answer: _trained(answer) == (512 + 1) * CLASSES,
                found=lambda answer: f"In yours {_trained(answer):,} weights train.",
            ),
        ],
        hints=[
            "As with pictures: freeze, a Dense layer on the output, a new Model.",
            '`keras.layers.Dense(2, activation="softmax")` on `model.output`.',
            "`model.trainable = False` first. Then a Keras model from `model.input` to "
            "the numbers of the Dense layer.",
        ],
        solution="""\
model.trainable = False
chances = keras.layers.Dense(2, activation="softmax")(model.output)
answer = keras.Model(model.input, chances)""",
        explanation="One model from pieces to classes, for sixteen languages. A head "
        "on stored features is the same, and each text is encoded once.",
    ),
    Exercise(
        name="across_languages.3",
        title="Centre each language",
        expects="a function that takes vectors and languages, and gives vectors",
        properties=[
            Property(
                "It gives one vector for each text",
                lambda answer: _centred(answer).shape == (7, 3),
                found=lambda answer: f"Yours gives {_centred(answer).shape}.",
            ),
            Property(
                "The mean of each language is zero",
                lambda answer: np.allclose(_means(answer), 0),
                found="In yours a language has another mean.",
            ),
            Property(
                "Within a language, texts differ as before, and stay in their order",
                _within_is_kept,
                found="In yours they differ in another way.",
            ),
        ],
        hints=[
            "One mean over all texts does not move the languages together. How many "
            "means are needed?",
            "Go through `np.unique(languages)`. `mine = languages == language` chooses "
            "the rows of one language.",
            "In the loop: `vectors[mine] -= ...`, the mean of these rows over axis 0. "
            "Change a copy.",
        ],
        solution="""\
def answer(vectors, languages):
    vectors = vectors.copy()
    for language in np.unique(languages):
        mine = languages == language
        vectors[mine] -= vectors[mine].mean(axis=0)
    return vectors""",
        explanation="It needs texts of the target, and none of their labels. If one "
        "language has mostly negative reviews, it takes that difference away, too.",
    ),
    Exercise(
        name="across_languages.4",
        title="Tune the sentence part alone",
        expects="a function that takes a Keras model, and changes it",
        properties=[
            Property(
                "After it, fit moves the head and the layers of the sentence part",
                lambda answer: {"sentence", "head"} <= _prepared(answer)[0],
                found=lambda answer: (
                    f"In yours it moves {_moved(answer)}. What you set counts only "
                    "after `compile`."
                ),
            ),
            Property(
                "It moves nothing else",
                lambda answer: _prepared(answer)[0] == {"sentence", "head"},
                found=lambda answer: f"In yours it moves {_moved(answer)}.",
            ),
            Property(
                "The learning rate is at most 1e-4",
                lambda answer: 0 < _prepared(answer)[1] <= 1.001e-4,
                found=lambda answer: f"Yours is {_prepared(answer)[1]:.3g}.",
            ),
        ],
        hints=[
            "Go through `model.layers`, and set `trainable` by the layer's name.",
            '`layer.name.startswith(("sentence", "head"))` is True for those to train.',
            "Nothing of it counts before you compile again, with Adam and a low rate.",
        ],
        solution="""\
def answer(model):
    for layer in model.layers:
        layer.trainable = layer.name.startswith(("sentence", "head"))
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(1e-4), loss)""",
        explanation="What reads the pieces of sixteen languages stays as it was. The "
        "few layers behind it can still separate them, if steps are large.",
    ),
]
