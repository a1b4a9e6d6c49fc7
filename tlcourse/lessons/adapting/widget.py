"""The widget of the lesson: another camera, and what methods make of its pictures."""

from __future__ import annotations

import functools

from threadpoolctl import threadpool_limits

from tlcourse import adaptation, datasets
from tlcourse.datasets import camera
from tlcourse.lessons.adapting import figures
from tlcourse.widgets.features import bundled
from tlcourse.widgets.static_first import StaticFirst, control

STRENGTHS = (0, *camera.STRENGTHS)
METHODS = {
    "source_only": adaptation.source_only,
    "subspace": adaptation.subspace_alignment,
    "CORAL": adaptation.coral,
    "transport": adaptation.optimal_transport,
    "pseudo_labels": adaptation.pseudo_labels,
}


def shift_lab(source="imagenet_distilled"):
    """Let the learner change the camera, and see accuracy fall and methods catch it.

    Parameters
    ----------
    source : str
        See ``backbones.load``.
    """
    figure = functools.partial(draw, source=source)
    strength = control("strength", STRENGTHS)
    strength.value = 3  # at 0, where it would begin, there is nothing to see yet
    StaticFirst(figure, change=tuple(camera.CHANGES), strength=strength).show()


def draw(change, strength, source="imagenet_distilled"):
    """Draw changed patches, and the accuracies that methods reach on them.

    Parameters
    ----------
    change : str
        One of ``camera.CHANGES``.
    strength : int
        One of ``STRENGTHS``; 0 changes nothing.
    source : str
    """
    task = datasets.load("photos")
    # One picture of each class: every few-shot draw begins with those.
    some = datasets.few(task.test.labels, 1, 0, "photos")
    images, labels = task.test.images[some], task.test.labels[some]
    words = f"{change.replace('_', ' ')}, strength {strength} of {STRENGTHS[-1]}"
    return figures.shift_lab(
        camera.CHANGES[change](images, strength),
        [task.classes[label] for label in labels],
        measured(change if strength else None, strength, source),
        title=f"Photo patches: {words}" if strength else "Photo patches as taken",
    )


@functools.lru_cache(maxsize=32)
def measured(change, strength, source):
    """Accuracy on the changed test patches, by method.

    Source and target hold the same patches, so nothing but the camera differs.

    Parameters
    ----------
    change : str or None
        None for no change.
    strength : int
    source : str

    Returns
    -------
    dict of str to float
    """
    domain = f"{change}_{strength}" if change else "as_taken"
    backbone, taken = bundled(source), datasets.load("photos").train
    target = datasets.load_unlabelled("photos", domain=domain)
    labelled = target.reveal().train
    with threadpool_limits(1):  # on matrices this small, threads wait for one another
        accuracies = {
            name: target.accuracy(method(backbone, taken, target.images))
            for name, method in METHODS.items()
        }
        oracle = adaptation.source_only(backbone, labelled, target.images)
    return {**accuracies, "oracle": target.accuracy(oracle)}
