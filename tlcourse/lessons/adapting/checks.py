"""The exercises of the lesson."""

import functools

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


# --- adapting.2 shares from a confusion matrix ----------------------------------------


@functools.cache
def _confused():
    """Held-out answers of a head for five classes, and its answers on a target."""
    rng = np.random.default_rng(3)
    errs = 0.75 * np.eye(5) + 0.05
    errs[1], errs[2] = [0.3, 0.5, 0.1, 0.05, 0.05], [0.0, 0.2, 0.6, 0.2, 0.0]
    shares = np.array([0.5, 0.3, 0.1, 0.06, 0.04])
    labels = np.repeat(np.arange(5), [400, 300, 500, 350, 450])
    said = np.array([rng.choice(5, p=errs[label]) for label in labels])
    target = rng.choice(5, p=errs.T @ shares, size=8000)
    return labels, said, target, shares


def _shares(answer):
    labels, said, target, _ = _confused()
    return np.asarray(answer(labels.copy(), said.copy(), target.copy()), float)


def _off(shares):
    return float(np.abs(shares - _confused()[-1]).sum())


def _counted():
    return np.bincount(_confused()[2], minlength=5) / len(_confused()[2])


def _of_a_perfect_head(answer):
    labels = np.arange(5).repeat(9)
    target = np.repeat(np.arange(5), [10, 20, 30, 40, 50])
    found = np.asarray(answer(labels, labels.copy(), target), float)
    return np.allclose(found, np.arange(1, 6) / 15, atol=1e-6)


# --- adapting.3 one epoch of Tent -----------------------------------------------------


@functools.cache
def _tissue():
    """Pictures of another microscope, at half of their size, 0-1."""
    from tlcourse import datasets

    return datasets.load("tissue").train.images[:128, ::2, ::2] / 255


def _network():
    """A small network with two BatchNorms and a softmax, always the same."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    outputs = inputs = keras.Input(_tissue().shape[1:])
    for _ in range(2):
        outputs = keras.layers.Conv2D(8, 3, strides=2)(outputs)
        outputs = keras.layers.BatchNormalization()(outputs)
        outputs = keras.layers.Activation("relu")(outputs)
    pooled = keras.layers.GlobalAveragePooling2D()(outputs)
    initial = keras.initializers.RandomNormal(stddev=2.0)
    head = keras.layers.Dense(4, activation="softmax", kernel_initializer=initial)
    return keras.Model(inputs, head(pooled))


_DONE = {}  # of the last answer: its properties share one training


def _after(answer):
    """What an answer does to the network.

    Returns
    -------
    dict
        Whether ``kernels``, ``scales`` and ``averages`` (of BatchNorm) moved; the mean
        entropy ``before`` and ``after``, normalised by the statistics of the pictures.
    """
    if answer not in _DONE:
        _DONE.clear()
        model, pictures = _network(), _tissue().copy()
        old, unsure = _weights(model), _entropy(model)
        answer(model, pictures)
        new = _weights(model)
        moved = {kind: _moved_any(old[kind], new[kind]) for kind in old}
        _DONE[answer] = {**moved, "before": unsure, "after": _entropy(model)}
    return _DONE[answer]


def _weights(model):
    """Weights by what they are: kernels (and biases), scales, averages."""
    found = {"kernels": [], "scales": [], "averages": []}
    for layer in model.layers:
        values = layer.get_weights()
        norm = "batch_normalization" in layer.name
        found["scales" if norm else "kernels"] += values[:2]
        found["averages"] += values[2:]
    return found


def _moved_any(old, new):
    return any((a != b).any() for a, b in zip(old, new, strict=True))


def _entropy(model):
    chances = np.asarray(model(_tissue(), training=True))
    return float(-(chances * np.log(chances + 1e-9)).sum(axis=1).mean())


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
        title="Shares from a confusion matrix",
        expects="a function that takes held-out labels, the answers to them and the "
        "answers on the target, and gives one share per class",
        properties=[
            Property(
                "There is one share per class",
                lambda answer: _shares(answer).shape == (5,),
                found=lambda answer: f"Yours has the shape {_shares(answer).shape}.",
            ),
            Property(
                "None is negative, and they sum to 1",
                lambda answer: (
                    _shares(answer).min() >= 0 and abs(_shares(answer).sum() - 1) < 1e-6
                ),
                found=lambda answer: (
                    f"Yours go from {_shares(answer).min():.3f} and sum to "
                    f"{_shares(answer).sum():.3f}."
                ),
            ),
            Property(
                "For a head that is always right, they are the shares of its answers",
                _of_a_perfect_head,
                found="Yours are others.",
            ),
            Property(
                "For a head that confuses classes, they are nearer to the truth than "
                "half of what counting its answers gives",
                lambda answer: _off(_shares(answer)) < _off(_counted()) / 2,
                found=lambda answer: (
                    f"In all, yours are off by {_off(_shares(answer)):.2f}, and the "
                    f"shares of the answers by {_off(_counted()):.2f}."
                ),
            ),
        ],
        hints=[
            "On held-out examples you know how often class j is taken for class i. On "
            "the target you know how often the answer is i.",
            "Make a matrix whose column j holds the shares of the answers to class j. "
            "The matrix times the unknown shares gives the shares of all answers.",
            "`np.linalg.solve(matrix, answers)` solves it. Then clip at 0, and divide "
            "by the sum.",
        ],
        solution="""\
