"""Few-shot learning on frozen features: episodes, prototypes, and their score.

An episode is a small task of its own: some classes (ways), a few labelled pictures of
each (shots), and new pictures (queries) to be named. A classifier is a function of
``support`` (episodes, n, d), ``labels`` (n,) and ``queries`` (episodes, q, d): it gives
a label for each query, int (episodes, q).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tlcourse import datasets, probes
from tlcourse.quiet import import_keras

keras = import_keras()
SCALE, STEPS, RATE = 10.0, 50, 1e-3  # of the cosine head


@dataclasses.dataclass(frozen=True, eq=False)
class Episode:
    """Rows of a task's pictures. The label k means the class ``classes[k]``.

    Attributes
    ----------
    classes : ndarray, int, (ways,)
        Places in the task's ``classes``.
    support, support_labels : ndarray, int, (ways * shots,)
        Rows of ``task.train``, and their labels, 0 to ways - 1.
    query, query_labels : ndarray, int, (ways * queries,)
        Rows of ``task.test``, and their labels.
    """

    classes: np.ndarray
    support: np.ndarray
    support_labels: np.ndarray
    query: np.ndarray
    query_labels: np.ndarray


def episode(task, ways=5, shots=1, queries=15, *, seed=0):
    """Draw an episode of a task.

    What is labelled comes from ``task.train``, what is asked from ``task.test``, so no
    picture stands on both sides.

    Parameters
    ----------
    task : Task
        With its whole training split, as ``datasets.load`` gives it.
    ways, shots, queries : int
        Classes; labelled pictures of each; new pictures of each.
    seed : int or sequence of int
        More shots with the same seed add pictures and take none away.

    Returns
    -------
    Episode

    Raises
    ------
    ValueError
        If a number is not a whole one from 1 up (ways: from 2), or there are not so
        many classes or pictures.

    References
    ----------
    Vinyals et al. (2016), Matching networks for one shot learning.
    """
    _check_numbers(task, ways, shots, queries)
    rng = np.random.default_rng(seed)
    classes = rng.permutation(len(task.classes))[:ways]
    draws = [rng.permutation(np.flatnonzero(task.train.labels == k)) for k in classes]
    asked = [rng.permutation(np.flatnonzero(task.test.labels == k)) for k in classes]
    return Episode(
        classes,
        np.concatenate([rows[:shots] for rows in draws]),
        np.repeat(np.arange(ways), shots),
        np.concatenate([rows[:queries] for rows in asked]),
        np.repeat(np.arange(ways), queries),
    )


def _check_numbers(task, ways, shots, queries):
    most = {
        "ways": len(task.classes),
        "shots": np.bincount(task.train.labels).min(),
        "queries": np.bincount(task.test.labels).min(),
    }
    given = {"ways": ways, "shots": shots, "queries": queries}
    for name, number in given.items():
        least = 2 if name == "ways" else 1
        whole = isinstance(number, int | np.integer)
        if not whole or not least <= number <= most[name]:
            raise ValueError(
                f"{name} must be a whole number from {least} to {most[name]} for "
                f"{task.name!r}, not {number!r}."
            )


def as_task(task, episode):
    """Make a Task of an episode, for ``tl.transfer``.

    Parameters
    ----------
    task : Task
        From which the episode was drawn.
    episode : Episode

    Returns
    -------
    Task
        Its train split is the support, its test split the queries. There are no
        pictures for validation, which a real task with few labels has not either.
    """
    support = datasets.Split(task.train.images[episode.support], episode.support_labels)
    query = datasets.Split(task.test.images[episode.query], episode.query_labels)
    none = datasets.Split(query.images[:0], query.labels[:0])
    classes = tuple(task.classes[k] for k in episode.classes)
    return dataclasses.replace(
        task, classes=classes, train=support, val=none, test=query
    )


def prototypes(support, labels):
    """Average the labelled examples of each class.

    Parameters
    ----------
    support : ndarray, (n, d) or (episodes, n, d)
        Features of the labelled examples.
    labels : ndarray, int, (n,)
        From 0 up, with no number left out.

    Returns
    -------
    ndarray, (ways, d) or (episodes, ways, d)

    Raises
    ------
    ValueError
        If labels and features do not fit, or a class has no example.

    References
    ----------
    Snell, Swersky & Zemel (2017), Prototypical networks for few-shot learning.
    """
    support, labels = np.asarray(support), np.asarray(labels)
    if support.ndim < 2 or labels.shape != support.shape[-2:-1] or not len(labels):
        raise ValueError(
            f"prototypes needs features (n, d) and a label for each of them: these "
            f"have the shapes {support.shape} and {labels.shape}."
        )
    counts = np.bincount(labels)
    if not counts.all():
        raise ValueError(
            f"The class {counts.argmin()} has no labelled example: number the classes "
            "of the episode from 0 up, and give at least one example of each."
        )
    share = (labels[:, None] == np.arange(len(counts))) / counts  # (n, ways)
    return np.einsum("nw,...nd->...wd", share.astype(support.dtype), support)


def nearest_centroid(support, labels, queries):
    """Give each query the class of the nearest prototype.

    Parameters
    ----------
    support, labels
        As for `prototypes`, which tells the errors too.
    queries : ndarray, (q, d) or (episodes, q, d)

    Returns
    -------
    ndarray, int, (q,) or (episodes, q)
    """
    centres = prototypes(support, labels)
    # |q - c|² without |q|², which is the same for all classes.
    closeness = 2 * queries @ np.swapaxes(centres, -1, -2)
    return (closeness - (centres**2).sum(-1)[..., None, :]).argmax(-1)


def linear_probe(support, labels, queries):
    """Fit the course's linear probe in each episode; a classifier, see the module."""
    return np.stack([
        probes.linear_probe().fit(few, labels).predict(new)
        for few, new in zip(support, queries, strict=True)
    ])  # fmt: skip


