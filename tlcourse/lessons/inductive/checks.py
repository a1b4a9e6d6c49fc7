"""The exercises of the lesson."""

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- inductive.1 what may be changed --------------------------------------------------

SEEN = 2  # grey levels of 255, mean over a picture: less, nobody sees
FEW, DIGIT = 40, 7  # a picture so many times over: mirrored or turned it is no 7


def _changed(answer):
    """A written 7, and how the learner's layers change it in training."""
    from tlcourse import datasets
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    train = datasets.load("digits", per_class=1, seed=0).train
    images = np.repeat(train.images[train.labels == DIGIT], FEW, axis=0)
    changed = np.asarray(answer(images, training=True), float)
    return images[0], changed


def _is_a_layer(answer):
    from tlcourse.quiet import import_keras

    return isinstance(answer, import_keras().Layer)


def _keeps_the_form(answer):
    image, changed = _changed(answer)
    return changed.shape == (FEW, *image.shape)


def _alike(image, changed):
    """How alike the changed pictures are to one, at the best shift; (n,), at most 1."""
    from scipy.fft import irfft2, rfft2
    from scipy.ndimage import gaussian_filter

    one = gaussian_filter(image.mean(axis=-1), 2)
    many = gaussian_filter(changed.mean(axis=-1), (0, 2, 2))
    one, many = one - one.mean(), many - many.mean(axis=(1, 2), keepdims=True)
    match = irfft2(rfft2(many) * rfft2(one).conj(), s=one.shape).max(axis=(1, 2))
    return match / np.sqrt((one**2).sum() * (many**2).sum(axis=(1, 2)) + 1e-9)


def _more_like_itself(answer, other):
    image, changed = _changed(answer)
    return (_alike(image, changed) > _alike(other(image), changed) - 0.1).all()


def _never_mirrored(answer):
    return all(
        _more_like_itself(answer, other)
        for other in (lambda x: x[:, ::-1], lambda x: x[::-1], lambda x: x[::-1, ::-1])
    )


def _still_the_digit(answer):
    return bool((_alike(*_changed(answer)) > LEAST_ALIKE).all())


def _differs(answer):
    image, changed = _changed(answer)
    apart = abs(changed - image).mean(axis=(1, 2, 3)) > SEEN
    return apart.mean() > 0.5 and abs(changed[1:] - changed[0]).mean() > SEEN


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
    """What the learner's function makes of a Dense layer with that kernel."""
    from tlcourse.quiet import import_keras

    maps, kernel = _maps()
    head = import_keras().layers.Dense(4)
    head.build((None, 7))
    head.set_weights([kernel, np.zeros(4)])
    return np.asarray(answer(maps, head, label), float)


def _expected(label):
    maps, kernel = _maps()
    return np.einsum("nhwd,d->nhw", maps, kernel[:, label])


def _proportional(answer, label=2):
    found, wanted = _heat(answer, label), np.maximum(_expected(label), 0)
    if not (found * wanted).sum() > 0:
        return False
    factor = (found * wanted).sum() / (wanted**2).sum()
    return bool(np.allclose(np.maximum(found, 0), factor * wanted))


LEAST_ALIKE = 0.7  # of 1; small shifts, turns and zooms stay above it


EXERCISES = [
    Exercise(
        name="inductive.1",
        title="What may be changed",
        expects="a Keras layer, for example keras.Sequential([...])",
        properties=[
            Property("It is a Keras layer or a Sequential of them", _is_a_layer),
            Property(
                "The pictures keep their shape (n, 64, 64, 3)",
                _keeps_the_form,
            ),
            Property(
                "No picture is mirrored, and none is turned upside down",
                _never_mirrored,
                found="Yours makes of a 7 something that is more like a mirrored or "
                "turned 7.",
            ),
            Property(
                "In training it changes the pictures so that one sees it, each in "
                "another way",
                _differs,
                found="With yours, most stay as they are, or two change alike.",
            ),
            Property(
                "The change is so small that the digit stays the same",
                _still_the_digit,
                found="With yours, at least one 7 is hard to recognise.",
            ),
        ],
        hints=[
            "Ask of each change: is it still the same digit, and could somebody have "
            "written it so?",
            "A mirrored 2 is no digit, and a turned 6 is a 9. How do digits differ "
            "from one writer to the next?",
            "Small ones of `keras.layers.RandomTranslation`, `RandomRotation` and "
            "`RandomZoom`: factors of 0.05. Several stand in a "
            "`keras.Sequential([...])`.",
        ],
        solution="""\
answer = keras.Sequential(
    [
        keras.layers.RandomTranslation(0.05, 0.05),
        keras.layers.RandomRotation(0.02),
    ]
)""",
        explanation="People write a digit a little higher, lower or more slanted. A "
        "factor of 0.02 turns by up to 7 degrees.",
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
        expects="a function that takes maps, a head and a label and gives heat",
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
            "`kernel, bias = head.get_weights()`. The kernel has a column for each "
            "class, (d, classes): `maps @ kernel[:, label]` multiplies at each place.",
            "`maps @ kernel[:, label]` is enough. To drop what speaks against the "
            "class, too: `np.maximum(..., 0)`.",
        ],
        solution="""\
def answer(maps, head, label):
    kernel, bias = head.get_weights()
    return np.maximum(maps @ kernel[:, label], 0)""",
        explanation="This is the class activation map (Zhou et al. 2016).",
    ),
]


def _leaves_alone(answer):
    given = MATRIX.copy()
    answer(given, NAMES)
    return np.array_equal(given, MATRIX)
