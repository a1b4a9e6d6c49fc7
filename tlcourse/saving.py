"""A trained model as one file that predicts from raw pictures, and its model card.

The file holds resizing and preprocessing too, so plain Keras opens and uses it where
this course is not installed.
"""

from __future__ import annotations

import json
import pathlib
import zipfile

import numpy as np

from tlcourse.inference import _in_float32
from tlcourse.quiet import import_keras
from tlcourse.resources import draft_of


def whole_model(backbone, weights, input_size=None):
    """Put resizing, preprocessing, backbone, head and softmax into one Keras model.

    Parameters
    ----------
    backbone : Backbone
    weights : list of ndarray
        Those of the backbone's model, then the head's kernel (d, classes) and bias.
    input_size : int, optional
        Height and width of all pictures that will come; any size unless told.

    Returns
    -------
    keras.Model
        Pictures (n, height, width, 3), 0-255, to probabilities (n, classes).

    Raises
    ------
    ValueError
        If the backbone's preprocessing is not a change of colours alone.
    """
    keras = import_keras()
    layers = keras.layers
    matrix, offset = _colours(backbone)
    plain = {"dtype": "float32"}  # whatever precision it was trained with
    body = _in_float32(keras.models.clone_model(backbone.model))
    body.set_weights(weights[:-2])
    head = layers.Dense(len(weights[-1]), name="head", **plain)
    pictures = keras.Input((input_size, input_size, 3), name="pictures", **plain)
    maps = pictures
    if input_size is None:
        shape = (backbone.input_size, backbone.input_size)
        maps = layers.Resizing(
            *shape, crop_to_aspect_ratio=True, antialias=True, name="resizing", **plain
        )(maps)
    if np.array_equal(matrix, np.diag(np.diag(matrix))):
        scale, offset = np.diag(matrix).tolist(), offset.tolist()
        maps = layers.Rescaling(scale, offset, name="preprocessing", **plain)(maps)
    else:  # another order of the colours: Keras has no layer for it but this one
        mix = layers.Conv2D(3, 1, trainable=False, name="preprocessing", **plain)
        maps = mix(maps)
        mix.set_weights([matrix[None, None], offset])
    # Where a model is called as model(pictures), and in what Keras exports, Resizing
    # tells the layers after it, BatchNorm too, that they train (Keras 3.15).
    maps = body(maps, training=False)
    logits = head(layers.GlobalAveragePooling2D(name="pooling", **plain)(maps))
    head.set_weights(weights[-2:])
    softmax = layers.Softmax(name="probabilities", **plain)
    return keras.Model(pictures, softmax(logits))


def _colours(backbone):
    """The preprocessing as a matrix (3, 3) and an offset (3,), float32."""
    size, rng = backbone.input_size, np.random.default_rng(0)
    colours = np.float32([[0, 0, 0], *255 * np.eye(3)])
    plain = np.broadcast_to(colours[:, None, None], (4, size, size, 3))
    mixed = rng.integers(0, 256, (1, size, size, 3)).astype("float32")
    seen = backbone.preprocess(np.concatenate([plain, mixed]))
    offset = seen[0, 0, 0]
    matrix = (seen[1:4, 0, 0] - offset) / 255
    if not np.allclose(mixed @ matrix + offset, seen[4:], rtol=1e-3, atol=1e-3):
        raise ValueError(
            "The preprocessing of this backbone does more than scale the colours of "
            "each pixel, so a file cannot hold it: put it into the Keras model itself, "
            "and give tl.backbones.from_model that model."
        )
    return matrix, offset


def save(model, classes, path):
    """Write a model as one ``.keras`` file that knows the names of its classes.

    The file appears when it is whole.

    Parameters
    ----------
    model : keras.Model
    classes : sequence of str
    path : str or path
        Ends in ``.keras``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        If the path has another ending.
    """
    path = pathlib.Path(path)
    if path.suffix != ".keras":
        raise ValueError(
            f"A saved model's name must end in .keras, and this is {path.name!r}."
        )
    with draft_of(path) as draft:
        model.save(draft)
        with zipfile.ZipFile(draft, "a") as file:  # Keras passes over what it needs not
            file.writestr("classes.json", json.dumps([*map(str, classes)]))
    return path


