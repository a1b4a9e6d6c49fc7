"""The exercises of the lesson."""

import functools

import numpy as np

from tlcourse.exercises.model import Exercise, Property

# --- freezing.1 much for little -------------------------------------------------------

MOST_TRAINED, LEAST_REACHED = 40_000, 0.70


def _backbone(source):
    from tlcourse import backbones

    return backbones.load("mobilenet", source=source)


def _run(source, plan, per_class, epochs):
    """Train a learner's plan on digits; returns the run and its validation accuracy."""
    from tlcourse import datasets, training

    task = datasets.load("digits", per_class=per_class, seed=0)
    run = training.transfer(
        _backbone(source), task, plan, epochs, 0, validate=False, show_progress=False
    )
    guesses = run.predict(task.val.images).argmax(axis=1)
    return run, float((guesses == task.val.labels).mean())


@functools.lru_cache(maxsize=8)
def _far_run(plan):
    return _run("fractals", plan, per_class=20, epochs=20)


def _is_a_plan(answer):
    from tlcourse.freezing import FreezePlan

    return isinstance(answer, FreezePlan)


def _from(source):
    def holds(answer):
        stages = answer if isinstance(answer, (tuple, list)) else (answer,)
        return all(
            plan.backbone.source == source and not plan.from_scratch for plan in stages
        )

    return holds


def _trained(plan):
    """Trained parameters of the blocks and of a head for ten digits."""
    width = plan.backbone.model.output.shape[-1]
    return int(plan.summary()["trained"].sum()) + (width + 1) * 10


# --- freezing.2 learn the new, keep the old -------------------------------------------

LEAST_NEW, LEAST_KEPT = 0.92, 0.70


def _schedule(answer):
    """A plan or a schedule as a tuple, so that it can be looked up."""
    return tuple(answer) if isinstance(answer, (tuple, list)) else (answer,)


def _is_a_schedule(answer):
    return len(_schedule(answer)) > 0 and all(map(_is_a_plan, _schedule(answer)))


def _frees_all(answer):
    last = _schedule(answer)[-1]
    return len(last.trainable) == len(last.backbone.blocks)


@functools.lru_cache(maxsize=8)
def _near_run(stages):
    return _run("glyphs", stages, per_class=10, epochs=10)


@functools.lru_cache(maxsize=1)
def _old_head():
    """The glyphs' head before any fine-tuning, and their test split."""
    from tlcourse import datasets, probes

    glyphs, near = datasets.load("glyphs", per_class=10, seed=0), _backbone("glyphs")
    head = probes.linear_probe()
    head.fit(near.features(glyphs.train.images), glyphs.train.labels)
    return head, glyphs.test


@functools.lru_cache(maxsize=8)
def _kept(stages):
    head, glyphs = _old_head()
    features = _near_run(stages)[0].tuned.features(glyphs.images)
    return head.score(features, glyphs.labels)


# --- freezing.3 ready to fine-tune ----------------------------------------------------


