"""The exercises of the lesson."""

import functools
import hashlib
import pathlib
import zipfile

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- own_pictures.1 share out shots ---------------------------------------------------

NAMES = [f"{apple:02}_{shot}.jpg" for apple in range(20) for shot in range(1, 5)]
PARTS = ("train", "val", "test")


def _apples(names):
    return {name.partition("_")[0] for name in names}


def _shared(answer):
    return answer(list(NAMES))


def _on_both_sides(answer):
    parts = [_apples(names) for names in _shared(answer).values()]
    return (parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2])


def _sizes(answer):
    return [len(_apples(_shared(answer)[part])) for part in PARTS]


# --- own_pictures.2 ready for phase one -----------------------------------------------

COUNT, SIDE, LOWEST, HIGHEST = 3, 32, -1.0, 1.0


@functools.lru_cache(maxsize=2)
def _built(answer):
    """A small base that notes what it is given, and the learner's model on it."""
    from tlcourse.quiet import import_keras

    keras = import_keras()

    class Notes(keras.layers.Layer):
        """Passes pictures on, and keeps them to be looked at."""

        def call(self, inputs):
            self.seen = inputs
            return inputs

    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3))
    maps = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(Notes()(inputs))
    maps = keras.layers.BatchNormalization()(maps)
    base = keras.Model(inputs, maps, name="base")
    return base, answer(base, COUNT)


def _is_model(answer):
    from tlcourse.quiet import import_keras

    return isinstance(_built(answer)[1], import_keras().Model)


def _pictures():
    return np.random.default_rng(0).uniform(0, 255, (4, SIDE, SIDE, 3))


def _given(answer, training):
    """What the base is given, of pictures from 0 to 255; a float array."""
    base, model = _built(answer)
    model(_pictures(), training=training)
    return np.asarray(base.layers[1].seen)


def _range(answer):
    given = _given(answer, False)
    return float(given.min()), float(given.max())


def _trained(answer):
    _, model = _built(answer)
    return sum(int(np.prod(x.shape)) for x in model.trainable_variables)


def _losses(answer):
    """The model's loss, nan where it cannot take class numbers, and the right one."""
    _, model = _built(answer)
    truth = np.arange(4) % COUNT
    right = -np.log(_chances(answer)[np.arange(4), truth]).mean()
    try:
        told = model.evaluate(_pictures(), truth, verbose=0, return_dict=True)["loss"]
    except ValueError:
        told = np.nan
    return told, right


def _moves_head_alone(answer):
    base, model = _built(answer)
    before = [np.asarray(x) for x in base.variables]
    model.fit(_pictures(), np.arange(4) % COUNT, epochs=1, verbose=0)
    after = [np.asarray(x) for x in base.variables]
    return all((a == b).all() for a, b in zip(before, after, strict=True))


def _chances(answer):
    return np.asarray(_built(answer)[1](_pictures(), training=False))


# --- own_pictures.3 another folder ----------------------------------------------------


def _file_and_folder(answer):
    file, folder = answer
    return pathlib.Path(file), pathlib.Path(folder)


def _has_parts(answer):
    _, folder = _file_and_folder(answer)
    return all((folder / part).is_dir() for part in PARTS)


