"""Methods side by side, between source-only and oracle."""

from __future__ import annotations

import time

import pandas

from tlcourse.adaptation.features import source_only
from tlcourse.progress import progress


def compare(
    backbone, draw, target, methods, seeds=range(3), *, show_progress=True
):  # fmt: skip
    """Adapt with several methods, each from several draws of the source.

    `source_only` makes two more rows: of that name on the source, and ``oracle`` on the
    target's own labels.

    Parameters
    ----------
    backbone : Backbone
    draw : callable
        ``draw(seed)`` gives the source's split, images and labels.
    target : Unlabelled
        Its labels are looked at once for each score and each oracle; the methods see
        its images.
    methods : dict of str to callable
        With the signature of this package's methods.
    seeds : sequence of int
    show_progress : bool

    Returns
    -------
    pandas.DataFrame
        Columns method, seed, accuracy (on the target's test split) and seconds.
    """
    methods = {"source_only": source_only, **methods, "oracle": None}
    rows = []
    with progress(len(methods) * len(seeds), "Adapting", show_progress) as bar:
        for seed in seeds:
            source = draw(seed)
            for name, method in methods.items():
                started = time.perf_counter()
                if method is None:
                    labelled = target.reveal().train
                    model = source_only(backbone, labelled, target.images, seed=seed)
                else:
                    model = method(backbone, source, target.images, seed=seed)
                seconds = time.perf_counter() - started
                accuracy = target.accuracy(model)
                rows.append((name, seed, accuracy, seconds))
                bar.update(note=f"{name} {accuracy:.2f}")
    return pandas.DataFrame(rows, columns=["method", "seed", "accuracy", "seconds"])
