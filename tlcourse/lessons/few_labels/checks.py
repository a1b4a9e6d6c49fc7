"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- few_labels.1 a nearest centroid is a Dense layer ---------------------------------


@functools.cache
def _tissue():
    """Prototypes of the tissue pictures, and new pictures; pixels, standardised."""
    from tlcourse import datasets, few_shot

    task = datasets.load("tissue", per_class=5, seed=1)
    few, new = (
        (s.images.reshape(len(s), -1)[:, ::7] / 255).astype("float32")
        for s in (task.train, task.test)
    )
    spread = few.std()
    few, new = few / spread, new / spread
    centres = few_shot.prototypes(few, task.train.labels)
    return centres, new, few_shot.nearest_centroid(few, task.train.labels, new)


@functools.lru_cache(maxsize=4)
def _head(answer):
    centres, new, _ = _tissue()
    model = answer(centres.copy())
    return model, np.asarray(model(new))


def _is_model(answer):
    from tlcourse.quiet import import_keras

    keras = import_keras()
    return isinstance(_head(answer)[0], keras.Model | keras.layers.Layer)


def _same_class(answer):
    """Whether each picture gets the class of the nearest prototype."""
    return _head(answer)[1].argmax(axis=1) == _tissue()[2]


# --- few_labels.2 soft answers --------------------------------------------------------


@functools.cache
def _teacher():
    """Pictures as rows of numbers, and a teacher's logits for them."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 12)).astype("float32")
    return x, (3 * x @ rng.normal(size=(12, 4)) / 2).astype("float32")


def _soft(temperature):
    logits = _teacher()[1] / temperature
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    return chances / chances.sum(axis=1, keepdims=True)


@functools.lru_cache(maxsize=8)
def _taught(answer, temperature):
    """What a linear student says after it was taught, as probabilities."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    student = keras.Sequential([keras.Input((12,)), keras.layers.Dense(4)])
    x, logits = _teacher()
    before = student.get_weights()
    answer(student, x.copy(), logits.copy(), temperature)
    moved = any(
        not np.allclose(a, b)
        for a, b in zip(before, student.get_weights(), strict=True)
    )
    return moved, np.asarray(keras.ops.softmax(student(x)))


def _miss(answer, temperature):
    """Mean difference between the student's probabilities and the soft answers."""
    return float(np.abs(_taught(answer, temperature)[1] - _soft(temperature)).mean())


# --- few_labels.3 LoRA that costs nothing afterwards ----------------------------------


@functools.cache
def _lora():
    rng = np.random.default_rng(5)
    kernel, bias = rng.normal(size=(20, 9)), rng.normal(size=9)
    down, up = rng.normal(size=(20, 2)), rng.normal(size=(2, 9))
    x = rng.normal(size=(7, 20))
    return [each.astype("float32") for each in (x, kernel, bias, down, up)]


def _dense():
    from tlcourse.quiet import import_keras

    x, kernel, bias, *_ = _lora()
    layer = import_keras().layers.Dense(9)
    layer.build(x.shape)
    layer.set_weights([kernel, bias])
    return layer


def _merged(answer, layer=None):
    *_, down, up = _lora()
    return answer(_dense() if layer is None else layer, down.copy(), up.copy())


def _sum():
    x, kernel, bias, down, up = _lora()
    return x @ kernel + bias + x @ down @ up


def _count(answer):
    return int(_merged(answer).count_params())


def _is_dense(answer):
    from tlcourse.quiet import import_keras

    return isinstance(_merged(answer), import_keras().layers.Dense)


def _same(answer):
    return np.allclose(np.asarray(_merged(answer)(_lora()[0])), _sum(), atol=1e-3)


def _leaves_the_first(answer):
    layer = _dense()
    _merged(answer, layer)
    return np.allclose(layer.get_weights()[0], _lora()[1])


