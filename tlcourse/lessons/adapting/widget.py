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
CHANGES = ("white_balance", "blur", "noise")


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
    StaticFirst(figure, change=CHANGES, strength=strength).show()


def draw(change, strength, source="imagenet_distilled"):
    """Draw changed patches, and the accuracies that methods reach on them.

    Parameters
    ----------
    change : str
        One of ``CHANGES``.
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
    task = datasets.load_unlabelled("photos", domain=domain).reveal()
    images, test = task.train.images, task.test
    means = [pictures.mean((0, 1, 2)) for pictures in (taken.images, images)]
    same_means = (test.images * means[0] / means[1]).clip(0, 255)
    with threadpool_limits(1):  # on matrices this small, threads wait for one another
        plain = adaptation.source_only(backbone, taken, images)
        said = {
            "source_only": plain.predict(test.images),
            "channel_mean": plain.predict(same_means),
            "CORAL": adaptation.coral(backbone, taken, images).predict(test.images),
            "oracle": adaptation.source_only(backbone, task.train, images).predict(
                test.images
            ),
        }
    return {k: float((v.argmax(1) == test.labels).mean()) for k, v in said.items()}