class Cosines(keras.layers.Layer):
    """Logits: ten times the cosines between features and class vectors.

    Parameters
    ----------
    start : ndarray, float32, (episodes, d, ways)
        What the class vectors begin with, for each episode.
    """

    def __init__(self, start):
        super().__init__()
        begin = keras.initializers.Constant(start)
        self.kernel = self.add_weight(shape=start.shape, initializer=begin)

    def call(self, x):
        """Take (episodes, n, d) and give (episodes, n, ways)."""
        x = keras.ops.normalize(x, axis=-1)
        return SCALE * x @ keras.ops.normalize(self.kernel, axis=-2)

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.kernel.shape[-1])


def cosine_head(support, labels, queries):
    """Train a cosine head in each episode, all of them side by side; a classifier.

    The class vectors begin at the prototypes of the features, scaled to length 1, and
    take 50 steps of Adam on all labelled examples.

    References
    ----------
    Qi, Brown & Lowe (2018), Low-shot learning with imprinted weights.
    Chen et al. (2019), A closer look at few-shot classification.
    """
    support = np.asarray(support, "float32")
    unit = support / np.linalg.norm(support, axis=-1, keepdims=True).clip(1e-9)
    start = np.swapaxes(prototypes(unit, labels), -1, -2)
    head = keras.Sequential([keras.Input(support.shape[1:]), Cosines(start)])
    # A sum: a mean would let each episode's steps depend on how many there are.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    head.compile(keras.optimizers.Adam(RATE), loss)
    every, repeated = len(support), np.tile(labels, (len(support), 1))
    # Not shuffled: each episode has its own place in the batch.
    options = {"batch_size": every, "shuffle": False, "verbose": 0}
    head.fit(support, repeated, epochs=STEPS, **options)
    return head.predict(queries, batch_size=every, verbose=0).argmax(-1)


def accuracies(
    train,
    test,
    task,
    classify=nearest_centroid,
    *,
    ways=5,
    shots=1,
    queries=15,
    episodes=100,
    seed=0,
):
    """Score a classifier on many episodes.

    Parameters
    ----------
    train, test : ndarray, (n, d)
        Features or pixels of the task's whole train and test splits.
    task : Task
    classify : callable
        `nearest_centroid`, `linear_probe`, `cosine_head` or your own, as the module
        tells.
    ways, shots, queries : int
        See `episode`, also for errors.
    episodes : int
    seed : int
        Episode k is ``episode(..., seed=[seed, k])``.

    Returns
    -------
    ndarray, (episodes,)
        The share of queries that got their class, 0-1.

    Raises
    ------
    ValueError
        Also if features and pictures are not equally many, or there is no episode.
    """
    for rows, split in ((train, "train"), (test, "test")):
        count = len(getattr(task, split))
        if np.ndim(rows) != 2 or len(rows) != count:
            raise ValueError(
                f"{split} needs a row of features for each of the {count} pictures of "
                f"the task's {split} split, and has the shape {np.shape(rows)}."
            )
    if episodes < 1:
        raise ValueError("There are no episodes to score: ask for at least one.")
    drawn = [
        episode(task, ways, shots, queries, seed=[seed, k]) for k in range(episodes)
    ]
    support = np.stack([train[each.support] for each in drawn])
    asked = np.stack([test[each.query] for each in drawn])
    said = classify(support, drawn[0].support_labels, asked)
    return (said == drawn[0].query_labels).mean(axis=1)
