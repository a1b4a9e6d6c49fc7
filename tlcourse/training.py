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
from tlcourse.backbones import (
    FEATURES,
    IMAGES,
    Backbone,
    check_images,
    free_memory,
)
from tlcourse.freezing import FreezePlan, check_plan, share_out
from tlcourse.inference import Folded, in_batches
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
        What ``model`` holds; the last two are the head's kernel (d, classes) and bias.
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
        """The trained Keras model: preprocessed images to logits (n, classes).

        It divides no features: where the training did, the head's kernel holds that.
        """
        plan = self.plan if isinstance(self.plan, FreezePlan) else self.plan[-1]
        model = _assemble(self.backbone, plan, len(self.weights[-1]))
        model.set_weights(self.weights)
        return model

    @functools.cached_property
    def tuned(self):
        """The backbone as the training left it, without head; a Backbone of its own.

        Its source is "tuned".
        """
        model = import_keras().models.clone_model(self.backbone.model)
        model.set_weights(self.weights[:-2])
        return dataclasses.replace(self.backbone, model=model, source="tuned")

    @functools.cached_property
    def _inference(self):
        return Folded(self.model)

    def predict(self, images):
        """Give each image's class probabilities.

        Parameters
        ----------
        images : array, (n, height, width, 3), 0-255

        Returns
        -------
        ndarray, float32, (n, classes)
        """
        logits = _logits(self._inference, self.backbone.preprocess(images))
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
    rows=None,
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
    rows : array of int, optional
        The rows of the train split that are learnt from, as ``datasets.few`` draws
        them. What frozen blocks put out is still computed of the whole split, once for
        all draws.
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
    lengths = share_out(epochs, len(stages))
    rows = slice(None) if rows is None else np.asarray(rows)
    _check(task, rows)
    with _one_at_a_time:
        started = time.perf_counter()
        keras = import_keras()
        keras.utils.set_random_seed(seed)
        if augmentation is not None:  # its random numbers begin anew, too
            augmentation = type(augmentation).from_config(augmentation.get_config())
        training = _Training(
            backbone, task, rows, stages[0].from_scratch, seed, augmentation
        )
        with progress(sum(lengths), "Training", show_progress) as bar:
            watchers = [_moves(bar, validate), *callbacks]
            for stage, length in zip(stages, lengths, strict=True):
                logits = training.train(stage, length, validate, watchers)
                if training.stopped:
                    break
        if augmentation is not None:
            free_memory()  # its model serves no other run
        weights = training.weights()
        return Run(
            test_accuracy=_scores(logits, task.test.labels)[1],
            history=dict(training.history),
            seconds=time.perf_counter() - started,
            trainable_parameters=training.trainable,
            frozen_parameters=sum(w.size for w in weights) - training.trainable,
            backbone=backbone,
            plan=plan if isinstance(plan, FreezePlan) else stages,
            weights=weights,
        )


