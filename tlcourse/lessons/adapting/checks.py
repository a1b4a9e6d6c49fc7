"""The exercises of the lesson."""

import functools
from numbers import Real

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- adapting.1 CORAL in four lines ---------------------------------------------------


@functools.cache
def _clouds():
    """Features of a source and of a target, with other means and covariances."""
    rng = np.random.default_rng(7)
    source = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + 3
    target = rng.normal(size=(250, 6)) @ rng.normal(size=(6, 6)) - 1
    return source, target


def _moved(answer):
    source, target = _clouds()
    return np.asarray(answer(source.copy(), target.copy()), float)


def _is_one_map(answer):
    """Each example is moved by the same linear map, and none is exchanged."""
    source = _clouds()[0]
    given = np.column_stack([source, np.ones(len(source))])
    moved = _moved(answer)
    fitted = given @ np.linalg.lstsq(given, moved, rcond=None)[0]
    return np.allclose(moved, fitted, atol=1e-3)


def _covariances_agree(answer):
    theirs = np.cov(_clouds()[1], rowvar=False)
    ours = np.cov(_moved(answer), rowvar=False)
    return np.abs(ours - theirs).max() < 1e-3 * np.abs(theirs).max()


def _leaves_equal_domains_alone(answer):
    source = _clouds()[0]
    return np.allclose(answer(source.copy(), source.copy()), source, atol=1e-2)


def _leaves_inputs_alone(answer):
    given = [cloud.copy() for cloud in _clouds()]
    answer(*given)
    return all(map(np.array_equal, given, _clouds()))


# --- adapting.2 the threshold ---------------------------------------------------------

GAIN = 0.05


def _is_probability(answer):
    return isinstance(answer, Real) and not isinstance(answer, bool) and 0 <= answer < 1


@functools.lru_cache(maxsize=16)
def accuracies(threshold):
    """Source-only and five rounds of pseudo-labels, on handwritten digits."""
    from tlcourse import adaptation, backbones, datasets

    backbone = backbones.load("mobilenet", source="glyphs")
    printed = datasets.load("digits", domain="fonts", per_class=50, seed=0).train
    written = datasets.load_unlabelled("digits")
    given = (backbone, printed, written.images)
    without = adaptation.source_only(*given)
    model = adaptation.pseudo_labels(*given, threshold=threshold, rounds=5)
    return written.accuracy(without), written.accuracy(model)


def _gains(answer):
    without, found = accuracies(float(answer))
    return found >= without + GAIN


def _what_it_gains(answer):
    without, found = accuracies(float(answer))
    return (
        f"Yours reaches {found:.2f}, and source-only {without:.2f}. To know that, the "
        "check has looked at the target's labels."
    )


EXERCISES = [
    Exercise(
        name="adapting.1",
        title="CORAL in four lines",
        expects="a function that takes features of source and target, (n, d) and "
        "(m, d), and gives the source's anew",
        properties=[
            Property(
                "Features (n, d) of the source come back as (n, d)",
                lambda answer: _moved(answer).shape == _clouds()[0].shape,
                found=lambda answer: f"Yours has the shape {_moved(answer).shape}.",
            ),
            Property(
                "Their mean is the target's",
                lambda answer: np.allclose(
                    _moved(answer).mean(axis=0), _clouds()[1].mean(axis=0), atol=1e-3
                ),
                found="Yours is another one.",
            ),
            Property(
                "Their covariance is the target's",
                _covariances_agree,
                found="Yours is another one.",
            ),
            Property(
                "Each example is moved by one and the same linear map",
                _is_one_map,
                found="In yours examples have been exchanged, or are moved each in "
                "its own way, so their labels no longer fit.",
            ),
            Property(
                "Where both domains are equal, nothing moves",
                _leaves_equal_domains_alone,
                found="Yours moves the source onto itself, turned or stretched.",
            ),
            Property(
                "The arrays that it was given are as before",
                _leaves_inputs_alone,
                found="Yours has changed them: work on copies.",
            ),
        ],
        hints=[
            "First take the source's own covariance away (whiten), then put the "
            "target's in (colour). What are the means in between?",
            "Whitening is `@ C ** -0.5` with the source's covariance, as a power of "
            "the matrix and not of its numbers; colouring is `@ C ** 0.5` with the "
            "target's.",
            "`scipy.linalg.fractional_matrix_power(C, -0.5)` gives such a power, and "
            "`np.cov(features, rowvar=False)` a covariance.",
        ],
        solution="""\
import numpy as np
from scipy.linalg import fractional_matrix_power as power


def answer(source_features, target_features):
    ours, theirs = (np.cov(x, rowvar=False) for x in (source_features, target_features))
    white = (source_features - source_features.mean(axis=0)) @ power(ours, -0.5)
    return white @ power(theirs, 0.5) + target_features.mean(axis=0)""",
        explanation="The course's own adds 1 to each variance, as in the paper: with "
        "fewer examples than directions a covariance has no inverse.",
    ),
    Exercise(
        name="adapting.2",
        title="Choose the threshold",
        expects="a number from 0 up to, and not including, 1",
        properties=[
            Property("It is a number from 0 up to below 1", _is_probability),
            Property(
                f"Five rounds gain at least {GAIN} on source-only",
                _gains,
                found=_what_it_gains,
            ),
        ],
        hints=[
            "Too low a threshold believes too much, and one that is too high leaves "
            "nothing to learn from.",
            "`self_train(glyphs, printed.train, written, threshold, 5)` tells in "
            "`believed` how many answers pass. That needs no label.",
            "A few should fail, yet most should pass after some rounds.",
        ],
        solution="answer = 0.7",
        explanation="A range of thresholds will do. If you found yours by asking the "
        "check again and again, the target's labels have chosen it: those were looks, "
        "too.",
    ),
]
