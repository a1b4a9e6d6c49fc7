"""The same experiment over sizes, seeds and strategies: a table with intervals."""

from __future__ import annotations

import numpy as np
import pandas
import scipy.stats
import threadpoolctl
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tlcourse import datasets
from tlcourse.progress import progress
from tlcourse.quiet import import_keras
from tlcourse.training import transfer


def compare(strategies, dataset, per_class, seeds, epochs=20, show_progress=True):
    """Run strategies on the same few labels, for several draws of the labels.

    Parameters
    ----------
    strategies : dict of str to (Backbone, FreezePlan or schedule)
        What to compare; the keys name the rows.
    dataset : str
        See ``datasets.load``.
    per_class : sequence of int
        Numbers of labelled examples a class.
    seeds : sequence of int
        Each seed draws the labels and starts the training.
    epochs : int
    show_progress : bool

    Returns
    -------
    pandas.DataFrame
        A row a run: ``strategy``, ``per_class``, ``seed``, ``accuracy`` (test split,
        0-1), ``seconds``, ``trainable`` (parameters).
    """
    plans = [  # all runs of a plan in a row: its model is compiled once
        (name, *choice, size, seed)
        for name, choice in strategies.items()
        for size in per_class
        for seed in seeds
    ]
    rows = []
    for name, backbone, plan, size, seed in progress(
        plans, "Training", show=show_progress
    ):
        task = datasets.load(dataset, per_class=size, seed=seed)
        run = transfer(
            backbone, task, plan, epochs, seed, validate=False, show_progress=False
        )
        rows.append((
            name, size, seed, run.test_accuracy, run.seconds,
            run.trainable_parameters,
        ))  # fmt: skip
    columns = ["strategy", "per_class", "seed", "accuracy", "seconds", "trainable"]
    return pandas.DataFrame(rows, columns=columns)


def probe_blocks(backbone, dataset, per_class, seeds, split="test"):
    """Fit a linear probe on what each block puts out.

    A linear probe is a linear classifier on frozen features: it tells what a block
    already knows about a task. A block's maps are averaged over the picture.

    Parameters
    ----------
    backbone : Backbone
    dataset : str
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
    # On matrices this small, threads only wait for one another: six times slower.
    with threadpoolctl.threadpool_limits(1):
        for seed in seeds:
            few = datasets.few(labels, per_class, seed, task.name)
            probe = linear_probe().fit(train[few], labels[few])
            rows.append((seed, probe.score(test, answers)))
    return pandas.DataFrame(rows, columns=["seed", "accuracy"])


def linear_probe():
    """Give a linear classifier for features or pixels, (n, d); scikit-learn's own.

    Features are standardised first, since blocks differ in scale, and the penalty
    is strong, since examples are few.
    """
    # The rotation drops nothing: a few pictures span few of thousands of pixels. The
    # classifier is the same and its fit takes a second in place of minutes.
    return make_pipeline(
        StandardScaler(),
        PCA(svd_solver="full"),
        LogisticRegression(C=0.1, max_iter=500),
    )


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


def summarise(table, by, value="accuracy"):
    """Average a tidy table over its seeds, with a 95 % confidence interval.

    Parameters
    ----------
    table : pandas.DataFrame
    by : list of str
        The columns that make an experiment; its rows differ in the seed.
    value : str
        The column to average.

    Returns
    -------
    pandas.DataFrame
        ``by`` and ``mean``, ``low``, ``high``, ``n``. The interval is Student's, for
        the mean, and of an accuracy it ends at 0 and 1; with a single seed it is as
        wide as can be: not a number.
    """
    grouped = table.groupby(by, sort=False)[value]
    summary = grouped.agg(mean="mean", spread="std", n="count").reset_index()
    quantile = scipy.stats.t.ppf(0.975, np.maximum(summary["n"] - 1, 1))
    half = quantile * summary["spread"] / np.sqrt(summary["n"])
    summary["low"], summary["high"] = summary["mean"] - half, summary["mean"] + half
    if value == "accuracy":
        summary[["low", "high"]] = summary[["low", "high"]].clip(0, 1)
    return summary[[*by, "mean", "low", "high", "n"]]


def labels_worth(summary, strategy, reference):
    """How many labels a class the reference needs to do as well as a strategy.

    Parameters
    ----------
    summary : pandas.DataFrame
        From ``summarise(table, ["strategy", "per_class"])``.
    strategy, reference : str

    Returns
    -------
    pandas.DataFrame
        ``per_class`` (the strategy's labels), ``mean`` (its accuracy) and ``needed``
        (the reference's labels for the same, interpolated on a logarithmic scale;
        infinite where it never got there).
    """
    ours = summary[summary["strategy"] == strategy]
    theirs = summary[summary["strategy"] == reference].sort_values("per_class")
    # An average of few seeds may dip: more labels are never counted as worse.
    reached = np.maximum.accumulate(theirs["mean"].to_numpy())
    steps = np.log(theirs["per_class"].to_numpy())
    needed = np.exp(np.interp(ours["mean"], reached, steps, right=np.inf))
    return ours[["per_class", "mean"]].assign(needed=needed).reset_index(drop=True)