EXERCISES = [
    Exercise(
        name="few_labels.1",
        title="Prototypes as a Dense layer",
        expects="a function that takes prototypes (ways, d) and gives a Keras model",
        properties=[
            Property("It gives a Keras model or layer", _is_model),
            Property(
                "It gives a number for each class, for each picture",
                lambda answer: _head(answer)[1].shape == (226, 4),
                found=lambda answer: f"Yours gives {_head(answer)[1].shape}.",
            ),
            Property(
                "On pictures of tissue its largest number is that of the nearest "
                "prototype",
                lambda answer: _same_class(answer).all(),
                found=lambda answer: (
                    f"Yours agrees on {_same_class(answer).sum()} of 226 pictures."
                ),
            ),
        ],
        hints=[
            "Write |x - c|² out: |x|² - 2 x·c + |c|². Which part is the same for all "
            "classes?",
            "What is left, with the other sign, is x·(2c) - |c|²: a product, and a "
            "number for each class.",
            "So the kernel is `2 * prototypes.T` and the bias is the negative sum of "
            "squares. `set_weights` takes both, once the layer is built.",
        ],
        solution="""\
def answer(prototypes):
    ways, d = prototypes.shape
    head = keras.Sequential([keras.Input((d,)), keras.layers.Dense(ways)])
    head.set_weights([2 * prototypes.T, -(prototypes**2).sum(axis=1)])
    return head""",
        explanation="So a nearest centroid is a linear head that needs no training. It "
        "is a good start for fine-tuning, too (Triantafillou et al. 2020).",
    ),
    Exercise(
        name="few_labels.2",
        title="Learn from soft answers",
        expects="a function of student, images, logits and temperature that trains it",
        properties=[
            Property(
                "It trains the student",
                lambda answer: bool(_taught(answer, 2.0)[0]),
                found="The weights of yours are as before.",
            ),
            Property(
                "At a temperature of 2 the student gives the teacher's probabilities "
                "of halved logits",
                lambda answer: _miss(answer, 2.0) < 0.03,
                found=lambda answer: (
                    f"Yours differs by {_miss(answer, 2.0):.2f} on average."
                ),
            ),
            Property(
                "At a temperature of 1 it gives the teacher's own probabilities",
                lambda answer: _miss(answer, 1.0) < 0.03,
                found=lambda answer: (
                    f"Yours differs by {_miss(answer, 1.0):.2f} on average."
                ),
            ),
        ],
        hints=[
            "The answers to learn are probabilities, not class numbers: "
            "`keras.ops.softmax(logits / temperature)`.",
            "A loss for probabilities is `CategoricalCrossentropy`. The student gives "
            "logits: `from_logits=True`.",
            "Compile with Adam(1e-2) and fit for 60 epochs. Give `fit` NumPy arrays: "
            "`np.array(...)` makes one of a tensor.",
        ],
        solution="""\
def answer(student, images, logits, temperature):
    soft = np.array(keras.ops.softmax(logits / temperature))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    student.compile(keras.optimizers.Adam(1e-2), loss)
    student.fit(images, soft, epochs=60, verbose=0)""",
        explanation="Hinton and others (2015) divide the student's logits, too, while "
        "it trains. Then it gives the teacher's own probabilities afterwards, whatever "
        "the temperature. So this check refuses that form at a temperature of 2.",
    ),
    Exercise(
        name="few_labels.3",
        title="No cost afterwards",
        expects="a function of a Dense layer without activation, down and up; it "
        "gives a Dense layer",
        properties=[
            Property("It gives a Dense layer", _is_dense),
            Property(
                "It has as many weights as the frozen layer",
                lambda answer: _count(answer) == 189,
                found=lambda answer: f"Yours has {_count(answer)}, not 189.",
            ),
            Property(
                "It gives what the frozen layer and the addition give together",
                _same,
                found="Yours gives other numbers.",
            ),
            Property(
                "The layer that it was given stays as it was",
                _leaves_the_first,
                found="Yours changed it.",
            ),
        ],
        hints=[
            "x @ kernel + x @ down @ up is x @ (something).",
            "The new kernel is `kernel + down @ up`. The bias stays.",
            "`keras.layers.Dense(units)` is new, with weights after "
            "`build((None, inputs))`. Then `set_weights([kernel, bias])`.",
        ],
        solution="""\
def answer(layer, down, up):
    kernel, bias = layer.get_weights()
    merged = keras.layers.Dense(kernel.shape[1])
    merged.build((None, kernel.shape[0]))
    merged.set_weights([kernel + down @ up, bias])
    return merged""",
        explanation="So a network with LoRA is as fast as one without. And one frozen "
        "network serves many tasks: each adds two small matrices of its own.",
    ),
]