class _Training:
    """The state of a training: weights by layer, which blocks moved, the history."""

    def __init__(self, backbone, task, rows, from_scratch, seed, augmentation):
        keras = import_keras()
        self.backbone, self.task, self.rows, self.seed = backbone, task, rows, seed
        self.labels = np.asarray(task.train.labels)[rows]
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
        self.trainable, self.stopped, self.stage = 0, False, 0

    def train(self, plan, epochs, validate, callbacks):
        """Train by a plan; returns the logits of the test split."""
        after = IMAGES
        if self.augmentation is None:
            after = _runs_once(self.backbone, plan, self.moved)
        train, val, test = self._inputs(after)
        steps = -(-len(train) // BATCH_SIZE)
        # A small step is over sooner than Python's way to the next one.
        steps_per_execution = steps if after != IMAGES and steps >= 8 else 1
        # No other run can use one that holds this run's own copy of the augmentation.
        build = _workbench if self.augmentation is None else _Workbench
        bench = build(
            self.backbone, plan, len(self.task.classes), after, self.augmentation,
            steps_per_execution,
        )  # fmt: skip
        spread = (float(train.std()) or 1.0) if after == FEATURES else 1.0
        self.state["rescaling"] = [np.float32(1 / spread)]
        if self.stage:  # the features were divided by nothing where the last one ended
            self._multiply_kernel(spread)
        bench.load(self.state)
        if validate:
            callbacks = [_validation(bench, val, self.task.val.labels), *callbacks]
        log = bench.model.fit(
            batches(train, self.labels, self.seed + self.stage),
            epochs=epochs,
            steps_per_epoch=steps,
            callbacks=callbacks,
            shuffle=False,  # the batches come shuffled
            verbose=0,
        ).history
        self.state |= {layer.name: layer.get_weights() for layer in _flat(bench.model)}
        self._multiply_kernel(1 / spread)  # it takes the rescaling over
        self.moved |= set(plan.trainable)
        for name, values in log.items():
            self.history[name] += values
        sizes = [np.prod(v.shape) for v in bench.model.trainable_variables]
        self.trainable = int(sum(sizes))
        self.stopped, self.stage = bench.model.stop_training, self.stage + 1
        return _logits(bench.inference, test)

    def _inputs(self, after):
        """What goes into the model that is trained, for the three splits."""
        task = self.task
        train, *others = [task.train.images, task.val.images, task.test.images]
        if after == IMAGES:
            train = np.asarray(train)[self.rows]
            return [self.backbone.preprocess(one) for one in (train, *others)]
        train, *others = frozen_outputs(self.backbone, [train, *others], after)
        return [train[self.rows], *others]

    def _multiply_kernel(self, factor):
        kernel, bias = self.state["head"]
        self.state["head"] = [kernel * factor, bias]

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

    @tf.autograph.experimental.do_not_convert  # conversion takes longer than an epoch
    def gathered(places):
        return tf.gather(inputs, places), tf.gather(labels, places)

    return order.map(gathered)


def _check(task, rows):
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
    if len(np.unique(np.asarray(task.train.labels)[rows])) < 2:
        raise ValueError(
            "All training examples are of one class, so there is nothing to tell "
            "apart: give examples of at least two classes."
        )


def _runs_once(backbone, plan, moved):
    """Name the place up to which everything can run once: a block, images or features.

    It stands before the first block that trains, or has trained earlier in a schedule.
    """
    place = IMAGES
    for block in backbone.blocks:
        if block.name in plan.trainable or block.name in moved:
            return place
        place = block.name if block.name in backbone.cuts else place
    return FEATURES


class _Workbench:
    """The compiled model that is trained: of what stands after a place, and a head."""

    def __init__(
        self, backbone, plan, classes, after, augmentation, steps_per_execution
    ):
        keras = import_keras()
        self.model = _assemble(backbone, plan, classes, after, augmentation)
        optimizer = _optimizer(backbone, plan, self.model)
        self.model.compile(
            optimizer,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            steps_per_execution=steps_per_execution,
            jit_compile=False,
        )
        # What makes variables while it is traced is traced twice.
        optimizer.build(self.model.trainable_variables)
        self.model.compute_metrics(None, np.zeros(1), np.zeros((1, classes)))
        self._start = [variable.numpy() for variable in optimizer.variables]
        self.inference = Folded(self.model)

    def load(self, state):
        """Begin anew, with these weights by layer."""
        for layer in _flat(self.model):
            layer.set_weights(state[layer.name])
        variables = self.model.optimizer.variables
        for variable, value in zip(variables, self._start, strict=True):
            variable.assign(value)


# Building and tracing a model takes seconds, longer than a training on a few labels:
# it is done once for all runs of the same plan. Four plans make a gradual schedule;
# each takes 15 MB or more.
_workbench = functools.lru_cache(maxsize=4)(_Workbench)


def _assemble(backbone, plan, classes, after=IMAGES, augmentation=None):
    """Copy the blocks that run in training, freeze them by the plan, add a head."""
    keras = import_keras()
    head = keras.layers.Dense(classes, name="head")
    if after == FEATURES:
        inputs = keras.Input(backbone.model.output.shape[-1:])
        # A number would be traced as a constant, and each run has its own.
        scale = keras.Variable(1.0, trainable=False)
        features = keras.layers.Rescaling(scale, name="rescaling")(inputs)
        return keras.Model(inputs, head(features))
    part = backbone.model
    if after != IMAGES:
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


def _logits(inference, inputs):
    outputs = in_batches(inference.with_weights(), inputs, _EVALUATION_BATCH)
    return np.concatenate([*outputs])


def _scores(logits, labels):
    """Cross-entropy and accuracy."""
    chances = scipy.special.log_softmax(logits, axis=1)
    loss = -chances[np.arange(len(labels)), labels].mean()
    return float(loss), float((logits.argmax(1) == labels).mean())


def _validation(bench, inputs, labels):
    """A callback that adds the scores of the validation split to the history."""
    keras = import_keras()

    class Validation(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            scores = _scores(_logits(bench.inference, inputs), labels)
            logs["val_loss"], logs["val_accuracy"] = scores

    return Validation()


def _moves(bar, validate):
    """A callback that moves the progress bar."""
    name = "val_accuracy" if validate else "accuracy"
    note = "validation accuracy" if validate else "training accuracy"
    return import_keras().callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: bar.update(note=f"{note} {logs[name]:.2f}")
    )
