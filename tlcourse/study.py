"""The same experiment over sizes, seeds and strategies: a table with intervals."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import pathlib
import warnings

import joblib
import pandas

from tlcourse import backbones, datasets
from tlcourse.backbones import Backbone, hash_of
from tlcourse.freezing import check_plan
from tlcourse.progress import progress
from tlcourse.resources import draft_of
from tlcourse.tables import summarise
from tlcourse.training import transfer


@dataclasses.dataclass
class Study:
    """The same transfer over targets, sources, plans, numbers of labels and seeds.

    Every combination is a cell, and gets one training. Finished cells are kept, so a
    study that was stopped goes on where it was. It runs on joblib: in this process,
    unless ``joblib.parallel_config`` says otherwise.

    Attributes
    ----------
    targets : sequence of str, or dict of str to Task
        Data sets as ``datasets.load`` knows them, or tasks with all their labels.
    sources : sequence of str or None, or dict of str to Backbone
        Sources of a MobileNet as ``backbones.load`` knows them, or backbones. With
        None, random weights, each seed draws its own.
    plans : dict of str to callable
        ``plan(backbone)`` gives a FreezePlan or a schedule: ``tl.FreezePlan.features``.
    per_class : sequence of int
        Numbers of labelled examples per class.
    seeds : sequence of int
        Each draws the labels and starts the training.
    epochs : int
    folder : path, optional
        Keep finished cells here, one small file each, for later processes.

    Raises
    ------
    ValueError
        If there is nothing to run, or a target, a source, a plan or a number of labels
        is impossible.

    Examples
    --------
    >>> plans = {"frozen": tl.FreezePlan.features, "all": tl.FreezePlan.all}
    >>> study = tl.Study(["digits"], ["glyphs", "fractals"], plans, [5, 10])
    >>> with joblib.parallel_config(n_jobs=2):  # or ("dask"), on a cluster's client
    ...     table = study.run()
    >>> study.summary()
    """

    targets: list | dict
    sources: list | dict
    plans: dict
    per_class: list = (10,)
    seeds: list = range(5)
    epochs: int = 20
    folder: pathlib.Path | str | None = None

    def __post_init__(self):
        self._done = {}
        self._cells = _cells(self)
        if self.folder is not None:
            self.folder = pathlib.Path(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)

    def run(self, show_progress=True):
        """Run the cells that are not finished yet.

        Returns
        -------
        pandas.DataFrame
            A row a cell: ``target``, ``source``, ``plan``, ``per_class``, ``seed``,
            ``accuracy`` (test split, 0-1), ``seconds``, ``trainable`` (parameters).
        """
        missing = [c for c in self._cells if self._kept(c) is None]
        with progress(len(self._cells), "Training", show_progress) as bar:
            for _ in range(len(self._cells) - len(missing)):
                bar.update()
            jobs = (joblib.delayed(_run_cell)(c, self.folder) for c in missing)
            results = joblib.Parallel(return_as="generator_unordered")(jobs)
            for key, row in results:
                self._done[key] = row
                _keep(self.folder, key, row)  # the worker's disk may not be this one
                bar.update()
        return self.table

    @property
    def table(self):
        """What `run` gives, of the cells that are finished."""
        rows = [
            {**cell.names, **found}
            for cell in self._cells
            if (found := self._kept(cell)) is not None
        ]
        columns = [*_NAMES, "accuracy", "seconds", "trainable"]
        return pandas.DataFrame(rows, columns=columns)

    def summary(self):
        """Average over the seeds; see `summarise`."""
        return summarise(self.table, [name for name in _NAMES if name != "seed"])

    def _kept(self, cell):
        """What a finished cell gave; None if it is not finished."""
        if cell.key not in self._done and self.folder is not None:
            with contextlib.suppress(OSError):
                found = json.loads(_file(self.folder, cell.key).read_text("utf-8"))
                self._done[cell.key] = found
        return self._done.get(cell.key)


_NAMES = ("target", "source", "plan", "per_class", "seed")


@dataclasses.dataclass(frozen=True)
class _Cell:
    """One training of a study; what a worker needs for it, and no more."""

    names: dict
    target: object
    source: object
    plan: object
    epochs: int
    key: str


def _cells(study):
    """All cells, those that share features in a row; refused here if impossible."""
    targets, sources = _named(study.targets), _named(study.sources)
    for what in ("targets", "sources", "plans", "per_class", "seeds"):
        if isinstance(getattr(study, what), str) or not len(getattr(study, what)):
            raise ValueError(f"A study's {what} must be a list or dict with entries.")
    cells = []
    for target, data in targets.items():
        task = datasets.load(data)
        for size in study.per_class:
            datasets.few(task.train.labels, size, 0, target)  # refuses too many
        for source, origin in sources.items():
            backbone = _backbone(origin, 0)
            for plan, make in study.plans.items():
                stages = check_plan(backbone, make(backbone), study.epochs)
                facts = (_images_key(task), _source_key(backbone), stages)
                for size in study.per_class:
                    for seed in study.seeds:
                        names = (target, source, plan, int(size), int(seed))
                        names = dict(zip(_NAMES, names, strict=True))
                        told = repr((*facts, size, seed, study.epochs))
                        key = hashlib.sha256(told.encode()).hexdigest()[:32]
                        cells.append(
                            _Cell(names, data, origin, make, study.epochs, key)
                        )
    return cells


def _named(choices):
    """Choices by name; what is chosen by name stands for itself."""
    if isinstance(choices, dict):
        return choices
    return {_name(choice): choice for choice in choices}


def _name(choice):
    if isinstance(choice, datasets.Task):
        return choice.name
    return "random" if choice is None else str(choice)


@functools.lru_cache(maxsize=6)
def _loaded(source, seed):
    return backbones.load("mobilenet", source=source, seed=seed)


def _backbone(source, seed):
    """A study's source as a backbone; of random weights, a draw for each seed."""
    if isinstance(source, Backbone):
        return source
    return _loaded(source, seed if source is None else 0)