def _hashes(folder):
    return {
        hashlib.sha256(file.read_bytes()).digest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def _disjoint(answer):
    _, folder = _file_and_folder(answer)
    train, val, test = (_hashes(folder / part) for part in PARTS)
    return not (train & test or val & test or train & val)


def _knows_names(answer):
    file, _ = _file_and_folder(answer)
    return zipfile.Path(file, "classes.json").exists()


@functools.lru_cache(maxsize=2)
def _opened(file, _changed):
    """The model, and the names of its classes."""
    from tlcourse import saving
    from tlcourse.quiet import import_keras

    return import_keras().saving.load_model(file), saving.classes(file)


def _model(answer):
    file, _ = _file_and_folder(answer)
    return _opened(file, file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _read(folder):
    from tlcourse.datasets import from_folder

    return from_folder(folder)


def _task(answer):
    return _read(_file_and_folder(answer)[1])


def _same_classes(answer):
    return list(_model(answer)[1]) == list(_task(answer).classes)


def _chances_of(answer, images):
    """What the model of the file gives for pictures from 0 to 255."""
    from tlcourse import backbones

    model, _ = _model(answer)
    side = model.input_shape[1]
    if side is not None:
        images = np.asarray(backbones.resized(images, side))
    batches = np.array_split(np.float32(images), -(-len(images) // 64))
    return np.concatenate([model.predict(batch, verbose=0) for batch in batches])


def _accuracies(answer):
    """On the test part: the model's, and that of a linear head on pixels."""
    from tlcourse import backbones, probes

    task = _task(answer)
    said = _chances_of(answer, task.test.images).argmax(axis=1)
    x, y = (
        np.asarray(backbones.resized(split.images, SIDE)).reshape(len(split), -1)
        for split in (task.train, task.test)
    )
    pixels = probes.linear_probe().fit(x, task.train.labels)
    ours = float((said == task.test.labels).mean())
    return ours, pixels.score(y, task.test.labels)


def _compared(answer):
    ours, pixels = _accuracies(answer)
    return f"Yours has {ours:.2f}, pixels have {pixels:.2f}."


EXERCISES = [
    Exercise(
        name="own_pictures.1",
        title="Share out shots",
        expects="a function that takes a list of names and gives a dict of lists",
        properties=[
            Property(
                'It gives "train", "val" and "test"',
                lambda answer: set(_shared(answer)) == set(PARTS),
                found=lambda answer: f"Yours gives {sorted(_shared(answer))}.",
            ),
            Property(
                "Every name stands in one part, once",
                lambda answer: (
                    sorted(x for part in _shared(answer).values() for x in part)
                    == sorted(NAMES)
                ),
                found=lambda answer: (
                    f"Of {len(NAMES)} names yours gives "
                    f"{sum(map(len, _shared(answer).values()))}."
                ),
            ),
            Property(
                "All shots of an apple stand in one part",
                lambda answer: not _on_both_sides(answer),
                found=lambda answer: (
                    f"In yours {len(_on_both_sides(answer))} apples stand in two."
                ),
            ),
            Property(
                "About 60, 20 and 20 % of the twenty apples",
                lambda answer: np.abs(np.array(_sizes(answer)) - [12, 4, 4]).max() <= 1,
                found=lambda answer: f"In yours there are {_sizes(answer)} apples.",
            ),
            Property(
                "The apples are shuffled first: they may stand in an order of time",
                lambda answer: (
                    _apples(_shared(answer)["test"])
                    not in (
                        _apples(NAMES[:16]),
                        _apples(NAMES[-16:]),
                    )
                ),
                found="In yours the test apples are the first or the last ones.",
            ),
            Property(
                "The second time it gives the same parts",
                lambda answer: (
                    {part: set(names) for part, names in _shared(answer).items()}
                    == {part: set(names) for part, names in _shared(answer).items()}
                ),
                found="Yours gives others each time: choose a seed.",
            ),
        ],
        hints=[
            "Share out apples, not names. The part before `_` says which apple it is.",
            "`sorted({name[:2] for name in names})` are the apples. Shuffle these with "
            "a seed, and cut the list of apples.",
            "For each part: `[name for name in names if name[:2] in its_apples]`.",
        ],
        solution="""\
import random

def answer(names):
    apples = sorted({name[:2] for name in names})
    random.Random(0).shuffle(apples)
    n = len(apples) // 5
    cut = {"test": apples[:n], "val": apples[n : 2 * n], "train": apples[2 * n :]}
    return {
        part: [name for name in names if name[:2] in some]
        for part, some in cut.items()
    }""",
        explanation="Whatever repeats must stay together: shots of a thing, patches of "
        "a picture, pictures of a patient. scikit-learn's GroupShuffleSplit does it, "
        "too.",
    ),
    Exercise(
        name="own_pictures.2",
        title="Ready for phase one",
        expects="a function that takes a Keras model and a number, and gives a model",
        properties=[
            Property("It gives a Keras model", _is_model),
            Property(
                "Of each picture it gives one number per class",
                lambda answer: _chances(answer).shape == (4, COUNT),
                found=lambda answer: f"Yours gives {_chances(answer).shape}.",
            ),
            Property(
                "The base is given pixels from -1 to 1",
                lambda answer: np.allclose(
                    _range(answer), (LOWEST, HIGHEST), atol=0.05
                ),
                found=lambda answer: "In yours they go from {:.3g} to {:.3g}.".format(
                    *_range(answer)
                ),
            ),
            Property(
                "The numbers of a picture are probabilities",
                lambda answer: (
                    np.allclose(_chances(answer).sum(axis=1), 1, atol=1e-3)
                    and _chances(answer).min() >= 0
                ),
                found="In yours they do not sum to 1.",
            ),
            Property(
                "While it predicts, nothing is changed by chance",
                lambda answer: np.allclose(
                    _given(answer, False), _given(answer, False)
                ),
                found="In yours two predictions see different pictures.",
            ),
            Property(
                "While it trains, the base sees changed pictures",
                lambda answer: (
                    not np.allclose(
                        _given(answer, True), _given(answer, False), atol=1e-3
                    )
                ),
                found="In yours it sees them as they are: no augmentation.",
            ),
            Property(
                "It is compiled",
                lambda answer: _built(answer)[1].compiled,
                found="Yours is not.",
            ),
            Property(
                "Its loss is the cross-entropy of probabilities and class numbers",
                lambda answer: np.isclose(*_losses(answer), rtol=1e-3),
                found=lambda answer: (
                    "For four pictures yours gives {:.3f} in place of {:.3f}.".format(
                        *_losses(answer)
                    )
                ),
            ),
            Property(
                "Only a linear head trains",
                lambda answer: _trained(answer) == (8 + 1) * COUNT,
                found=lambda answer: f"In yours {_trained(answer)} weights train.",
            ),
            Property(
                "A step of training leaves the base as it is",
                _moves_head_alone,
                found="In yours the base moves: freeze first, then compile.",
            ),
        ],
        hints=[
            "Six steps, as in the lesson: freeze, Input, augmentation, scaling, "
            "`base(...)` with pooling and head, compile.",
            "`keras.layers.Rescaling(1 / 127.5, -1)` brings 0 to 255 to -1 to 1. "
            "Augmentation comes before it.",
            "Give `keras.Input((32, 32, 3))` or `base.input_shape[1:]`, "
            '`activation="softmax"`, and the loss "sparse_categorical_crossentropy".',
        ],
        solution="""\
import keras

def answer(base, count):
    base.trainable = False
    pictures = keras.Input(base.input_shape[1:])
    seen = keras.layers.RandomFlip("horizontal")(pictures)
    seen = keras.layers.Rescaling(1 / 127.5, -1)(seen)
    pooled = keras.layers.GlobalAveragePooling2D()(base(seen))
    chances = keras.layers.Dense(count, activation="softmax")(pooled)
    model = keras.Model(pictures, chances)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model""",
        explanation="With another backbone only the line with Rescaling changes: each "
        "wants the pixels that it was trained with.",
    ),
    Exercise(
        name="own_pictures.3",
        title="Another folder, from pictures to a file",
        expects="the path of a .keras file and the path of a folder",
        properties=[
            Property(
                "The first is a .keras file that is there",
                lambda answer: (
                    _file_and_folder(answer)[0].suffix == ".keras"
                    and _file_and_folder(answer)[0].is_file()
                ),
                found=lambda answer: f"There is no {_file_and_folder(answer)[0].name}.",
            ),
            Property(
                "The folder has train, val and test",
                _has_parts,
                found="In yours at least one is missing.",
            ),
            Property(
                "No picture stands in two of them",
                _disjoint,
                found="In yours the same file stands in two parts.",
            ),
            Property(
                "The file knows the names of its classes",
                lambda answer: _knows_names(answer),
                found="Yours does not: write it with tl.saving.save.",
            ),
            Property(
                "Its classes are those of the folder, in the same order",
                _same_classes,
                found=lambda answer: f"Yours knows {', '.join(_model(answer)[1][:4])}…",
            ),
            Property(
                "Of pictures from 0 to 255 it gives probabilities",
                lambda answer: np.allclose(
                    _chances_of(answer, _task(answer).test.images[:2]).sum(axis=1),
                    1,
                    atol=1e-3,
                ),
                found="The numbers of a picture do not sum to 1 in yours.",
            ),
            Property(
                "On the test part it beats a linear head on pixels",
                lambda answer: np.greater(*_accuracies(answer)),
                found=_compared,
            ),
        ],
        hints=[
            "Steps 3 of the lesson do it: only the folder and the number of classes "
            "change. `yours` is split already.",
            "Build base, head and model anew, or the head has the classes of apples. "
            "`train.class_names` are the classes.",
            '`tl.saving.save(model, train.class_names, "own_pictures/mine.keras")`, '
            "and the answer is this path and `yours`.",
        ],
        solution="""\
import keras
import tlcourse as tl

size = (96, 96)
read = keras.utils.image_dataset_from_directory
train = read(yours / "train", image_size=size, seed=0, verbose=False)
val = read(yours / "val", image_size=size, shuffle=False, verbose=False)
base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
base.trainable = False
pictures = keras.Input((*size, 3))
pooled = keras.layers.GlobalAveragePooling2D()(base(pictures))
count = len(train.class_names)
chances = keras.layers.Dense(count, activation="softmax")(pooled)
model = keras.Model(pictures, chances)

def fit(rate, epochs, **options):
    adam = keras.optimizers.Adam(rate)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    options |= {"validation_data": val, "epochs": epochs, "shuffle": False}
    model.fit(train, verbose=0, **options)

fit(1e-2, epochs=5)
base.trainable = True
for layer in base.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.trainable = False
stop = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
fit(1e-4, epochs=4, callbacks=[stop])
path = tl.saving.save(model, train.class_names, "own_pictures/mine.keras")
answer = path, yours""",
        explanation="This is the whole of it. With your own folder the same lines "
        "serve, and the report of `tl.datasets.from_folder` comes first.",
    ),
]
