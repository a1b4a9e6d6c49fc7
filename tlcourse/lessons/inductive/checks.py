"""The exercises of the lesson."""

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- inductive.1 what may be changed --------------------------------------------------

CHANGES = {"mirror", "turn"}
SETS = ("apples", "digits", "tissue")


def _names_changes(answer):
    return set(answer) == set(SETS) and all(
        not isinstance(names, str) and set(names) <= CHANGES
        for names in answer.values()
    )


# --- inductive.2 the commonest mistake ------------------------------------------------

# Rows are the truth; the largest numbers stand on the diagonal, which is no mistake.
MATRIX = np.array([[30, 4, 0], [1, 25, 9], [6, 2, 40]])
NAMES = ("oak", "elm", "ash")


def _pair(answer, matrix, names=NAMES):
    return tuple(str(name) for name in answer(np.array(matrix), names))


# --- inductive.3 the map in the head --------------------------------------------------


def _maps():
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 3, 5, 7)), rng.normal(size=(7, 4))


def _heat(answer, label):
    return np.asarray(answer(*_maps(), label), float)


def _expected(label):
    maps, kernel = _maps()
    return np.einsum("nhwd,d->nhw", maps, kernel[:, label])


def _proportional(answer, label=2):
    found, wanted = _heat(answer, label), np.maximum(_expected(label), 0)
    if not (found * wanted).sum() > 0:
        return False
    factor = (found * wanted).sum() / (wanted**2).sum()
    return bool(np.allclose(np.maximum(found, 0), factor * wanted))


EXERCISES = [
    Exercise(
        name="inductive.1",
        title="What may be changed",
        expects="a dict of lists, such as {'apples': ['mirror'], ...}",
        properties=[
            Property(
                "It has a list of 'mirror', 'turn', both or none for apples, digits "
                "and tissue",
                _names_changes,
            ),
            Property(
                "No change makes one class look like another",
                lambda answer: not answer["digits"],
                found="Mirrored or turned, some pictures of one of your sets are of "
                "another class, or of none.",
            ),
            Property(
                "Where neither left and right nor up and down mean anything, all "
                "changes are used",
                lambda answer: set(answer["tissue"]) == CHANGES,
                found="One of your sets has no up and down, and could have more.",
            ),
            Property(
                "A change that gives pictures such as the test split has is used, and "
                "one that gives others is not",
                lambda answer: set(answer["apples"]) == {"mirror"},
                found="Look at the stalks of the apples.",
            ),
        ],
        hints=[
            "Ask of each change: is it still of the same class, and could the picture "
            "have been taken so?",
            "A turned 6 is a 9, and a mirrored 2 is no digit. Which set has pictures "
            "that can be taken from any side?",
            "In the studio every apple stands upright, with the stalk above. Mirrored "
            "it still stands upright.",
        ],
        solution="""\
answer = {"apples": ["mirror"], "digits": [], "tissue": ["mirror", "turn"]}""",
        explanation="That is what the table above says, too: an augmentation is a "
        "claim about the pictures, and it can be measured.",
    ),
    Exercise(
        name="inductive.2",
        title="The commonest mistake",
        expects="a function that takes a matrix and names and gives two names",
        properties=[
            Property(
                "For a matrix of counts it gives the names of a row and of a column",
                lambda answer: (
                    set(_pair(answer, MATRIX)) <= set(NAMES)
                    and len(_pair(answer, MATRIX)) == 2
                ),
            ),
            Property(
                "A right answer is no mistake",
                lambda answer: len(set(_pair(answer, MATRIX))) == 2,
                found="Yours found a class that was called by its own name.",
            ),
            Property(
                "The pair is the commonest one, the truth first",
                lambda answer: (
                    _pair(answer, MATRIX) == ("elm", "ash")
                    and _pair(answer, MATRIX.T) == ("ash", "elm")
                ),
                found=lambda answer: (
                    "In a made-up matrix of oak, elm and ash, yours is "
                    f"{' called '.join(_pair(answer, MATRIX))}."
                ),
            ),
            Property(
                "The matrix that it was given is as before",
                lambda answer: _leaves_alone(answer),
                found="Yours has changed it: work on a copy.",
            ),
        ],
        hints=[
            "The diagonal holds the right answers. What must become of it before you "
            "look for the largest number?",
            "`matrix - np.diag(np.diag(matrix))` is a copy without the diagonal.",
            "`np.unravel_index(wrong.argmax(), wrong.shape)` gives row and column of "
            "the largest number; the row is the truth.",
        ],
        solution="""\
def answer(matrix, classes):
    wrong = matrix - np.diag(np.diag(matrix))
    truth, said = np.unravel_index(wrong.argmax(), wrong.shape)
    return classes[truth], classes[said]""",
    ),
    Exercise(
        name="inductive.3",
        title="The map in the head",
        expects="a function that takes maps, a kernel and a label and gives heat",
        properties=[
            Property(
                "For maps (n, h, w, d) the heat has the shape (n, h, w)",
                lambda answer: _heat(answer, 1).shape == (2, 3, 5),
                found=lambda answer: f"Yours has {_heat(answer, 1).shape}.",
            ),
            Property(
                "Another label gives another heat",
                lambda answer: not np.allclose(_heat(answer, 0), _heat(answer, 3)),
                found="Yours is the same for each label.",
            ),
            Property(
                "The heat is the class's own score at each place, up to a factor",
                lambda answer: all(_proportional(answer, label) for label in range(4)),
                found="Yours is another one.",
            ),
        ],
        hints=[
            "The head averages the maps over the places and multiplies by the kernel. "
            "What if it multiplied first, at each place?",
            "The kernel has a column for each class, (d, classes). `maps @ "
            "kernel[:, label]` multiplies at each place.",
            "What is left is to drop what speaks against the class: "
            "`np.maximum(..., 0)`.",
        ],
        solution="""\
def answer(maps, kernel, label):
    return np.maximum(maps @ kernel[:, label], 0)""",
        explanation="This is the class activation map (Zhou et al. 2016). The gradient "
        "of a linear head is its kernel, so after the last block Grad-CAM is the same, "
        "divided by the number of places.",
    ),
]


def _leaves_alone(answer):
    given = MATRIX.copy()
    answer(given, NAMES)
    return np.array_equal(given, MATRIX)
