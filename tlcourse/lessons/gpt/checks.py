"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- gpt.1 how probable is a whole text? ----------------------------------------------


def _case():
    """Logits for seven tokens of a vocabulary of eleven; the last three are asked."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(7, 11)).astype("float32")
    return logits, rng.integers(0, 11, 7), 4


def _said(answer, change=None):
    logits, ids, start = _case()
    if change is not None:
        change(logits)
    return float(np.asarray(answer(logits, ids, start)))


def _truth():
    logits, ids, start = _case()
    chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(sum(chances[k - 1, ids[k]] for k in range(start, len(ids))))


def _louder(logits):
    logits += 2.0


def _another_end(logits):
    logits[-1] = logits[-1, ::-1]


def _another_start(logits):
    logits[:3] = logits[:3, ::-1]


def _stays(change):
    return lambda answer: abs(_said(answer, change) - _said(answer)) < 1e-3


# --- gpt.2 a prompt of your own -------------------------------------------------------

LEAST_RIGHT = 0.85


@functools.cache
def _validation():
    """The labels of the lesson's validation reviews."""
    from tlcourse.language import texts

    rest, _ = texts.split(texts.load("film_reviews"), seed=0)
    _, val = texts.split(rest[rest.kinds == "plain"], test=0.3, seed=0)
    return texts.draw(val, 30, seed=0).labels


def _is_two_scores(answer):
    scores = np.asarray(answer, float)
    return scores.shape == (len(_validation()), 2)


def _are_log_probabilities(answer):
    scores = np.asarray(answer, float)
    return bool((scores < 0).all() and (np.exp(scores).sum(axis=1) <= 1.001).all())


def _right(answer):
    scores = np.asarray(answer, float)
    return float(np.mean((scores[:, 0] > scores[:, 1]) == _validation()))


def _called_good(answer):
    scores = np.asarray(answer, float)
    return float(np.mean(scores[:, 0] > scores[:, 1]))


# --- gpt.3 take the bias away ---------------------------------------------------------


def _scores():
    """Scores of 40 texts, leaning to positive by about 2, and of an empty text."""
    rng = np.random.default_rng(0)
    scores = rng.normal([-1.0, -3.0], 1.5, (40, 2))
    return np.minimum(scores, -0.1), np.array([-1.2, -3.3])


def _labels(answer, both=0.0, positive=0.0):
    scores, empty = _scores()
    shift = both + np.array([positive, 0.0])
    return np.asarray(answer(scores + shift, empty + shift)).astype(int)


def _calibrated():
    scores, empty = _scores()
    leaning = scores - empty
    return (leaning[:, 0] > leaning[:, 1]).astype(int)


# --- gpt.4 three classes --------------------------------------------------------------

LEAST_HEAD, MOST_TRAINED = 0.85, 2000


def _states(count, seed):
    """Made-up hidden states of three classes: what matters is small beside the rest."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    x = rng.normal(size=(count, 576))
    for label in range(3):
        x[labels == label, 20 * label : 20 * label + 20] += 1.2
    sizes = np.full(576, 0.05)
    sizes[60:80] = 40.0
    return (x * sizes + np.linspace(-3, 3, 576)).astype("float32"), labels


@functools.lru_cache(maxsize=4)
def _head(answer):
    """A learner's fitted head, and its predictions for states that are new to it."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    model = answer(*_states(240, 0))
    if not isinstance(model, keras.Model):
        return model, None
    return model, np.asarray(model.predict(_states(300, 1)[0], verbose=0))


def _is_keras(answer):
    return _head(answer)[1] is not None


def _are_chances(answer):
    chances = _head(answer)[1]
    fits = chances.shape == (300, 3) and bool((chances >= 0).all())
    return fits and np.allclose(chances.sum(axis=1), 1, atol=1e-3)


def _accuracy(answer):
    return float(np.mean(_head(answer)[1].argmax(axis=1) == _states(300, 1)[1]))


def _trained(answer):
    model = _head(answer)[0]
    return sum(int(np.prod(each.shape)) for each in model.trainable_variables)


