"""Choosing a method, or its strength, without a label of the target.

Each of these takes a method and what the method takes, and gives a score: the more,
the better the model should be. How wrong each can be is measured in lesson 08.
"""

from __future__ import annotations

import numpy as np
import pandas
import scipy.stats

from tlcourse.adaptation.adapted import check
from tlcourse.datasets import Split


def source_validation(model, method, backbone, source, target_images, *, seed=0):
    """Score a model by the source: its accuracy, 0-1, on examples it was not given.

    Of each class a third of the source's examples are held out, the method adapts from
    the others, and the adapted model answers for the held-out ones as it would for
    images of the target.

    Parameters
    ----------
    model : Adapted
        What the method gave, from the whole source; this score needs another one.
    method : callable
        With the signature of this package's methods.
    backbone, source, target_images, seed
        What the method was given.

    Raises
    ------
    ValueError
        If no class has two examples.
    """
    held_out = np.zeros(len(source.labels), bool)
    for label in np.unique(source.labels):
        held_out[np.flatnonzero(source.labels == label)[1::3]] = True
    if not held_out.any():
        raise ValueError(
            "Source validation holds examples out: give at least two of a class."
        )
    rest = Split(source.images[~held_out], source.labels[~held_out])
    adapted = method(backbone, rest, target_images, seed=seed)
    said = adapted.predict(source.images[held_out]).argmax(1)
    return float((said == source.labels[held_out]).mean())


def certainty(model, method, backbone, source, target_images, *, seed=0):
    """Score a model by how sure it is of the target: minus the mean entropy, in nats.

    For parameters see `source_validation`.

    References
    ----------
    Morerio et al. (2018), Minimal-entropy correlation alignment for unsupervised deep
    domain adaptation, ICLR.
    """
    chances = model.predict(target_images)
    return -float(scipy.stats.entropy(chances, axis=1).mean())


def reverse_validation(model, method, backbone, source, target_images, *, seed=0):
    """Score a model by the way back: let its answers teach the source's pictures.

    The target's images with the model's answers become the source, and the source's
    images the target, whose labels are known: the score is the accuracy on them, 0-1.

    For parameters see `source_validation`.

    References
    ----------
    Zhong et al. (2010), Cross validation framework to choose amongst models and
    datasets for transfer learning. Ganin et al. (2016) choose DANN's weight by it.
    """
    answers = model.predict(target_images).argmax(1)
    if len(np.unique(answers)) < 2:
        return float((source.labels == answers[0]).mean())
    back = method(backbone, Split(target_images, answers), source.images, seed=seed)
    returned = back.predict(source.images).argmax(1)
    return float((returned == source.labels).mean())


VALIDATORS = {
    "source_validation": source_validation,
    "certainty": certainty,
    "reverse_validation": reverse_validation,
}


def choose(methods, backbone, source, target_images, *, seed=0):
    """Score several methods, or one at several strengths, without a target label.

    For the other parameters and errors see `source_only`.

    Parameters
    ----------
    methods : dict of str to callable

    Returns
    -------
    table : pandas.DataFrame
        A row a method, a column for each of ``VALIDATORS``. Two methods may tie: a
        score then chooses neither.
    models : dict of str to Adapted
    """
    check(source, target_images)
    models, rows = {}, {}
    for name, method in methods.items():
        given = (backbone, source, target_images)
        models[name] = method(*given, seed=seed)
        rows[name] = {
            score: validator(models[name], method, *given, seed=seed)
            for score, validator in VALIDATORS.items()
        }
    return pandas.DataFrame(rows).T.rename_axis("method").reset_index(), models
