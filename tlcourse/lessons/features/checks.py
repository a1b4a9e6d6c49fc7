"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

SOURCES = ("random", "fractals", "photos", "glyphs")  # and the lesson's own
PER_CLASS = 10

# --- features.1 a head without training -----------------------------------------------


def _clouds(seed=0):
    """Three classes as clouds that overlap a little; features, labels, new ones."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([0, 1, 2], (5, 9, 12)))
    centres = rng.normal(0, 2, (3, 6))
    new = rng.normal(0, 2, (40, 6))
    return centres[labels] + rng.normal(0, 1.5, (26, 6)), labels, new


def _nearest_mean(train, labels, new):
    means = np.stack([train[labels == label].mean(0) for label in range(3)])
    return ((new[:, None] - means) ** 2).sum(-1).argmin(1)


def _one_class_each(answer):
    found = np.asarray(answer(*_clouds()))
    return found.shape == (40,) and set(found.tolist()) <= {0, 1, 2}


def _means_are_their_own(answer):
    train, labels, _ = _clouds(1)
    means = np.stack([train[labels == label].mean(0) for label in range(3)])
    return np.array_equal(answer(train, labels, means), [0, 1, 2])


def _not_the_nearest_picture(answer):
    # The nearest picture to 8.5 is of class 1, the nearest mean that of class 0.
    train = np.array([[0.0], [10.0], [8.0], [30.0]])
    return list(answer(train, np.array([0, 0, 1, 1]), np.array([[8.5]]))) == [0]


def _all_right(answer):
    return all(
        np.array_equal(answer(*_clouds(seed)), _nearest_mean(*_clouds(seed)))
        for seed in range(5)
    )


# --- features.2 choose a source -------------------------------------------------------


@functools.lru_cache(maxsize=2)
def _accuracy(source):
    """Validation accuracy on photos of one source; what the learner has to find."""
    from tlcourse import backbones, datasets, probes

    task = datasets.load("photos", per_class=PER_CLASS, seed=0)
    backbone = backbones.load("mobilenet", source=source)
    probe = probes.linear_probe()
    probe.fit(backbone.features(task.train.images), task.train.labels)
    return probe.score(backbone.features(task.val.images), task.val.labels)


def _names_every_source(answer):
    return set(SOURCES) < set(answer) and len(answer) == len(SOURCES) + 1


def _validation_size():
    from tlcourse import datasets

    return len(datasets.load("photos").val)


def _shares_of_validation(answer):
    counts = np.array(list(answer.values()), float) * _validation_size()
    return bool((np.abs(counts - counts.round()) < 1e-3).all() and counts.any())


def _as_measured(answer):
    # A picture or two may fall on the other side with another processor.
    return abs(answer["glyphs"] - _accuracy("glyphs")) < 2.5 / _validation_size()


# --- features.3 which classes are confused --------------------------------------------

_MATRICES = (
    [[5, 4, 0], [0, 5, 3], [0, 3, 5]],  # 3 + 3 are more than 4 + 0
    [[90, 0, 1], [0, 0, 0], [2, 0, 7]],  # large numbers stand on the diagonal
    [[9, 0, 0, 2], [0, 9, 0, 0], [0, 0, 9, 1], [5, 0, 1, 9]],
)
_PAIRS = ({1, 2}, {0, 2}, {0, 3})


def _pair(answer, place=0):
    return [int(label) for label in answer(np.array(_MATRICES[place]))]


def _is_a_pair(answer):
    first, second = _pair(answer)
    return first != second and {first, second} <= {0, 1, 2}


def _matches(place):
    return lambda answer: set(_pair(answer, place)) == _PAIRS[place]


EXERCISES = [
    Exercise(
        name="features.1",
        title="A head without training",
        expects="a function of training features, training labels and new features",
        properties=[
            Property(
                "It gives one class, 0, 1 or 2, for each row of new features",
                _one_class_each,
                found=lambda answer: (
                    "For 40 rows yours gave the shape "
                    f"{np.shape(answer(*_clouds()))}, beginning with "
                    f"{np.asarray(answer(*_clouds())).ravel()[:3].tolist()}."
                ),
            ),
            Property(
                "A row that equals the mean of a class is given that class",
                _means_are_their_own,
                found="At least one of three means was given another class.",
            ),
            Property(
                "The mean of a class decides, not the nearest single picture",
                _not_the_nearest_picture,
                found="In a case where the two differ, yours followed the picture.",
            ),
            Property(
                "On five random sets it names the class of the nearest mean",
                _all_right,
                found="Some rows were given a class whose mean is further away.",
            ),
        ],
        hints=[
            "Two steps: first one mean vector for each class, then one distance from "
            "each new row to each mean.",
            "`train_features[train_labels == label].mean(axis=0)` is one mean. "
            "`np.stack` puts the means of all labels into one array, (classes, d).",
            "`features[:, None] - means` has the shape (n, classes, d): square it, add "
            "up over the last axis, and take `argmin(axis=1)`.",
        ],
        solution="""\
