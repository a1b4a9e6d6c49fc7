"""The exercises of the lesson."""

import functools
import pathlib
import tempfile

import numpy as np

from tlcourse.exercises.model import Exercise, Property

SOURCES = ("random", "fractals", "ten photographs", "glyphs")  # and the lesson's own
PER_CLASS, FEATURES = 10, 1280

# --- features.1 a silent fault --------------------------------------------------------


def _is_model(model):
    from tlcourse.quiet import import_keras

    return isinstance(model, import_keras().Model)


@functools.cache
def _wanted():
    """Two pictures, and the features that the base of the lesson gives of them."""
    from tlcourse import backbones, datasets

    images = datasets.load("apples", domain="orchard").val.images[:2]
    backbone = backbones.load(input_size=96)
    pictures = np.asarray(backbones.resized(images, 96))
    return pictures, backbone.features(pictures)


def _correlation(model):
    pictures, wanted = _wanted()
    found = model.predict(pictures, verbose=0)
    return float(np.corrcoef(found.ravel(), wanted.ravel())[0, 1])


def _same_features(model):
    pictures, wanted = _wanted()
    found = model.predict(pictures, verbose=0)
    return np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()


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


# --- features.3 name a file -----------------------------------------------------------

COLOURS = {"rose": (220, 30, 30), "leaf": (30, 200, 40), "sky": (40, 60, 230)}


def _by_colour():
    """A model of 20 x 30 pixels that answers with the strongest colour."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    pictures = keras.Input((20, 30, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pictures)
    return keras.Model(pictures, keras.layers.Softmax()(mean))


def _by_light():
    """A model that answers "light" where the mean of a picture is above 100."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    pictures = keras.Input((16, 16, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pictures)
    head = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pictures, head(mean))
    head.set_weights([np.float32([[0, 1 / 3]] * 3), np.float32([100, 0])])
    return model


def _asked(answer, model, colour, classes):
    import PIL.Image

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "picture.png"
        PIL.Image.new("RGB", (50, 40), colour).save(path)
        return answer(model, path, list(classes))


def _names(answer):
    return [_asked(answer, _by_colour(), x, COLOURS) for x in COLOURS.values()]


EXERCISES = [
    Exercise(
        name="features.1",
        title="A silent fault",
        expects="a Keras model",
        properties=[
            Property("It is a Keras model", _is_model),
            Property(
                "It takes pictures of 96 x 96 pixels in colour",
                lambda model: model.input_shape == (None, 96, 96, 3),
                found=lambda model: f"Yours takes {model.input_shape}.",
            ),
            Property(
                "It gives one row of features per picture, as the extractor does",
                lambda model: model.output_shape == (None, FEATURES),
                found=lambda model: f"Yours puts out {model.output_shape}.",
            ),
            Property(
                "Its features of a picture with values from 0 to 255 are the base's",
                _same_features,
                found=lambda model: (
                    f"Yours correlate with them by {_correlation(model):.2f}, in place "
                    "of 1.00."
                ),
            ),
        ],
        hints=[
            "Which layer of the model changes the pixels, and which part of the base "
            "does it again?",
            "`base.summary()` begins with a layer that scales. So no other layer has "
            "to.",
            "Give `inputs` to the extractor as they are.",
        ],
        solution="""\
import keras

inputs = keras.Input((96, 96, 3))
answer = keras.Model(inputs, extractor(inputs))""",
        explanation="In keras.applications, the EfficientNets scale inside, and most "
        "other families have a function preprocess_input. Look it up for each model.",
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
        title="Name a file",
        expects="a function of a Keras model, a path and the names of classes",
        properties=[
            Property(
                "It gives one of the names",
                lambda answer: set(_names(answer)) <= set(COLOURS),
                found=lambda answer: f"Yours gives {_names(answer)[0]!r}.",
            ),
            Property(
                "It gives the name with the highest probability",
                lambda answer: _names(answer) == list(COLOURS),
                found=lambda answer: (
                    "For a model that knows colours, and a red, a green and a blue "
                    f"picture, yours gives {', '.join(map(str, _names(answer)))}."
                ),
            ),
            Property(
                "The model sees the values of the file, 0 to 255",
                lambda answer: (
                    _asked(answer, _by_light(), (200,) * 3, ["dark", "light"])
                    == "light"
                ),
                found="With a model that tells light from dark, yours calls a light "
                "picture dark.",
            ),
        ],
        hints=[
            "`model.input_shape[1:3]` is the size that the model takes.",
            "`keras.utils.load_img(path, target_size=...)`, then a batch of one "
            "picture, then `model.predict`.",
            "`classes[int(chances.argmax())]`, where `chances` is the one row of what "
            "`predict` gives.",
        ],
        solution="""\
import keras
import numpy as np


def answer(model, path, classes):
    picture = keras.utils.load_img(path, target_size=model.input_shape[1:3])
    chances = model.predict(np.expand_dims(picture, 0), verbose=0)[0]
    return classes[int(chances.argmax())]""",
        explanation="No division by 255: the model scales by itself. A function that "
        "divides once more would be wrong and would not say so.",
    ),
]
