"""Transfer a backbone to a task: put a new head on it and train what is not frozen."""

from __future__ import annotations

import collections
import dataclasses
import functools
import threading
import time

import numpy as np
import scipy.special

from tlcourse.activations import frozen_outputs
from tlcourse.backbones import Backbone, check_images
from tlcourse.freezing import FreezePlan
from tlcourse.inference import in_batches
from tlcourse.progress import progress
from tlcourse.quiet import import_keras

BATCH_SIZE = 25  # 100 labels make four full batches; a remnant upsets BatchNorm
_EVALUATION_BATCH = 128

# Compiled models are used again, so two trainings at once would write into the same
# weights: a second one waits.
_one_at_a_time = threading.RLock()


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """What came of one training.

    Attributes
    ----------
    test_accuracy : float
        On the whole test split, 0-1.
    history : dict of list of float
        ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``; one entry an epoch.
    seconds : float
        Wall-clock time of features, training and test.
    trainable_parameters, frozen_parameters : int
        Head included; of a schedule, those of its last plan.
    backbone : Backbone
        The one that was transferred; its own weights have not changed.
    plan : FreezePlan or tuple of FreezePlan
    weights : list of ndarray
        What ``model`` holds.
    """

    test_accuracy: float
    history: dict
    seconds: float
    trainable_parameters: int
    frozen_parameters: int
    backbone: Backbone
    plan: FreezePlan | tuple[FreezePlan, ...]
    weights: list

    @functools.cached_property
    def model(self):
        """The trained Keras model: preprocessed images to logits (n, classes)."""
        model = _assemble(self.backbone, _stages(self.plan)[-1], len(self.weights[-1]))
        model.set_weights(self.weights)
        return model

    def predict(self, images):
        """Give each image's class probabilities.

        Parameters
        ----------
        images : array, (n, height, width, 3), 0-255

        Returns
        -------
        ndarray, float32, (n, classes)
        """
        logits = _logits(self.model, self.backbone.preprocess(images))
        return scipy.special.softmax(logits, axis=1)

    def __repr__(self):
        return (
            f"Run(test accuracy {self.test_accuracy:.3f}, "
            f"{self.trainable_parameters:,} trained and {self.frozen_parameters:,} "
            f"frozen parameters, {self.seconds:.1f} s)"
        )


def transfer(
    backbone,
    task,
    plan,
    epochs=20,
    seed=0,
    *,
    augmentation=None,
    validate=True,
    callbacks=(),
    show_progress=True,
):
    """Train a new head, and the blocks that the plan leaves free, on a task.

    The head is average pooling and one linear layer. The frozen blocks before the
    first free one run once, and what they put out is kept for later runs (see
    ``tlcourse.activations``); each epoch runs only the rest. The result is that of
    Keras's ``fit`` on the whole model (see ``FreezePlan.as_keras``). Where every block
    is frozen, the features are divided by their standard deviation (one number, of the
    training features), so that one learning rate suits all backbones.

    Parameters
    ----------
    backbone : Backbone
        Is copied, so its own weights stay as they are.
    task : Task
    plan : FreezePlan or sequence of FreezePlan
        Of a sequence, a schedule, each plan goes on from where the last one ended.
    epochs : int or sequence of int
        Of a schedule one number a plan, or the sum, which is shared out evenly.
    seed : int
        Same seed, same result. It sets the seeds of Keras, NumPy and Python.
    augmentation : keras.Layer, optional
        Changes the preprocessed training images anew in each epoch; without weights of
        its own. Frozen blocks then see other images each time, so nothing is computed
        in advance.
    validate : bool
        Whether the history tells of the validation split, which takes time.
    callbacks : sequence of keras.callbacks.Callback
        For Keras's ``fit``. One that sets ``model.stop_training`` ends the training,
        and the run tells how far it came.
    show_progress : bool

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the task has a single class, or its images or labels are unusable; if the
        plan was made for other blocks; if the epochs don't fit the schedule.
    """
    stages = check_plan(backbone, plan, epochs)
    lengths = _lengths(epochs, len(stages))
    _check(task)
    with _one_at_a_time:
        started = time.perf_counter()
        keras = import_keras()
        keras.utils.set_random_seed(seed)
        if augmentation is not None:  # its random numbers begin anew, too
            augmentation = type(augmentation).from_config(augmentation.get_config())
        training = _Training(backbone, task, stages[0].from_scratch, seed, augmentation)
        with progress(sum(lengths), "Training", show_progress) as bar:
            watchers = [_tell(bar, validate), *callbacks]
            for stage, length in zip(stages, lengths, strict=True):
                logits = training.go_on(stage, length, validate, watchers)
                if training.stopped:
                    break
        weights = training.weights()
        trained = training.trained
        return Run(
            test_accuracy=_scores(logits, task.test.labels)[1],
            history=dict(training.history),
            seconds=time.perf_counter() - started,
            trainable_parameters=trained,
            frozen_parameters=sum(w.size for w in weights) - trained,
            backbone=backbone,
            plan=plan if isinstance(plan, FreezePlan) else stages,
            weights=weights,
        )


