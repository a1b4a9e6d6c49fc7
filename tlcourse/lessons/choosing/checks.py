"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

SOURCES = ("glyphs", "fractals", "photos", "imagenet_distilled", "imagenet")
RANDOM = ("random", "random_wide")
BEST = "imagenet_distilled"  # in the orchard, by far; tests/claims measures it
MAY_LOSE = 0.03  # of test accuracy, against that one

# --- choosing.1 NCE -------------------------------------------------------------------


def _asked(seed=0, n=60, source_classes=5, classes=3):
    """Answers of a head that knows something of the labels; probabilities, labels."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    liking = rng.normal(0, 1, (classes, source_classes))
    odds = np.exp(liking[labels] + rng.normal(0, 1, (n, source_classes)))
    return odds / odds.sum(1, keepdims=True), labels


def _nce(probabilities, labels):
    guesses = probabilities.argmax(1)
    shares = [
        (labels[guesses == guess] == label).mean()
        for guess, label in zip(guesses, labels, strict=True)
    ]
    return np.log(shares).mean()


def _never_positive(answer):
    values = [float(answer(*_asked(seed))) for seed in range(3)]
    return bool(np.isfinite(values).all() and max(values) <= 1e-9)


def _says_nothing(answer):
    always = np.tile([0.1, 0.7, 0.2], (40, 1))
    labels = np.repeat([0, 1, 2, 3], 10)
    return abs(float(answer(always, labels)) - np.log(1 / 4)) < 1e-6


def _says_all(answer):
    labels = np.repeat([0, 1, 2], 8)
    one = np.full((24, 6), 0.02)
    one[np.arange(24), labels + 3 * (np.arange(24) % 2)] = 0.9
    return abs(float(answer(one, labels))) < 1e-6


def _only_the_likeliest(answer):
    probabilities, labels = _asked(1)
    sharper = probabilities**4
    sharper /= sharper.sum(1, keepdims=True)
    return np.isclose(answer(probabilities, labels), answer(sharper, labels))


def _equals_nce(answer):
    sets = [_asked(seed) for seed in range(5)]
    return all(np.isclose(answer(*each), _nce(*each)) for each in sets)


# --- choosing.2 what a choice costs ---------------------------------------------------


def _table(scores, accuracy):
    import pandas

    names = ["pears", "plums", "figs", "limes"][: len(scores)]
    return pandas.DataFrame({"score": scores, "accuracy": accuracy}, index=names)


def _cost(answer, scores, accuracy):
    return float(answer(_table(scores, accuracy), "score"))


def _nothing_lost(answer):
    return abs(_cost(answer, [-3.0, -1.0, -2.0], [0.5, 0.9, 0.7])) < 1e-9


def _lost(answer):
    return abs(_cost(answer, [-1.0, -3.0, -2.0], [0.5, 0.9, 0.7]) - 0.4) < 1e-9


def _tied(answer):
    tied = _cost(answer, [2, 2, 1, 2], [0.5, 0.8, 0.9, 0.6])
    return abs(tied - (0.9 - 1.9 / 3)) < 1e-9


def _any_column(answer):
    table = _table([3.0, 1.0, 2.0], [0.1, 0.4, 0.6])
    table["other"] = [0.0, 5.0, 1.0]
    return abs(float(answer(table, "other")) - 0.2) < 1e-9


# --- choosing.3 a source for the orchard ----------------------------------------------


@functools.lru_cache(maxsize=8)
def _accuracy(source):
    """Test accuracy of a linear head in the orchard; what the learner does not see."""
    from tlcourse import backbones, datasets, probes

    task = datasets.load("apples", per_class=10, domain="orchard", seed=0)
    name = None if source in RANDOM else source
    alpha = 0.5 if source == "random_wide" else None
    backbone = backbones.load("mobilenet", source=name, alpha=alpha)
    train, test = (backbone.features(s.images) for s in (task.train, task.test))
    probe = probes.linear_probe().fit(train, task.train.labels)
    return probe.score(test, task.test.labels)


def _is_a_source(answer):
    return answer in (*SOURCES, *RANDOM)


def _loses_little(answer):
    return _accuracy(answer) >= _accuracy(BEST) - MAY_LOSE


EXERCISES = [
    Exercise(
        name="choosing.1",
        title="NCE, a score of your own",
        expects="a function of probabilities, (n, source classes), and labels, (n,)",
        properties=[
            Property(
                "It gives a number that is never above 0, being a mean of logarithms",
                _never_positive,
                found=lambda answer: f"Yours gave {answer(*_asked(0))}.",
            ),
            Property(
                "Where the head names the same class for all images, it is the "
                "logarithm of guessing",
                _says_nothing,
                found="For four classes of equal size, yours was something else.",
            ),
            Property(
                "Where each source class goes with a single label, it is 0",
                _says_all,
                found="Two source classes went with each of three labels, and yours "
                "was not 0.",
            ),
            Property(
                "Only the likeliest source class of an image counts, not how likely",
                _only_the_likeliest,
                found="Sharper probabilities with the same likeliest classes changed "
                "yours.",
            ),
            Property(
                "On five random sets it is the mean log probability of the right label",
                _equals_nce,
                found="At least one value differs.",
            ),
        ],
        hints=[
            "First `z = probabilities.argmax(1)`: one source class for each image. The "
            "probabilities are not needed any more.",
            "For image i, look at all images with the same source class, `z == z[i]`. "
            "Which share of them has the label of image i?",
            "`np.log((labels[z == z[i]] == labels[i]).mean())` is what image i adds. "
            "The score is the mean over the images.",
        ],
        solution="""\