def answer(train_features, train_labels, features):
    labels = np.unique(train_labels)
    means = [train_features[train_labels == label].mean(axis=0) for label in labels]
    distances = ((features[:, None] - np.stack(means)) ** 2).sum(axis=-1)
    return labels[distances.argmin(axis=1)]""",
        explanation="A mean of ten pictures is less noisy than one picture. With one "
        "labelled picture per class this is the same as the nearest neighbour.",
    ),
    Exercise(
        name="features.2",
        title="Choose a source without the test split",
        expects="a dict that gives a validation accuracy for each source",
        properties=[
            Property(
                "It has one entry for each of the five sources in `backbones`",
                _names_every_source,
                found=lambda answer: f"Yours has {', '.join(map(str, answer))}.",
            ),
            Property(
                "Each value is a share of the validation pictures of photos",
                _shares_of_validation,
                found=lambda answer: (
                    f"There are {_validation_size()} of them, and among your values "
                    f"is {list(answer.values())[0]:.4f}. On which split did you score?"
                ),
            ),
            Property(
                "The value for glyphs is what a probe finds on the labels of seed 0",
                _as_measured,
                found=lambda answer: f"Yours is {answer['glyphs']:.3f}.",
            ),
        ],
        hints=[
            "Go through `backbones.items()`: each gives a name and a backbone.",
            "For each backbone, fit `tl.probes.linear_probe()` on the features of "
            "`photos.train.images` and score it on those of `photos.val.images`.",
            "`probe.score(backbone.features(photos.val.images), photos.val.labels)` is "
            "one value; put it into the dict under the source's name.",
        ],
        solution="""\
photos = tl.datasets.load("photos", per_class=10, seed=0)
answer = {}
for name, backbone in backbones.items():
    probe = tl.probes.linear_probe()
    probe.fit(backbone.features(photos.train.images), photos.train.labels)
    known = backbone.features(photos.val.images)
    answer[name] = probe.score(known, photos.val.labels)
best = max(answer, key=answer.get)""",
        explanation="The choice is made on the validation split, so the test split is "
        "still unseen when you come to report how good the chosen source is.",
    ),
    Exercise(
        name="features.3",
        title="Which two classes are confused most?",
        expects="a function of a confusion matrix that gives two different classes",
        properties=[
            Property(
                "It gives two different classes of the matrix",
                _is_a_pair,
                found=lambda answer: f"Yours gave {_pair(answer)} for 3 classes.",
            ),
            Property(
                "Right answers do not count as mistakes",
                _matches(1),
                found="For a matrix with large numbers on its diagonal, yours gave "
                "another pair.",
            ),
            Property(
                "Mistakes in both directions count together",
                _matches(0),
                found="Where many mistakes go one way and more go two ways, yours "
                "gave another pair.",
            ),
            Property("It works for four classes too", _matches(2)),
        ],
        hints=[
            "The mistakes of a pair stand in two places: row i, column j, and row j, "
            "column i.",
            "`matrix + matrix.T` adds both directions. Its diagonal has to go: "
            "`np.fill_diagonal(both, 0)`.",
            "`np.unravel_index(both.argmax(), both.shape)` gives row and column of the "
            "largest number.",
        ],
        solution="""\
def answer(matrix):
    both = matrix + matrix.T
    np.fill_diagonal(both, 0)
    return np.unravel_index(both.argmax(), both.shape)""",
        explanation="A pair that is confused both ways says that the features hardly "
        "tell the two apart; a mistake in one direction only may be the head's.",
    ),
]