def answer(labels, said, target_said):
    classes = labels.max() + 1
    columns = [
        np.bincount(said[labels == k], minlength=classes) / np.sum(labels == k)
        for k in range(classes)
    ]
    answers = np.bincount(target_said, minlength=classes) / len(target_said)
    shares = np.linalg.solve(np.stack(columns, axis=1), answers).clip(0)
    return shares / shares.sum()""",
        explanation="Lipton et al. (2018) call it black-box shift estimation: it asks "
        "only for answers, so the head's probabilities may be wrong. With few held-out "
        "examples per class the matrix is uncertain, and EM is often better.",
    ),
    Exercise(
        name="adapting.3",
        title="One epoch of Tent",
        expects="a function that takes a Keras model and pictures, and trains",
        properties=[
            Property(
                "The model's kernels and biases stay as they are",
                lambda answer: not _after(answer)["kernels"],
                found="Yours changes at least one of them.",
            ),
            Property(
                "BatchNorm's scale and shift move",
                lambda answer: _after(answer)["scales"],
                found="In yours they stay as they are.",
            ),
            Property(
                "The answers to the pictures become surer",
                lambda answer: _after(answer)["after"] < _after(answer)["before"],
                found=lambda answer: (
                    f"Their mean entropy was {_after(answer)['before']:.3f}, and is "
                    f"{_after(answer)['after']:.3f} after yours."
                ),
            ),
        ],
        hints=[
            "Two things are to be set before `compile`: which layers train, and a loss "
            "that needs no label.",
            "In a loop: `layer.trainable = isinstance(layer, "
            "keras.layers.BatchNormalization)`. Leave `model.trainable` alone.",
            "A Keras loss is a function of labels and outputs. It may ignore the "
            "labels: minus the sum of `chances * keras.ops.log(chances)` over the "
            "classes. `fit` wants labels all the same: give zeros.",
        ],
        solution="""\
def answer(model, pictures):
    for layer in model.layers:
        layer.trainable = isinstance(layer, keras.layers.BatchNormalization)

    def entropy(labels, chances):  # the labels are not used
        return -keras.ops.sum(chances * keras.ops.log(chances + 1e-7), axis=-1)

    model.compile(keras.optimizers.Adam(1e-3), entropy)
    model.fit(pictures, np.zeros(len(pictures)), batch_size=32, verbose=0)""",
        explanation="This needs no source, only the model and pictures of the target. "
        "The moving averages move as well, as they do in `fit`.",
    ),
]
