"""Transfer a backbone to a task: put a new head on it and train what is not frozen."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from tlcourse.backbones import check_images
from tlcourse.progress import progress
from tlcourse.quiet import import_keras

BATCH_SIZE = 25  # 100 labels make four full batches; a remnant upsets BatchNorm
HEAD_RATE = 1e-2  # Adam's learning rate where the head alone trains,
BODY_RATE = 1e-3  # where pre-trained blocks train with it,
SCRATCH_RATE = 3e-3  # and where random ones do (the best of 3e-4, 1e-3, 3e-3)
SHORT_MOMENTUM = 0.9


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
    model : keras.Model
        Preprocessed images (n, size, size, 3) to logits (n, classes).
    backbone : Backbone
        The one that was transferred; its own weights have not changed.
    """

    test_accuracy: float
    history: dict
    seconds: float
    trainable_parameters: int
    frozen_parameters: int
    model: object
    backbone: object

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
    the features are computed once and only the head is run in each epoch.

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
    keras = import_keras()
    _check(task, epochs)
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    body = _copy(backbone, plan)
    head = keras.Sequential(
        [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(len(task.classes))],
        name="head",
    )
    model = keras.Model(body.input, head(body.output))
    splits = [
        (backbone.preprocess(split.images), split.labels)
        for split in (task.train, task.val, task.test)
    ]
    if plan.trainable:
        rate = BODY_RATE if backbone.source else SCRATCH_RATE
        fitted = model
    else:
        fitted, rate = head, HEAD_RATE
        splits = [(_maps(body, images), labels) for images, labels in splits]
    history, accuracy = _fit(fitted, rate, splits, epochs, show_progress)
    trained = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    return Run(
        test_accuracy=accuracy,
        history=history,
        seconds=time.perf_counter() - started,
        trainable_parameters=trained,
        frozen_parameters=model.count_params() - trained,
        model=model,
        backbone=backbone,
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


def _copy(backbone, plan):
    """Copy a backbone's model and freeze the copy by the plan."""
    keras = import_keras()
    body = keras.models.clone_model(backbone.model)
    body.set_weights(backbone.model.get_weights())
    plan.apply(body, backbone.blocks)
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            # Keras averages statistics over 100 or 1000 batches; a training on few
            # labels has hardly more, and would be tested with its first ones.
            layer.momentum = SHORT_MOMENTUM
    return body


def _maps(body, images):
    return body.predict(images, batch_size=64, verbose=0)


def _fit(model, rate, splits, epochs, show_progress):
    """Compile and train; returns the history and the test accuracy."""
    keras = import_keras()
    train, val, test = splits
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    with progress(epochs, "Training", show=show_progress) as bar:
        follow = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: bar.update(
                note=f"validation accuracy {logs['val_accuracy']:.2f}"
            )
        )
        history = model.fit(
            *train,
            batch_size=BATCH_SIZE,
            epochs=epochs,
            validation_data=val,
            callbacks=[follow],
            verbose=0,
        ).history
    accuracy = model.evaluate(*test, batch_size=64, verbose=0, return_dict=True)
    return history, float(accuracy["accuracy"])