def classes(path):
    """Read the names of the classes from a file that `save` wrote; a list of str.

    Raises
    ------
    ValueError
        If the file was written by something else.
    """
    with zipfile.ZipFile(path) as file:
        if "classes.json" not in file.namelist():
            raise ValueError(
                f"{pathlib.Path(path).name} does not know its classes: write it with "
                "run.save, or with tl.saving.save(model, classes, path)."
            )
        return json.loads(file.read("classes.json"))


def export(backbone, weights, path):
    """Write a model for machines without Keras, by Keras's own ``Model.export``.

    Parameters
    ----------
    backbone : Backbone
    weights : list of ndarray
        See `whole_model`.
    path : str or path
        With the ending ``.tflite`` it is a file for LiteRT (TensorFlow Lite), for
        pictures (n, input_size, input_size, 3), since that cannot shrink pictures well.
        Otherwise it is the folder of a TensorFlow SavedModel, for pictures of any size.
    """
    if pathlib.Path(path).suffix == ".tflite":
        model, form = whole_model(backbone, weights, backbone.input_size), "litert"
    else:
        model, form = whole_model(backbone, weights), "tf_saved_model"
    model.export(str(path), format=form, verbose=False)


def model_card(run):
    """Describe a trained model in the format of Hugging Face's model cards.

    Parameters
    ----------
    run : Run

    Returns
    -------
    str
        Markdown, with the facts that machines read on top.

    References
    ----------
    Mitchell et al. (2019), Model cards for model reporting.
    """
    tested = run.confusion.sum(axis=1)
    low, high = _interval(np.trace(run.confusion), tested.sum())
    card = run.backbone.card
    source = run.backbone.source or "nothing: its weights were random"
    plans = run.plan if isinstance(run.plan, tuple) else (run.plan,)
    trained = [", ".join(("head", *plan.trainable)) for plan in plans]
    rows = [
        f"| {name} | {pictures} | {total} | {right / total:.2f} |"
        for name, pictures, right, total in zip(
            run.classes, run.data["pictures"], np.diag(run.confusion), tested,
            strict=True,
        )
        if total
    ]  # fmt: skip
    return f"""---
library_name: keras
pipeline_tag: image-classification
tags:
- transfer-learning
metrics:
- accuracy
model-index:
- name: {run.data["name"]}
  results:
  - task:
      type: image-classification
    dataset:
      name: {run.data["name"]}
      type: {run.data["name"]}
    metrics:
    - type: accuracy
      value: {run.test_accuracy:.4f}
---

# {run.data["name"]}: {len(run.classes)} classes of pictures

**Model.** {run.backbone.name} at {run.backbone.input_size} px, pre-trained on {source},
then trained on the data below for {len(run.history["loss"])} epochs. Trained parts:
{"; then ".join(trained)}. {run.trainable_parameters:,} weights were trained and
{run.frozen_parameters:,} frozen. It takes pictures (n, height, width, 3), 0-255, and
gives the probabilities of {", ".join(run.classes)}.

**Source.** {card.get("task", "unknown")}. Licence of its weights:
{card.get("licence", "see " + card.get("from", "the maker of the backbone"))}.

**Results.** Accuracy {run.test_accuracy:.3f} on {tested.sum()} held-out pictures, with
a 95 % interval of {low:.3f} to {high:.3f} (Wilson). Balanced accuracy, the mean recall
of the classes: {run.balanced_accuracy:.3f}. Always giving the most frequent class would
score {tested.max() / tested.sum():.3f}.

| class | training pictures | test pictures | recall |
|---|---|---|---|
{chr(10).join(rows)}

**Limits.** It knows these {len(run.classes)} classes alone: a picture of anything else
gets one of their names too. The results hold for pictures taken as these were; other
cameras, places and people can lower them. The probabilities are not calibrated. What
the source shows too often or too rarely can come through.

**To be filled in**, by somebody who knows:

- Who took the pictures, where, when and with what: ____
- Who may use the pictures and the model (licence; consent of people who are seen): ____
- What it is for, and what it must not be used for: ____
- Who looks after it, and when it is tested again on new pictures: ____

**Data.**

{run.data["card"].strip()}
"""


def _interval(right, total):
    """The 95 % interval of a share, by Wilson's score; two floats."""
    import scipy.stats  # here, because it takes a third of a second

    return scipy.stats.binomtest(int(right), int(total)).proportion_ci(method="wilson")