def _prepared(answer):
    """A small base after the learner's function, and whether each layer is a norm."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    outputs = inputs = keras.Input((16, 16, 3))
    for _ in range(3):
        outputs = keras.layers.Conv2D(8, 3)(outputs)
        outputs = keras.layers.BatchNormalization()(outputs)
        outputs = keras.layers.Activation("tanh")(outputs)
    base = keras.Model(inputs, outputs)
    base.trainable = False
    given = answer(base)
    base = given if isinstance(given, keras.Model) else base
    kind = keras.layers.BatchNormalization
    layers = [layer for layer in base.layers if layer.weights]
    return base, [(layer, isinstance(layer, kind)) for layer in layers]


def _others_are_free(answer):
    base, layers = _prepared(answer)
    return base.trainable and all(one.trainable for one, norm in layers if not norm)


def _norms_are_frozen(answer):
    _, layers = _prepared(answer)
    return not any(layer.trainable for layer, norm in layers if norm)


def _moves_as_it_should(answer):
    """Train a step: kernels move, BatchNorm does not."""
    from tlcourse.quiet import import_keras

    keras = import_keras()
    base, layers = _prepared(answer)
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(2)(pooled))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    before = [layer.get_weights() for layer, _ in layers]
    pictures = np.random.default_rng(0).normal(size=(8, 16, 16, 3))
    model.fit(pictures, np.arange(8) % 2, epochs=1, verbose=0)
    moved = [
        any((a != b).any() for a, b in zip(old, layer.get_weights(), strict=True))
        for old, (layer, _) in zip(before, layers, strict=True)
    ]
    return moved == [not norm for _, norm in layers]


# --- freezing.4 why did unfreezing do nothing? ----------------------------------------


def _second_phase(answer):
    """Train a head on a frozen base, call the learner's function, train a step more.

    Returns
    -------
    dict
        Whether the kernels, BatchNorm and the head ``moved``; the optimizer's ``rate``.
    """
    from tlcourse.quiet import import_keras

    keras = import_keras()
    base, layers = _prepared(lambda base: None)
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    head = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(base.input, head(pooled))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    pictures = np.random.default_rng(0).normal(size=(8, 16, 16, 3))

    def step():
        model.fit(pictures, np.arange(8) % 2, epochs=1, verbose=0)
        parts = [*((one, norm) for one, norm in layers), (head, None)]
        return [(norm, one.get_weights()) for one, norm in parts]

    before = step()
    answer(model, base)
    moved = {}
    for (norm, old), (_, new) in zip(before, step(), strict=True):
        changed = any((a != b).any() for a, b in zip(old, new, strict=True))
        moved.setdefault(norm, []).append(changed)
    return {
        "kernels": all(moved[False]),
        "norms": any(moved[True]),
        "head": all(moved[None]),
        "rate": float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)),
    }


EXERCISES = [
    Exercise(
        name="freezing.1",
        title="Much for little",
        expects="a FreezePlan for the backbone `far`",
        properties=[
            Property("It is one FreezePlan", _is_a_plan),
            Property(
                "It was made for the backbone from fractals, whose weights it keeps",
                _from("fractals"),
                found=lambda answer: (
                    "Yours begins from scratch."
                    if answer.from_scratch
                    else f"Yours is for the source {answer.backbone.source}."
                ),
            ),
            Property(
                f"It trains at most {MOST_TRAINED:,} parameters, with the head",
                lambda answer: _trained(answer) <= MOST_TRAINED,
                found=lambda answer: f"Yours trains {_trained(answer):,}.",
            ),
            Property(
                f"After 20 epochs its validation accuracy is {LEAST_REACHED:.2f} or "
                "more",
                lambda answer: _far_run(answer)[1] >= LEAST_REACHED,
                found=lambda answer: f"Yours came to {_far_run(answer)[1]:.2f}.",
            ),
        ],
        hints=[
            "The last blocks have most parameters: see `far.blocks`, or the widths in "
            "the figure. Must it be the last?",
            "What is wrong with the fractals' features may begin early. "
            "`tl.FreezePlan.blocks(far, [...])` frees any blocks that you name.",
            "Take the first few blocks, `names = [block.name for block in "
            "far.blocks]`, and add more while the parameters allow it.",
        ],
        solution="""\
names = [block.name for block in far.blocks]
answer = tl.FreezePlan.blocks(far, names[:8])""",
        explanation="The first blocks learn to see strokes in place of fractals, and "
        "the later ones can go on with what they get. The last eight blocks hold five "
        "times as many parameters and do worse.",
    ),
    Exercise(
        name="freezing.2",
        title="Learn the new, keep the old",
        expects="a FreezePlan for the backbone `near`, or a schedule of them",
        properties=[
            Property("It is a FreezePlan, or a sequence of them", _is_a_schedule),
            Property(
                "It was made for the backbone from glyphs, whose weights it keeps",
                _from("glyphs"),
            ),
            Property(
                "In the end every block trains",
                _frees_all,
                found=lambda answer: (
                    f"In yours {len(_schedule(answer)[-1].trainable)} do."
                ),
            ),
            Property(
                f"After 10 epochs its validation accuracy is {LEAST_NEW:.2f} or more",
                lambda answer: _near_run(_schedule(answer))[1] >= LEAST_NEW,
                found=lambda answer: (
                    f"Yours came to {_near_run(_schedule(answer))[1]:.2f}."
                ),
            ),
            Property(
                f"The old head still reads {LEAST_KEPT:.2f} of the glyphs or more",
                lambda answer: _kept(_schedule(answer)) >= LEAST_KEPT,
                found=lambda answer: (
                    f"After yours it reads {_kept(_schedule(answer)):.2f}."
                ),
            ),
        ],
        hints=[
            "The bars above show more than one way that does it.",
            "`tl.FreezePlan.all` takes `body_rate`, `head_rate` and `decay`. What does "
            "the target need, large steps of the body or of the head?",
            "Take `body_rate` to a fifth or a tenth of 1e-3, and give the head a rate "
            "of its own, or it lags behind.",
        ],
        solution="""\
