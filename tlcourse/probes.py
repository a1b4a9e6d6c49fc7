"""Linear probes: what a linear classifier makes of frozen features, or of pixels."""

from __future__ import annotations

import numpy as np
import pandas
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from tlcourse import datasets
from tlcourse.quiet import import_keras
from tlcourse.threads import one_thread


def probe_blocks(backbone, dataset, per_class, seeds, split="test"):
    """Fit a linear probe on what each block puts out.

    A linear probe is a linear classifier on frozen features: it tells what a block
    already knows about a task. A block's maps are averaged over the picture.

    Parameters
    ----------
    backbone : Backbone
    dataset : str or Task
        See ``datasets.load``.
    per_class : int
    seeds : sequence of int
        Each seed draws the labels.
    split : {"test", "val"}
        On which split the probe is scored: choose a block on ``"val"``.

    Returns
    -------
    pandas.DataFrame
        A row a block and seed: ``block``, ``seed``, ``accuracy`` (0-1).

    Raises
    ------
    ValueError
        If there is no such split.

    References
    ----------
    Alain & Bengio (2016), Understanding intermediate layers using linear classifier
    probes.
    """
    if split not in ("test", "val"):
        raise ValueError(f"A probe is scored on split 'test' or 'val', not {split!r}.")
    task = datasets.load(dataset)
    train, test = _pooled(backbone, task.train.images, getattr(task, split).images)
    tables = [
        probe_features(train[block], test[block], task, per_class, seeds, split)
        for block in train
    ]
    return pandas.concat(tables, keys=train, names=["block"]).reset_index("block")


def probe_features(train, test, task, per_class, seeds, split="test"):
    """Fit a linear probe on few labels, for several draws of them.

    Parameters
    ----------
    train, test : ndarray, (n, d)
        Features or pixels of the task's train split and of ``split``, all of it.
    task : Task
        As ``datasets.load`` gives it without ``per_class``.
    per_class : int
    seeds : sequence of int
        Each seed draws the labels.
    split : {"test", "val"}

    Returns
    -------
    pandas.DataFrame
        A row a seed: ``seed``, ``accuracy`` (0-1).
    """
    labels, answers = task.train.labels, getattr(task, split).labels
    rows = []
    for seed in seeds:
        few = datasets.few(labels, per_class, seed, task.name)
        probe = linear_probe().fit(train[few], labels[few])
        rows.append((seed, probe.score(test, answers)))
    return pandas.DataFrame(rows, columns=["seed", "accuracy"])


def linear_probe():
    """Give a linear classifier for features or pixels, (n, d); scikit-learn's own.

    Features are standardised first, since blocks differ in scale, and the penalty
    is strong, since examples are few.

    Returns
    -------
    sklearn.pipeline.Pipeline
    """
    # The rotation drops nothing: a few pictures span few of thousands of pixels. The
    # classifier is the same and its fit takes a second in place of minutes.
    return _OnOneThread([
        ("scale", StandardScaler()),
        ("rotate", PCA(svd_solver="full")),
        ("classify", LogisticRegression(C=0.1, max_iter=500)),
    ])  # fmt: skip


class _OnOneThread(Pipeline):
    fit = one_thread(Pipeline.fit)


def _pooled(backbone, *batches, some=256):
    """Average each block's maps over the picture; a dict of (n, d) for each batch.

    Pooled inside the model, and some images at a time: the maps of all blocks would
    take gigabytes.
    """
    keras = import_keras()
    pool = keras.layers.GlobalAveragePooling2D()
    ends = [backbone.model.get_layer(b.output).output for b in backbone.blocks]
    model = keras.Model(backbone.model.input, [pool(end) for end in ends])
    found = []
    for images in batches:
        means = [
            model.predict(backbone.preprocess(images[i : i + some]), verbose=0)
            for i in range(0, len(images), some)
        ]
        blocks = map(np.concatenate, zip(*means, strict=True))
        names = (block.name for block in backbone.blocks)
        found.append(dict(zip(names, blocks, strict=True)))
    return found
