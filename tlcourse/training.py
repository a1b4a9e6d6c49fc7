"""Transfer a backbone to a task: put a new head on it and train what is not frozen."""

from __future__ import annotations

import dataclasses
import functools
import time

import numpy as np

from tlcourse.backbones import Backbone, check_images
from tlcourse.freezing import FreezePlan
from tlcourse.progress import progress
from tlcourse.quiet import import_keras

BATCH_SIZE = 25  # 100 labels make four full batches; a remnant upsets BatchNorm
HEAD_RATE = 1e-2  # Adam's learning rate where the head alone trains,
BODY_RATE = 1e-3  # where pre-trained blocks train with it,
SCRATCH_RATE = 3e-3  # and where random ones do (1e-3 does no better, 1e-2 worse)
# Of BatchNorm. With 0.9 or more, statistics lag behind a training of some dozen steps:
# from scratch on 10 faces a class it is tested at 0.50, and with 0.5 or less at 0.80.
SHORT_MOMENTUM = 0.5


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
        Head included.
    backbone : Backbone
        The one that was transferred; its own weights have not changed.
    plan : FreezePlan
    weights : list of ndarray
        What ``model`` holds.
    """

    test_accuracy: float
    history: dict
    seconds: float
    trainable_parameters: int
    frozen_parameters: int
    backbone: Backbone
    plan: FreezePlan
    weights: list

    @functools.cached_property
    def model(self):
        """The trained Keras model: preprocessed images to logits (n, classes)."""
        model = _assemble(self.backbone, self.plan, len(self.weights[-1]))
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
        keras = import_keras()
        logits = self.model.predict(self.backbone.preprocess(images), verbose=0)
        return keras.ops.convert_to_numpy(keras.ops.softmax(logits))

    def __repr__(self):
        return (
            f"Run(test accuracy {self.test_accuracy:.3f}, "
            f"{self.trainable_parameters:,} trained and {self.frozen_parameters:,} "
            f"frozen parameters, {self.seconds:.1f} s)"
        )


def transfer(backbone, task, plan, epochs=20, seed=0, show_progress=True):
    """Train a new head, and the blocks that the plan leaves free, on a task.

    The head is average pooling and one linear layer. Where every block is frozen,
    the features are computed once, divided by their standard deviation (one number,
    of the training features), and only the linear layer runs in each epoch.

    Parameters
    ----------
    backbone : Backbone
        Is copied, so its own weights stay as they are.
    task : Task
    plan : FreezePlan
    epochs : int
    seed : int
        Same seed, same result. It sets the seeds of Keras, NumPy and Python.
    show_progress : bool

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the task has a single class, or its images or labels are unusable.
    """
    _check(task, epochs)
    started = time.perf_counter()
    model, fitted, optimizer_start = _workbench(backbone, plan, len(task.classes))
    _reset(model, fitted, optimizer_start, backbone, seed)
    inputs = _images if plan.trainable else _features
    train, val, test = (inputs(backbone, s) for s in (task.train, task.val, task.test))
    if not plan.trainable:
        # Random backbones give features of 1e-18, others of 1: one rate suits all of
        # them once they have the same spread. The kernel takes the division over.
        spread = float(train.std()) or 1.0
        train, val, test = (features / spread for features in (train, val, test))
    history = _fit(
        fitted,
        (train, task.train.labels),
        (val, task.val.labels),
        epochs,
        show_progress,
    )
    scores = fitted.evaluate(
        test, task.test.labels, batch_size=64, verbose=0, return_dict=True
    )
    if not plan.trainable:
        head = model.layers[-1]
        head.kernel.assign(head.kernel / spread)
    trained = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    return Run(
        test_accuracy=float(scores["accuracy"]),
        history=history,
        seconds=time.perf_counter() - started,
        trainable_parameters=trained,
        frozen_parameters=model.count_params() - trained,
        backbone=backbone,
        plan=plan,
        weights=model.get_weights(),
    )


def _check(task, epochs):
    """Refuse, before any work, what cannot be learnt from."""
    if not isinstance(epochs, (int, np.integer)) or epochs < 1:
        raise ValueError(f"epochs must be a whole number from 1 up, not {epochs!r}.")
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


@functools.lru_cache(maxsize=4)
def _workbench(backbone, plan, classes):
    """Build and compile a model once for all runs of the same plan.

    TensorFlow takes seconds to trace a model's training step, which for a few
    labels is longer than the training itself.

    Returns
    -------
    model : keras.Model
        Preprocessed images to logits.
    fitted : keras.Model
        What is trained: the model, or only its linear layer, on features.
    optimizer_start : list of ndarray
        The optimizer's state before the first step.
    """
    keras = import_keras()
    model = _assemble(backbone, plan, classes)
    linear = model.layers[-1]
    fitted, rate = model, BODY_RATE if backbone.source else SCRATCH_RATE
    if not plan.trainable:
        fitted = keras.Sequential([keras.Input(linear.input.shape[1:]), linear])
        rate = HEAD_RATE
    fitted.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fitted.optimizer.build(fitted.trainable_variables)
    start = [variable.numpy() for variable in fitted.optimizer.variables]
    return model, fitted, start


def _assemble(backbone, plan, classes):
    """Copy a backbone, freeze the copy by the plan, and put a head on it."""
    keras = import_keras()
    body = keras.models.clone_model(backbone.model)
    plan.apply(body, backbone.blocks)
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            layer.momentum = SHORT_MOMENTUM
    pooled = keras.layers.GlobalAveragePooling2D()(body.output)
    logits = keras.layers.Dense(classes, name="head")(pooled)
    return keras.Model(body.input, logits)


def _reset(model, fitted, optimizer_start, backbone, seed):
    """Put the backbone's weights, a fresh head and a fresh optimizer in place."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    linear = model.layers[-1]
    glorot = keras.initializers.GlorotUniform(seed)
    kernel = keras.ops.convert_to_numpy(glorot(linear.kernel.shape))
    bias = np.zeros(linear.bias.shape, "float32")
    model.set_weights([*backbone.model.get_weights(), kernel, bias])
    for variable, value in zip(
        fitted.optimizer.variables, optimizer_start, strict=True
    ):
        variable.assign(value)


@functools.lru_cache(maxsize=12)  # a run's three splits for four backbones
def _features(backbone, split):
    return backbone.features(split.images)


def _images(backbone, split):
    return backbone.preprocess(split.images)


def _fit(fitted, train, val, epochs, show_progress):
    """Train with a progress bar; returns Keras's history."""
    keras = import_keras()
    with progress(int(epochs), "Training", show_progress) as bar:
        follow = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: bar.update(
                note=f"validation accuracy {logs['val_accuracy']:.2f}"
            )
        )
        return fitted.fit(
            *train,
            batch_size=BATCH_SIZE,
            epochs=int(epochs),
            validation_data=val,
            callbacks=[follow],
            verbose=0,
        ).history
