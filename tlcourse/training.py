"""Transfer a backbone to a task: put a new head on it and train what is not frozen."""

from __future__ import annotations

import collections
import dataclasses
import functools
import threading
import time
import warnings

import numpy as np
import scipy.special

from tlcourse import saving
from tlcourse.activations import frozen_outputs
from tlcourse.backbones import (
    FEATURES,
    IMAGES,
    Backbone,
    check_images,
    free_memory,
    output_of,
)
from tlcourse.batchnorm import sound_batch
from tlcourse.datasets import check_labels
from tlcourse.freezing import FreezePlan, check_plan, share_out
from tlcourse.inference import Folded, in_batches
from tlcourse.plain_keras import BATCH_SIZE
from tlcourse.progress import progress
from tlcourse.quiet import import_keras

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
    classes : tuple of str
    confusion : ndarray, int, (classes, classes)
        Test pictures by true class (rows) and predicted class (columns).
    data : dict
        Of the task: ``name``, ``card`` and ``pictures``, for training, by class.
    """

    test_accuracy: float
    history: dict
    seconds: float
    trainable_parameters: int
    frozen_parameters: int
    backbone: Backbone
    plan: FreezePlan | tuple[FreezePlan, ...]
    weights: list
    classes: tuple[str, ...]
    confusion: np.ndarray
    data: dict

    @property
    def recall(self):
        """The share of each class's test pictures that is found; (classes,), float.

        NaN for a class without test pictures.
        """
        with np.errstate(invalid="ignore"):
            return np.diag(self.confusion) / self.confusion.sum(axis=1)

    @property
    def balanced_accuracy(self):
        """The mean recall of the classes, 0-1: rare ones count as frequent ones."""
        return float(np.nanmean(self.recall))

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

    def save(self, path):
        """Write one ``.keras`` file that predicts from raw pictures, in plain Keras.

        ``keras.saving.load_model(path)`` opens it where this course is not installed.
        It takes pictures (n, height, width, 3) of any size, 0-255, and gives
        probabilities (n, classes). The file is a zip and holds the names of the classes
        as ``classes.json``; ``tl.saving.classes(path)`` reads them.

        Parameters
        ----------
        path : str or path
            Ends in ``.keras``.

        Raises
        ------
        ValueError
            If it does not.
        """
        whole = saving.whole_model(self.backbone, self.weights)
        return saving.save(whole, self.classes, path)

    def export(self, path):
        """Write the model for machines without Keras; see ``tlcourse.saving.export``.

        Parameters
        ----------
        path : str or path
            With the ending ``.tflite`` for LiteRT; otherwise a SavedModel's folder.
        """
        saving.export(self.backbone, self.weights, path)

    def model_card(self):
        """Describe model, data, results and limits in Hugging Face's format."""
        return saving.model_card(self)

    def __repr__(self):
        balanced, apart = "", self.test_accuracy - self.balanced_accuracy
        if abs(apart) >= 0.05:  # then accuracy alone would hide a class that is missed
            balanced = f"balanced accuracy {self.balanced_accuracy:.3f}, "
        return (
            f"Run(test accuracy {self.test_accuracy:.3f}, {balanced}"
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
    class_weight=None,
    augmentation=None,
    validate=True,
    callbacks=(),
    show_progress=True,
):
    """Train a new head, and the blocks that the plan leaves free, on a task.

    The head is average pooling and one linear layer that starts from zeros. The frozen
    blocks before the first free one run once, and what they put out is kept for later
    runs (see ``tlcourse.activations``); each epoch runs only the rest. The result is
    that of Keras's ``fit`` on the whole model (see ``FreezePlan.as_keras``). Where
    every block is frozen, the features are divided by their standard deviation (one
    number, of the training features), so that one learning rate suits all backbones.

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
    class_weight : {None, "balanced"}
        With "balanced" each class counts alike in the loss, however few its training
        pictures are: they are weighted by the inverse of their number.
    augmentation : keras.Layer, optional
        Changes the preprocessed training images anew in each epoch; without weights of
        its own. Frozen blocks then see other images each time, so nothing is computed
        in advance.
    validate : bool
        Whether the history tells of the validation split, where the task has one.
    callbacks : sequence of keras.callbacks.Callback
        For Keras's ``fit``. One that sets ``model.stop_training`` ends the training,
        and the run tells how far it came. One that calls ``model.save(path)``, as
        ``ModelCheckpoint`` does, writes the whole model as ``Run.save`` does.
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
    if class_weight not in (None, "balanced"):
        raise ValueError(
            f'class_weight must be None or "balanced", not {class_weight!r}.'
        )
    refuse_weights_alone(callbacks)
    validate = validate and task.val is not None and len(task.val) > 0
    with _one_at_a_time:
        started = time.perf_counter()
        keras = import_keras()
        keras.utils.set_random_seed(seed)
        if augmentation is not None:  # its random numbers begin anew, too
            augmentation = type(augmentation).from_config(augmentation.get_config())
        training = _Training(
            backbone,
            task,
            rows,
            stages[0].from_scratch,
            seed,
            augmentation,
            class_weight,
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
        confusion = np.zeros((len(task.classes),) * 2, int)
        np.add.at(confusion, (task.test.labels, logits.argmax(1)), 1)
        return Run(
            test_accuracy=_scores(logits, task.test.labels)[1],
            history=dict(training.history),
            seconds=time.perf_counter() - started,
            trainable_parameters=training.trainable,
            frozen_parameters=sum(w.size for w in weights) - training.trainable,
            backbone=backbone,
            plan=plan if isinstance(plan, FreezePlan) else stages,
            weights=weights,
            classes=task.classes,
            confusion=confusion,
            data={
                "name": task.name,
                "card": task.card,
                "pictures": np.bincount(training.labels, minlength=len(confusion)),
            },
        )


class _Training:
    """The state of a training: weights by layer, which blocks moved, the history."""

    def __init__(
        self, backbone, task, rows, from_scratch, seed, augmentation, class_weight
    ):
        keras = import_keras()
        self.backbone, self.task, self.rows, self.seed = backbone, task, rows, seed
        self.labels = np.asarray(task.train.labels)[rows]
        self.augmentation = augmentation
        self.class_weight = _balanced(self.labels) if class_weight else None
        source = backbone.model
        if from_scratch:
            source = keras.models.clone_model(source)
        self.state = {layer.name: layer.get_weights() for layer in source.layers}
        shape = (source.output.shape[-1], len(task.classes))
        # From zeros: of a few pictures' features most directions are never trained, and
        # there a random head would stay random (cats or dogs, 10 per class: .90, .95).
        # From random weights too: faces, 10 per class, .78 and .85; digits .54 and .60.
        # A deep network with many classes only starts later (70 glyphs: 4 epochs).
        self.state["head"] = [np.zeros(shape, "float32"), np.zeros(shape[1], "float32")]
        first = backbone.blocks[0].name if from_scratch else None
        self.moved = {first} if from_scratch else set()
        self.history = collections.defaultdict(list)
        self.trainable, self.stopped, self.stage = 0, False, 0

    def train(self, plan, epochs, validate, callbacks):
        """Train by a plan; returns the logits of the test split."""
        after = IMAGES
        if self.augmentation is None:
            after = _runs_once(self.backbone, plan, self.moved)
        inputs = self._inputs(after)
        train = inputs["train"]
        size = sound_batch(len(train), BATCH_SIZE)
        steps = -(-len(train) // size)
        # A small step is over sooner than Python's way to the next one.
        steps_per_execution = steps if after != IMAGES and steps >= 8 else 1
        # No other run can use one that holds this run's own copy of the augmentation.
        build = _workbench if self.augmentation is None else _Workbench
        bench = build(
            self.backbone, plan, len(self.task.classes), after, self.augmentation,
            steps_per_execution,
        )  # fmt: skip
        spread = (float(train.std()) or 1.0) if after == FEATURES else 1.0
        self.state["spread"] = [np.float32(1 / spread)]
        if self.stage:  # the features were divided by nothing where the last one ended
            self._multiply_kernel(spread)
        bench.load(self.state)
        if validate:
            callbacks = [
                _validation(bench, inputs["val"], self.task.val.labels),
                *callbacks,
            ]
        bench.model.save = lambda path, **_: self._save(bench, spread, path)
        log = bench.model.fit(
            batches(train, self.labels, self.seed + self.stage, size),
            epochs=epochs,
            steps_per_epoch=steps,
            class_weight=self.class_weight,
            callbacks=callbacks,
            shuffle=False,  # the batches come shuffled
            verbose=0,
        ).history
        del bench.model.save
        self._take_over(bench, spread)
        self.moved |= set(plan.trainable)
        for name, values in log.items():
            self.history[name] += values
        sizes = [np.prod(v.shape) for v in bench.model.trainable_variables]
        self.trainable = int(sum(sizes))
        self.stopped, self.stage = bench.model.stop_training, self.stage + 1
        return _logits(bench.inference, inputs["test"])

    def _take_over(self, bench, spread):
        """Read the weights that the training has come to."""
        self.state |= {layer.name: layer.get_weights() for layer in _flat(bench.model)}
        self._multiply_kernel(1 / spread)  # it takes the rescaling over

    def _save(self, bench, spread, path):
        """Write the whole model as it is now, not the part that trains alone."""
        self._take_over(bench, spread)
        whole = saving.whole_model(self.backbone, self.weights())
        saving.save(whole, self.task.classes, path)

    def _inputs(self, after):
        """What goes into the model that is trained, for the splits that there are."""
        task = self.task
        splits = {"train": task.train, "val": task.val, "test": task.test}
        images = {name: split.images for name, split in splits.items() if split}
        if after == IMAGES:
            images["train"] = np.asarray(images["train"])[self.rows]
            inputs = [self.backbone.preprocess(one) for one in images.values()]
            return dict(zip(images, inputs, strict=True))
        outputs = frozen_outputs(self.backbone, [*images.values()], after)
        inputs = dict(zip(images, outputs, strict=True))
        return {**inputs, "train": inputs["train"][self.rows]}

    def _multiply_kernel(self, factor):
        kernel, bias = self.state["head"]
        self.state["head"] = [kernel * factor, bias]

    def weights(self):
        """All weights, in the order of the whole model."""
        names = [*(layer.name for layer in self.backbone.model.layers), "head"]
        return [array for name in names for array in self.state.get(name, ())]


def _balanced(labels):
    """A weight for each class, the inverse of its number of examples; a dict."""
    counts = np.bincount(labels)
    present = np.count_nonzero(counts)
    return {
        label: float(len(labels) / (present * count)) if count else 0.0
        for label, count in enumerate(counts)
    }


def batches(inputs, labels, seed, size):
    """Give batches of a training split for ever, shuffled anew in each epoch.

    Rows of a memory-mapped array are read when their turn comes.

    Parameters
    ----------
    inputs : ndarray, float32, (n, ...)
    labels : ndarray, int, (n,)
    seed : int
        The same seed gives the same order, whatever the inputs are.
    size : int
        Of a batch; the last one of an epoch holds what is left.

    Returns
    -------
    tf.data.Dataset
        Of pairs (batch, ...), (batch,).
    """
    import tensorflow as tf

    labels, shape = tf.constant(labels), (None, *inputs.shape[1:])
    order = tf.data.Dataset.range(len(inputs)).shuffle(len(inputs), seed=seed)
    order = order.batch(size).repeat()
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
        if name == "val" and not split:
            continue
        if name == "test" and not len(split):
            raise ValueError(
                "The task has no test pictures, so nothing would tell what the "
                "training is worth: make it with a share for them, test=0.2."
            )
        check_images(split.images)
        check_labels(split, f"the {name} split", len(task.classes))
    if len(np.unique(np.asarray(task.train.labels)[rows])) < 2:
        raise ValueError(
            "All training examples are of one class, so there is nothing to tell "
            "apart: give examples of at least two classes."
        )
    if again := _repeated(task.train.images, task.test.images):
        warnings.warn(
            f"{again} of the {len(task.test)} test pictures are training pictures too, "
            "so the test accuracy tells less about new ones: split them anew.",
            stacklevel=3,
        )


def _repeated(images, others):
    """Count the other images that stand among the images, too."""
    step = max(1, images.shape[1] // 8)  # some pixels are quick to compare: first them
    places = collections.defaultdict(list)
    for place, image in enumerate(images):
        places[image[::step, ::step].tobytes()].append(place)
    return sum(
        any(np.array_equal(other, images[place]) for place in places.get(key, ()))
        for other in others
        for key in [other[::step, ::step].tobytes()]
    )


def refuse_weights_alone(callbacks):
    """Refuse a checkpoint of weights: they would be those of the part that trains."""
    for callback in callbacks:
        if getattr(callback, "save_weights_only", False):
            raise ValueError(
                "A checkpoint of weights alone would hold only the part that trains: "
                "leave save_weights_only out, and it holds the whole model."
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
        optimizer = self.model.optimizer  # another one around it in mixed precision
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
    head = keras.layers.Dense(classes, dtype="float32", name="head")
    if after == FEATURES:
        inputs = keras.Input(backbone.model.output.shape[-1:])
        # A number would be traced as a constant, and each run has its own.
        scale = keras.Variable(1.0, trainable=False)
        features = keras.layers.Rescaling(scale, dtype="float32", name="spread")(inputs)
        return keras.Model(inputs, head(features))
    part = backbone.model
    if after != IMAGES:
        (block,) = (block for block in backbone.blocks if block.name == after)
        part = keras.Model(output_of(part, block), part.output)
    body = keras.models.clone_model(part)
    body.name = "body"
    plan.apply(body)
    inputs, outputs = body.input, body.output
    if augmentation is not None:
        inputs = keras.Input(body.input.shape[1:])
        outputs = body(augmentation(inputs))
    pooled = keras.layers.GlobalAveragePooling2D()(outputs)
    return keras.Model(inputs, head(pooled))


def _flat(model):
    """Layers with weights, those of a backbone inside the model included."""
    for layer in model.layers:
        if layer.name == "body":  # other models inside are layers of the backbone
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