answer = tl.FreezePlan.all(near, body_rate=2e-4, head_rate=1e-2)""",
        explanation="Near its source the body has little to learn, so it may go "
        "slowly. The head begins from nothing and may not.",
    ),
    Exercise(
        name="freezing.3",
        title="Ready to fine-tune",
        expects="a function that takes a Keras model and sets what trains",
        properties=[
            Property(
                "Every layer with weights that is no BatchNorm is free",
                _others_are_free,
                found=lambda answer: (
                    "After yours, at least one is still frozen."
                    if _prepared(answer)[0].trainable
                    else "After yours, base.trainable is False, so none inside trains."
                ),
            ),
            Property(
                "Every BatchNorm layer is frozen",
                _norms_are_frozen,
                found=lambda answer: (
                    "After yours "
                    f"{sum(x.trainable for x, norm in _prepared(answer)[1] if norm)} "
                    "of them are free."
                ),
            ),
            Property(
                "In a step of training kernels move, and BatchNorm does not",
                _moves_as_it_should,
                found="With yours it came out otherwise.",
            ),
        ],
        hints=[
            "Two steps, and their order matters: set all free, then freeze some.",
            "`base.layers` are the layers. `isinstance(layer, "
            "keras.layers.BatchNormalization)` tells which to freeze.",
            "The base is frozen as a whole, so `base.trainable = True` sets all layers "
            "inside, so it comes first. Then, in a loop, `layer.trainable = False` for "
            "those of the kind.",
        ],
        solution="""\
def answer(base):
    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False""",
        explanation="Compile the model afterwards, or Keras trains as before.",
    ),
    Exercise(
        name="freezing.4",
        title="Why did unfreezing do nothing?",
        expects="a function that takes a compiled Keras model and its base",
        properties=[
            Property(
                "After it, fit moves every kernel of the base",
                lambda answer: _second_phase(answer)["kernels"],
                found="After yours, at least one kernel of the base stays as it was.",
            ),
            Property(
                "After it, fit still moves the head",
                lambda answer: _second_phase(answer)["head"],
                found="After yours the head stays as it was.",
            ),
            Property(
                "After it, fit leaves the base's BatchNorm alone",
                lambda answer: not _second_phase(answer)["norms"],
                found="After yours a BatchNorm of the base moves.",
            ),
            Property(
                "The steps are as small as the exercise says",
                lambda answer: _second_phase(answer)["rate"] <= 1.001e-3,
                found=lambda answer: (
                    f"Yours has a rate of {_second_phase(answer)['rate']:g}."
                ),
            ),
        ],
        hints=[
            "Keras reads `trainable` once, at the first `fit` after something. After "
            "what?",
            "Set all free, then BatchNorm not, as in exercise 3. Then one more call on "
            "the model.",
            "`model.compile(keras.optimizers.Adam(...), "
            '"sparse_categorical_crossentropy")`, with a rate for pre-trained weights.',
        ],
        solution="""\
def answer(model, base):
    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    model.compile(keras.optimizers.Adam(3e-4), "sparse_categorical_crossentropy")""",
        explanation="Without `compile` Keras goes on with the training step that it "
        "built for the head alone. The rate of the head, 1e-2, would be too large for "
        "pre-trained weights.",
    ),
]