class _Training:
    """The state of a training: weights by layer, which blocks moved, the history."""

    def __init__(self, backbone, task, from_scratch, seed, augmentation):
        keras = import_keras()
        self.backbone, self.task, self.seed = backbone, task, seed
        self.augmentation = augmentation
        source = backbone.model
        if from_scratch:
            source = keras.models.clone_model(source)
        self.state = {layer.name: layer.get_weights() for layer in source.layers}
        shape = (source.output.shape[-1], len(task.classes))
        kernel = keras.initializers.GlorotUniform(seed)(shape)
        bias = np.zeros(shape[1], "float32")
        self.state["head"] = [keras.ops.convert_to_numpy(kernel), bias]
        first = backbone.blocks[0].name if from_scratch else None
        self.moved = {first} if from_scratch else set()
        self.history = collections.defaultdict(list)
        self.trained, self.stopped, self.stage = 0, False, 0

    def go_on(self, plan, epochs, validate, callbacks):
        """Train by a plan; returns the logits of the test split."""
        task = self.task
        after = None if self.augmentation else _cut(self.backbone, plan, self.moved)
        train, val, test = _inputs(self.backbone, task, after)
        steps = -(-len(train) // BATCH_SIZE)
        # A linear layer's step is over sooner than Python's way to the next one.
        at_once = steps if after == "features" and steps >= 8 else 1
        fitted, optimizer_start = _workbench(
            self.backbone, plan, len(task.classes), after, self.augmentation, at_once
        )
        spread = 1.0
        if after == "features":
            spread = float(train.std()) or 1.0
            train, val, test = (part / spread for part in (train, val, test))
        self._load(fitted, optimizer_start, spread if self.stage else 1.0)
        if validate:
            callbacks = [_validation(val, task.val.labels), *callbacks]
        log = fitted.fit(
            batches(train, task.train.labels, self.seed + self.stage),
            epochs=epochs,
            steps_per_epoch=steps,
            callbacks=callbacks,
            shuffle=False,  # the batches come shuffled
            verbose=0,
        ).history
        self._keep(fitted, plan, log, spread)
        return _logits(fitted, test)

    def _load(self, fitted, optimizer_start, scale):
        for layer in _flat(fitted):
            layer.set_weights(self.state[layer.name])
        head = fitted.layers[-1]
        head.kernel.assign(head.kernel * scale)
        for variable, value in zip(
            fitted.optimizer.variables, optimizer_start, strict=True
        ):
            variable.assign(value)

    def _keep(self, fitted, plan, log, spread):
        self.state |= {layer.name: layer.get_weights() for layer in _flat(fitted)}
        # What the features were divided by, the kernel takes over.
        self.state["head"][0] = self.state["head"][0] / spread
        self.moved |= set(plan.trainable)
        for name, values in log.items():
            self.history[name] += values
        self.trained = sum(int(np.prod(v.shape)) for v in fitted.trainable_variables)
        self.stopped, self.stage = fitted.stop_training, self.stage + 1

    def weights(self):
        """All weights, in the order of the whole model."""
        names = [*(layer.name for layer in self.backbone.model.layers), "head"]
        return [array for name in names for array in self.state.get(name, ())]


def batches(inputs, labels, seed):
    """Give batches of a training split for ever, shuffled anew in each epoch.

    Rows of a memory-mapped array are read when their turn comes.

    Parameters
    ----------
    inputs : ndarray, float32, (n, ...)
    labels : ndarray, int, (n,)
    seed : int
        The same seed gives the same order, whatever the inputs are.

    Returns
    -------
    tf.data.Dataset
        Of pairs (batch, ...), (batch,), with ``BATCH_SIZE`` examples or what is left.
    """
    import tensorflow as tf

    labels, shape = tf.constant(labels), (None, *inputs.shape[1:])
    order = tf.data.Dataset.range(len(inputs)).shuffle(len(inputs), seed=seed)
    order = order.batch(BATCH_SIZE).repeat()
    if isinstance(inputs, np.memmap):

        def rows(places):
            read = tf.numpy_function(lambda at: inputs[at], [places], tf.float32)
            return tf.ensure_shape(read, shape), tf.gather(labels, places)

        return order.map(rows).prefetch(2)
    inputs = tf.constant(inputs)
    return order.map(lambda at: (tf.gather(inputs, at), tf.gather(labels, at)))


def _stages(plan):
    single = isinstance(plan, FreezePlan) or not np.iterable(plan)
    return (plan,) if single else tuple(plan)


def _lengths(epochs, count):
    """The number of epochs of each plan of a schedule."""
    given = epochs if isinstance(epochs, (list, tuple)) else []
    if isinstance(epochs, (int, np.integer)):  # the sum
        given = np.diff(np.linspace(0, epochs, count + 1).round()).astype(int)
    whole = [x for x in given if isinstance(x, (int, np.integer)) and x >= 1]
    if len(whole) == len(given) == count:
        return [int(x) for x in whole]
    raise ValueError(
        f"epochs must be a whole number from {count} up"
        + (f", or a list of {count} numbers from 1 up" if count > 1 else "")
        + f", not {epochs!r}."
    )


def check_plan(backbone, plan, epochs):
    """Refuse, before any work, a plan that `transfer` cannot follow.

    Parameters
    ----------
    backbone : Backbone
    plan : FreezePlan or sequence of FreezePlan
    epochs : int or sequence of int

    Returns
    -------
    tuple of FreezePlan
        The schedule; a single plan is one of one stage.

    Raises
    ------
    ValueError
        If it names other blocks than the backbone has, is no plan, or the epochs
        don't fit it.
    """
    stages = _stages(plan)
    if not stages:
        raise ValueError("The schedule is empty: give at least one FreezePlan.")
    names = [block.name for block in backbone.blocks]
    for stage in stages:
        if not isinstance(stage, FreezePlan):
            raise ValueError(
                f"plan must be a FreezePlan or a sequence of them, not {stage!r}: "
                "tl.FreezePlan.features(backbone) makes one."
            )
        if not set(stage.trainable) <= set(names):
            raise ValueError(
                f"The plan was made for {stage.backbone.name} and names blocks that "
                f"{backbone.name} does not have: make it for this backbone."
            )
    if any(stage.from_scratch for stage in stages[1:]):
        raise ValueError(
            "A plan from scratch forgets what the plans before it have learnt: put it "
            "first."
        )
    _lengths(epochs, len(stages))
    return stages


def _check(task):
    """Refuse, before any work, what cannot be learnt from."""
    for name in ("train", "val", "test"):
        split = getattr(task, name)
        check_images(split.images)
        labels = np.asarray(split.labels)
        if labels.shape != (len(split.images),):
            raise ValueError(
                f"The {name} split has {len(split.images)} images but labels of shape "
                f"{labels.shape}: give one label an image."
            )
        if labels.min() < 0 or labels.max() >= len(task.classes):
            raise ValueError(
                f"The {name} split has labels from {labels.min()} to {labels.max()}, "
                f"but the task has {len(task.classes)} classes: count them from 0."
            )
    if len(np.unique(task.train.labels)) < 2:
        raise ValueError(
            "All training examples are of one class, so there is nothing to tell "
            "apart: give examples of at least two classes."
        )


def _cut(backbone, plan, moved):
    """Name the last block that can run once; "features" if all, None if none can.

    It stands before the first block that trains, or has trained earlier in a schedule.
    """
    last = None
    for block in backbone.blocks:
        if block.name in plan.trainable or block.name in moved:
            return last
        last = block.name if block.name in backbone.cuts else last
    return "features"


def _inputs(backbone, task, after):
    """What goes into the model that is trained, for the three splits."""
    images = [task.train.images, task.val.images, task.test.images]
    if after is None:
        return [backbone.preprocess(one) for one in images]
    return frozen_outputs(backbone, images, None if after == "features" else after)


# Building and tracing a model takes seconds, longer than a training on a few labels:
# it is done once for all runs of the same plan.
@functools.lru_cache(maxsize=6)
def _workbench(backbone, plan, classes, after, augmentation, at_once):
    """Build and compile what is trained; returns it and the optimizer's first state."""
    keras = import_keras()
    fitted = _assemble(backbone, plan, classes, after, augmentation)
    fitted.compile(
        _optimizer(backbone, plan, fitted),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=at_once,
    )
    fitted.optimizer.build(fitted.trainable_variables)
    return fitted, [variable.numpy() for variable in fitted.optimizer.variables]


def _assemble(backbone, plan, classes, after=None, augmentation=None):
    """Copy the blocks that run in training, freeze them by the plan, add a head."""
    keras = import_keras()
    head = keras.layers.Dense(classes, name="head")
    if after == "features":
        return keras.Sequential([keras.Input(backbone.model.output.shape[-1:]), head])
    part = backbone.model
    if after is not None:
        (block,) = (block for block in backbone.blocks if block.name == after)
        part = keras.Model(part.get_layer(block.output).output, part.output)
    body = keras.models.clone_model(part)
    plan.apply(body)
    inputs, outputs = body.input, body.output
    if augmentation is not None:
        inputs = keras.Input(body.input.shape[1:])
        outputs = body(augmentation(inputs))
    pooled = keras.layers.GlobalAveragePooling2D()(outputs)
    return keras.Model(inputs, head(pooled))


def _flat(model):
    """Layers with weights, those of a backbone inside the model included."""
    keras = import_keras()
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _flat(layer)
        elif layer.weights:
            yield layer


def _optimizer(backbone, plan, model):
    """Adam with one learning rate, or with one for each block and the head."""
    keras = import_keras()
    rates = plan.rates()
    block_of = {name: b.name for b in backbone.blocks for name in b.layers}
    wanted = [
        rates[block_of[layer.name]] if layer.name in block_of else plan.head_rate
        for layer in _flat(model)
        for _ in layer.trainable_variables
    ]
    if len(set(wanted)) == 1:
        return keras.optimizers.Adam(plan.head_rate)
    from tlcourse.blockwise_adam import BlockwiseAdam

    scales = [rate / plan.head_rate for rate in wanted]
    return BlockwiseAdam(scales, learning_rate=plan.head_rate)


def _logits(model, inputs):
    return np.concatenate([
        *in_batches(model.predict_on_batch, inputs, _EVALUATION_BATCH)
    ])  # fmt: skip


def _scores(logits, labels):
    """Cross-entropy and accuracy."""
    chances = scipy.special.log_softmax(logits, axis=1)
    loss = -chances[np.arange(len(labels)), labels].mean()
    return float(loss), float((logits.argmax(1) == labels).mean())


def _validation(inputs, labels):
    """A callback that adds the scores of the validation split to the history."""
    keras = import_keras()

    class Validation(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            scores = _scores(_logits(self.model, inputs), labels)
            logs["val_loss"], logs["val_accuracy"] = scores

    return Validation()


def _tell(bar, validate):
    """A callback that moves the progress bar."""
    name = "val_accuracy" if validate else "accuracy"
    note = "validation accuracy" if validate else "training accuracy"
    return import_keras().callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: bar.update(note=f"{note} {logs[name]:.2f}")
    )