EXERCISES = [
    Exercise(
        name="gpt.1",
        title="How probable is an ending?",
        expects="a function of logits, token numbers and a place, that gives a number",
        properties=[
            Property(
                "If all logits rise by 2, the result stays",
                _stays(_louder),
                found=lambda answer: (
                    f"Yours goes from {_said(answer):.1f} to "
                    f"{_said(answer, _louder):.1f}."
                ),
            ),
            Property(
                "The logits at the last token count for nothing: they are for a token "
                "that is not there",
                _stays(_another_end),
                found="Yours takes them.",
            ),
            Property(
                "It takes the tokens from `start` on alone",
                _stays(_another_start),
                found="Yours changes with those before.",
            ),
            Property(
                "It is the sum of the log-probabilities of these tokens",
                lambda answer: abs(_said(answer) - _truth()) < 1e-3,
                found=lambda answer: f"Yours gives {_said(answer):.2f} in our trial.",
            ),
        ],
        hints=[
            "Which row of `logits` speaks of the token `ids[k]`? The cell with the "
            "loss shifts them by one.",
            "`keras.ops.log_softmax(logits[:-1])` are log-probabilities, for the "
            "tokens `ids[1:]`.",
            "Pick `ids[1:, None]` from them with `take_along_axis`. Row 0 is now for "
            "token 1. So the tokens from `start` on begin in row `start - 1`.",
        ],
        solution="""\
def answer(logits, ids, start):
    chances = keras.ops.log_softmax(logits[:-1])
    chosen = keras.ops.take_along_axis(chances, ids[1:, None], axis=-1)[:, 0]
    return keras.ops.sum(chosen[start - 1 :])""",
        explanation="With it you can compare answers of several tokens. Longer ones "
        "are less probable in general. Divide by their length where that matters.",
    ),
    Exercise(
        name="gpt.2",
        title="A prompt of your own",
        expects="scores of two words for each validation review, an array (60, 2)",
        properties=[
            Property("It has two scores for each validation review", _is_two_scores),
            Property("They are log-probabilities of two words", _are_log_probabilities),
            Property(
                f"{LEAST_RIGHT:.0%} of the answers are right, or more",
                lambda answer: _right(answer) >= LEAST_RIGHT,
                found=lambda answer: (
                    f"Yours: {_right(answer):.0%}. It calls "
                    f"{_called_good(answer):.0%} of the reviews good, and half are."
                ),
            ),
        ],
        hints=[
            "Say with a word that a review comes, and end so that your two words fit "
            "as the next.",
            "Short labels as in a form, `Review:` and a second one, do better than "
            "whole sentences.",
            "Begin with `Review: {}` and a new line. End with a label and a colon.",
        ],
        solution="""\
my_prompt = "Review: {}\\nSentiment:"
prompts = [my_prompt.format(text) for text in val.texts]
answer = gpt.next_word_scores(model, tokenizer, prompts, [" good", " bad"])""",
        explanation="Such forms are frequent on the web, so the model has read many. "
        "You chose the prompt on validation: its score there is a little too good.",
    ),
    Exercise(
        name="gpt.3",
        title="Take the bias away",
        expects="a function of scores (n, 2) and of an empty text's scores (2,)",
        properties=[
            Property(
                "It gives a label for each text, 1 for positive and 0 for negative",
                lambda answer: (
                    _labels(answer).shape == (40,) and set(_labels(answer)) <= {0, 1}
                ),
            ),
            Property(
                "If all scores of ' positive' rise by 5, the empty text's too, the "
                "labels stay",
                lambda answer: (_labels(answer, positive=5.0) == _labels(answer)).all(),
                found=lambda answer: (
                    "Yours gives "
                    f"{_labels(answer, positive=5.0).mean():.0%} positive then, and "
                    f"{_labels(answer).mean():.0%} before."
                ),
            ),
            Property(
                "A text is positive if it leans to ' positive' more than the empty "
                "text does",
                lambda answer: (_labels(answer) == _calibrated()).all(),
                found=lambda answer: (
                    f"Yours differs in {(_labels(answer) != _calibrated()).sum()} of "
                    "40 labels."
                ),
            ),
        ],
        hints=[
            "What does the model answer before it knows anything about the text?",
            "Subtract the empty text's scores from those of each text, word by word.",
            "Column 0 is ' positive' and the label of positive is 1: "
            "`(column 0 > column 1)`, as a whole number.",
        ],
        solution="""\
def answer(scores, empty):
    leaning = scores - empty
    return (leaning[:, 0] > leaning[:, 1]).astype(int)""",
        explanation="A difference of log-probabilities is a ratio of probabilities. "
        "So this divides by what the model says of nothing (Zhao et al. 2021).",
    ),
    Exercise(
        name="gpt.4",
        title="Three classes",
        expects="a function of features and labels that gives a fitted Keras model",
        properties=[
            Property(
                "It gives a Keras model",
                _is_keras,
                found=lambda answer: f"Yours gives {type(_head(answer)[0]).__name__}.",
            ),
            Property(
                "The model gives three probabilities for each text, and they sum to 1",
                _are_chances,
                found=lambda answer: (
                    f"Yours gives numbers of shape {_head(answer)[1].shape[1:]}, with "
                    f"a sum of about {_head(answer)[1].sum(axis=-1).mean():.2f}."
                ),
            ),
            Property(
                f"It trains at most {MOST_TRAINED:,} weights: a linear head",
                lambda answer: _trained(answer) <= MOST_TRAINED,
                found=lambda answer: f"Yours trains {_trained(answer):,}.",
            ),
            Property(
                f"On made-up states, {LEAST_HEAD:.0%} of new ones get the right class",
                lambda answer: _accuracy(answer) >= LEAST_HEAD,
                found=lambda answer: f"Yours: {_accuracy(answer):.0%}.",
            ),
        ],
        hints=[
            "Three classes want three numbers from Dense, a softmax, and a loss for "
            "class numbers.",
            "Some features are a hundred times as large as others. Which layer of "
            "`head_on` brings all to the same size?",
            "As in `head_on`: an adapted Normalization, then "
            '`Dense(3, activation="softmax")`. Compile with '
            '"sparse_categorical_crossentropy".',
        ],
        solution="""\
def answer(x, y):
    normalise = keras.layers.Normalization()
    normalise.adapt(x)
    head = keras.Sequential([normalise, keras.layers.Dense(3, activation="softmax")])
    head.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    head.fit(x, y, epochs=30, verbose=0)
    return head""",
        explanation="Mean and spread come from the training texts alone and stay in "
        "the model. New texts are scaled in the same way.",
    ),
]