def _run_cell(cell, folder):
    """Train once; here, in another process, or on another machine."""
    names, task = cell.names, datasets.load(cell.target)
    size, seed = names["per_class"], names["seed"]
    rows = datasets.few(task.train.labels, size, seed, task.name)
    backbone = _backbone(cell.source, seed)
    run = transfer(
        backbone, task, cell.plan(backbone), cell.epochs, seed,
        rows=rows, validate=False, show_progress=False,
    )  # fmt: skip
    row = {
        "accuracy": run.test_accuracy,
        "seconds": run.seconds,
        "trainable": run.trainable_parameters,
    }
    _keep(folder, cell.key, row)
    return cell.key, row


def _file(folder, key):
    return folder / f"{key}.json"


def _keep(folder, key, row):
    """Write a finished cell in one move, so that a file is whole or not there."""
    if folder is None or _file(folder, key).exists():
        return
    try:
        with draft_of(_file(folder, key)) as draft:
            draft.write_text(json.dumps(row), encoding="utf-8")
    except OSError as problem:  # a full disk ends no study
        warnings.warn(
            f"A finished cell could not be kept in {folder} "
            f"({problem.strerror or problem}): another process would train it again.",
            stacklevel=2,
        )


def _images_key(task):
    digest = hashlib.sha256()
    for split in (task.train, task.test):
        digest.update(split.images)
        digest.update(split.labels)
    return digest.hexdigest()


def _source_key(backbone):
    """A hash of the weights; random ones follow from the seed alone."""
    if backbone.source is None:
        return "random"
    facts = (backbone.name, backbone.input_size)
    return hash_of(facts, backbone.model.get_weights())


def compare(strategies, dataset, per_class, seeds, epochs=20, show_progress=True):
    """Run strategies on the same few labels, for several draws of the labels.

    For several sources and plans in all combinations, and what is not told here, see
    `Study`.

    Parameters
    ----------
    strategies : dict of str to (Backbone, FreezePlan or schedule)
        What to compare; the keys name the rows.
    dataset : str or Task
        See ``datasets.load``.
    per_class, seeds : sequence of int
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
