"""Data sets whose train, validation and test splits cannot overlap.

``load("digits", per_class=10, seed=0)`` gives a `Task`. Everything but the online
sets comes with the course and its dependencies; each has a card that tells what it
is, who made it, under what licence, how large it is and how it was made.
``from_folder``, ``from_zip`` and ``from_arrays`` make a `Task` of your own pictures,
``folder`` writes a data set as JPEG files.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib

import numpy as np

from tlcourse.datasets import camera
from tlcourse.resources import where

_OWN = {  # the modules of what is imported on its first use
    "from_folder": "own_pictures", "from_zip": "own_pictures",
    "from_arrays": "own_pictures", "folder": "jpeg_folders",
}  # fmt: skip


def __getattr__(name):
    """Give the ways in for pictures of one's own on their first use (PEP 562)."""
    if name in _OWN:
        module = importlib.import_module(f"tlcourse.datasets.{_OWN[name]}")
        return getattr(module, name)
    raise AttributeError(f"tlcourse.datasets has no {name!r}.")


NAMES = ("digits", "faces", "photos", "tissue", "glyphs", "fractals", "apples")
ONLINE = ("cifar10", "mnist", "flowers", "usps", "svhn", "mnist_m")
# The first one of each is the default.
DOMAINS = {
    "apples": ("studio", "orchard"),
    "digits": ("handwritten", "fonts"),
    "photos": ("as_taken", *camera.DOMAINS),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Images (n, height, width, 3) in 0-255 with labels, int (n,).

    The images are float32, or uint8 where they came as such.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """What is to be learnt, and the examples for it.

    Label i means ``classes[i]``. No example stands in two splits; ``train`` is cut
    down by ``per_class``, ``val`` and ``test`` are always the same. ``domain`` says
    which of the data set's domains this is, if it has several. Pictures of one's own
    (`from_folder`, `from_arrays`) have a ``report``, and perhaps an empty ``val``.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    val: Split
    test: Split
    domain: str | None = None
    report: object = None

    @property
    def card(self):
        """What the data set is, who made it, licence, size, how made; Markdown."""
        if self.name in (*NAMES, *ONLINE):
            card = where("datasets") / self.name / "card.md"
            return card.read_text(encoding="utf-8")
        told = self.report or "Nobody has written down how they were collected."
        return f"# {self.name}: your own pictures\n\n{told}\n"

    def __repr__(self):
        splits = {name: getattr(self, name) for name in ("train", "val", "test")}
        sizes = ", ".join(f"{len(x) if x else 0} {name}" for name, x in splits.items())
        size = " x ".join(map(str, np.shape(self.train.images)[1:3]))
        return (
            f"Task({_title(self)}: {len(self.classes)} classes, {sizes} "
            f"images of {size} px)"
        )


def _title(data):
    return f"{data.name!r}" + (f", domain {data.domain!r}" if data.domain else "")


def load(name, per_class=None, domain=None, seed=0):
    """Load a data set.

    Parameters
    ----------
    name : str or Task
        One of ``NAMES``, which need no network, or of ``ONLINE``. A Task, of one's own
        pictures perhaps, is taken as it is, but for ``per_class``.
    per_class : int, optional
        Keep so many training examples of each class; all of them unless told.
    domain : str, optional
        One of ``DOMAINS[name]``, the first one unless told; sets that are not in
        ``DOMAINS`` have one domain.
    seed : int
        Which training examples ``per_class`` keeps.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If there is no such data set or domain, or ``per_class`` is not possible.
    ConnectionError
        If an online data set cannot be downloaded.
    """
    if isinstance(name, Task):
        return name if per_class is None else _cut(name, per_class, seed)
    if name not in (*NAMES, *ONLINE):
        raise ValueError(
            f"There is no data set {name!r}. Choose one of {', '.join(NAMES)}, or, "
            f"with a network, {', '.join(ONLINE)}."
        )
    domains = DOMAINS.get(name, (None,))
    domain = domains[0] if domain is None else domain
    if domain not in domains:
        offered = ", ".join(repr(each) for each in domains if each)
        raise ValueError(
            f"The data set {name!r} has no domain {domain!r}: "
            + (f"take one of {offered}." if offered else "leave domain out.")
        )
    classes, splits = _made(name, domain)
    task = Task(name, classes, **splits, domain=domain)
    return task if per_class is None else _cut(task, per_class, seed)


def _cut(task, per_class, seed):
    """The task with so many training examples of each class."""
    train = task.train
    chosen = few(train.labels, per_class, seed, task.name)
    few_ones = Split(train.images[chosen], train.labels[chosen])
    return dataclasses.replace(task, train=few_ones)


class Unlabelled:
    """Images whose labels are hidden, for transductive transfer.

    Methods are given ``images``, those of the task's training split, so they cannot
    see a label. The labels are there to tell afterwards how well a method did; each
    look at them is counted in ``looks``, since who looks often and keeps the best has
    used them for training. ``name``, ``domain`` and ``classes`` are the task's.
    """

    def __init__(self, task):
        self._task = task
        self.name, self.domain, self.classes = task.name, task.domain, task.classes
        self.images = task.train.images
        self.looks = 0

    def reveal(self):
        """Look at the labels; gives the `Task` with all its splits."""
        self.looks += 1
        return self._task

    def accuracy(self, model):
        """Give a model's share of right answers on the test split: one look.

        Its ``predict(images)`` gives probabilities (n, classes).
        """
        test = self.reveal().test
        return float((model.predict(test.images).argmax(1) == test.labels).mean())

    def __repr__(self):
        return (
            f"Unlabelled({_title(self)}: {len(self.images)} images, labels "
            f"looked at {self.looks} times)"
        )


def load_unlabelled(name, domain=None, shares=None, seed=0):
    """Load a data set as a target whose labels are hidden.

    For names, domains and their errors see `load`.

    Parameters
    ----------
    name : str or Task
    domain : str, optional
    shares : sequence of float, optional
        How much of each class to keep in every split, above 0 and at most 1: classes
        that are rarer here than in the source are a label shift. All of it unless told.
    seed : int
        Which examples ``shares`` keeps.

    Returns
    -------
    Unlabelled

    Raises
    ------
    ValueError
        Also if the shares don't fit the classes.
    """
    task = load(name, domain=domain)
    if shares is not None:
        shares = np.asarray(shares, float)
        fit = shares.shape == (len(task.classes),)
        if not fit or not ((0 < shares) & (shares <= 1)).all():
            raise ValueError(
                f"shares must be {len(task.classes)} numbers above 0 and at most 1, "
                f"one for each class of {task.name!r}, not {shares.tolist()}."
            )
        rng = np.random.default_rng(seed)
        names = ("train", "val", "test")
        cut = {name: _thinned(getattr(task, name), shares, rng) for name in names}
        task = dataclasses.replace(task, **cut)
    return Unlabelled(task)


def _thinned(split, shares, rng):
    """Keep a share of each class, at least one example."""
    kept = []
    for label, share in enumerate(shares):
        rows = rng.permutation(np.flatnonzero(split.labels == label))
        kept.append(rows[: max(1, round(share * len(rows)))])
    rows = np.sort(np.concatenate(kept))
    return Split(split.images[rows], split.labels[rows])


@functools.lru_cache(maxsize=4)  # drawing takes seconds, keeping costs memory
def _made(name, domain):
    """Classes and full splits of a data set; arrays that cannot be written to."""
    module = "online" if name in ONLINE else name
    maker = importlib.import_module(f"tlcourse.datasets.{module}")
    choice = name if name in ONLINE else domain
    made = maker.make() if choice is None else maker.make(choice)
    splits = {}
    for split in ("train", "val", "test"):
        images, labels = made[split]
        images = np.ascontiguousarray(images, "float32")
        labels = np.ascontiguousarray(labels, "int64")
        images.flags.writeable = labels.flags.writeable = False
        splits[split] = Split(images, labels)
    return tuple(made["classes"]), splits


def check_labels(split, name, classes=None):
    """Refuse labels that are not one whole number from 0 up for each picture.

    Parameters
    ----------
    split : Split
    name : str
        What to call it in the message.
    classes : int, optional
        How many there are; any number unless told.

    Raises
    ------
    ValueError
    """
    labels = np.asarray(split.labels)
    if labels.ndim == 2 and len(labels) == len(split.images):
        raise ValueError(
            f"The labels of {name} have the shape {labels.shape}, as one-hot labels "
            "have: give class numbers, labels.argmax(axis=1)."
        )
    if labels.shape != (len(split.images),):
        raise ValueError(
            f"There are {len(split.images)} images in {name} but labels of shape "
            f"{labels.shape}: give one label an image."
        )
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"The labels of {name} are {labels.dtype}: give class numbers, whole ones "
            "from 0 up (tl.datasets.from_arrays makes them of anything)."
        )
    low, high = labels.min(), labels.max()
    from_one = classes is None and low == 1 and len(np.unique(labels)) == high
    if low < 0 or from_one or (classes is not None and high >= classes):
        there = "" if classes is None else f", but there are {classes} classes"
        raise ValueError(
            f"The labels of {name} go from {low} to {high}{there}: count them from 0."
        )


def few(labels, per_class, seed, name):
    """Choose the same number of examples of each class; positions, classes in turn.

    Growing ``per_class`` with the same seed adds examples and takes none away. Where it
    is more than there is, the `ValueError` calls the data set ``name``.
    """
    counts = np.bincount(labels)
    if not isinstance(per_class, (int, np.integer)) or per_class < 1:
        raise ValueError(
            f"per_class must be a whole number from 1 up, not {per_class!r}."
        )
    if per_class > counts.min():
        raise ValueError(
            f"{name!r} has only {counts.min()} training examples in its smallest "
            f"class: ask for at most {counts.min()} per_class, not {per_class}."
        )
    rng = np.random.default_rng(seed)
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:per_class]
        for label in range(len(counts))
    ]
    return np.stack(chosen, axis=1).ravel()


def shuffled_splits(images, labels, train, val, rounded=np.round, most=None):
    """Cut examples into splits that hold each class in the same proportion.

    Gives a dict of ``train``, ``val`` and ``test``, each (images, labels); always the
    same draw.

    Parameters
    ----------
    images : ndarray, (n, ...)
    labels : ndarray, int, (n,)
    train, val : float
        Shares of each class; the rest is the test split.
    rounded : callable
        Makes a share of a class into a whole number of examples.
    most : int, optional
        Keep so many examples of each class.
    """
    rng = np.random.default_rng(0)
    rows = {"train": [], "val": [], "test": []}
    for label in np.unique(labels):
        order = rng.permutation(np.flatnonzero(labels == label))[:most]
        cuts = rounded(np.array([train, train + val]) * len(order)).astype(int)
        for split, chosen in zip(rows, np.split(order, cuts), strict=True):
            rows[split].extend(chosen)
    return {split: (images[chosen], labels[chosen]) for split, chosen in rows.items()}