def answer(probabilities, labels):
    z = probabilities.argmax(axis=1)
    shares = [(labels[z == z[i]] == labels[i]).mean() for i in range(len(z))]
    return np.log(shares).mean()""",
        explanation="This is the negative conditional entropy of the labels given the "
        "source's class. LEEP does the same, but spreads each image over all source "
        "classes as the head does.",
    ),
    Exercise(
        name="choosing.2",
        title="What a choice costs",
        expects="a function of a table and a column's name that gives a number",
        properties=[
            Property(
                "It is 0 where the score puts the most accurate source first",
                _nothing_lost,
                found="In a table where it does, yours was not 0.",
            ),
            Property(
                "It is the best accuracy less that of the source with the highest "
                "score",
                _lost,
                found=lambda answer: (
                    "Scores -1, -3, -2 and accuracies 0.5, 0.9, 0.7: yours gave "
                    f"{_cost(answer, [-1.0, -3.0, -2.0], [0.5, 0.9, 0.7]):.2f}."
                ),
            ),
            Property("It looks at the column that it was given", _any_column),
            Property(
                "Where sources tie for the first place, their mean accuracy counts",
                _tied,
                found=lambda answer: (
                    "Scores 2, 2, 1, 2 and accuracies 0.5, 0.8, 0.9, 0.6: yours gave "
                    f"{_cost(answer, [2, 2, 1, 2], [0.5, 0.8, 0.9, 0.6]):.2f}."
                ),
            ),
        ],
        hints=[
            "Two accuracies are needed: the best in the table, and that of the source "
            "which the score puts first.",
            "`table[table[score] == table[score].max()]` holds the source, or the "
            "sources, with the highest score.",
            "Take the mean of their column `accuracy`, and subtract it from "
            '`table["accuracy"].max()`.',
        ],
        solution="""\
def answer(table, score):
    first = table[table[score] == table[score].max()]
    return table["accuracy"].max() - first["accuracy"].mean()""",
        explanation="Statisticians call it regret. Who cannot tell tied sources apart "
        "draws lots, and gets their mean accuracy on average.",
    ),
    Exercise(
        name="choosing.3",
        title="A source for the orchard",
        expects="the name of a source, a string",
        properties=[
            Property(
                "It is the name of a source in `backbones`",
                _is_a_source,
                found=lambda answer: f"Yours is {answer!r}.",
            ),
            Property(
                f"A linear head on it is at most {MAY_LOSE} less accurate on the test "
                "split than one on the best bundled source",
                _loses_little,
                found=lambda answer: (
                    f"Yours reaches {_accuracy(answer):.2f}, and another reaches more."
                ),
            ),
        ],
        hints=[
            "`tl.transferability.rank(backbones, orchard, scores=[...])` scores all "
            "sources on the labels that you have.",
            "Take a score that you found to be worth its trust on other targets, and "
            "ask a second one.",
            "`scores=['knn', 'linear_probe']` makes a table whose first row has the "
            "best kNN. The index holds the names.",
        ],
        solution="""\
orchard = tl.datasets.load("apples", per_class=10, domain="orchard", seed=0)
scores = ["linear_probe", "knn"]
table = tl.transferability.rank(backbones, orchard, scores=scores)
answer = table.index[0]""",
        explanation="A score that cross-validates on your own labels needs no theory. "
        "It takes longer than LogME, and still far less than a training.",
    ),
]
