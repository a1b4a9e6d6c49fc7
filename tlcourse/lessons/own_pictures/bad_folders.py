"""Folders that go wrong on purpose: each has one fault, and labels that are right."""

import numpy as np

from tlcourse import datasets
from tlcourse.datasets.apples import CLASSES

PER_CLASS, FEW, RARE, SHOTS = 40, 3, 4, 5
ALONE = "Gala"  # the class with the fault, where it is one


def bad_folders(seed=0):
    """Give apples in the orchard with faults, to be shared out at random.

    Parameters
    ----------
    seed : int
        Which apples.

    Returns
    -------
    dict of str to (ndarray, ndarray)
        Images (n, 64, 64, 3), 0-255, and the name of each one's class, str (n,), by the
        name of the fault.
    """
    orchard, studio = (
        datasets.load("apples", PER_CLASS, domain, seed).train
        for domain in ("orchard", "studio")
    )
    images, labels = orchard.images, orchard.labels
    alone = labels == CLASSES.index(ALONE)
    elsewhere = np.where(alone[:, None, None, None], studio.images, images)
    few = datasets.few(labels, FEW, seed, "apples")
    rare = ~alone | (np.cumsum(alone) <= RARE)
    apples = datasets.few(labels, PER_CLASS // SHOTS, seed, "apples")
    names = np.array(CLASSES)[labels]
    return {
        "another background": (elsewhere, names),
        "five shots of each apple": (
            shots(images[apples], seed),
            names[apples].repeat(SHOTS),
        ),
        "three per class": (images[few], names[few]),
        "one rare class": (images[rare], names[rare]),
    }


def shots(images, seed):
    """Take each picture five times: moved a little, lighter or darker, with noise.

    Returns
    -------
    ndarray, float32, (5 n, height, width, 3)
        The shots of one picture follow one another.
    """
    rng, taken = np.random.default_rng(seed), []
    for image in images:
        for step in range(-2, 3):
            moved = np.roll(image, (step, -step), axis=(0, 1)) * (1 + 0.02 * step)
            taken.append(np.clip(moved + rng.normal(0, 3, image.shape), 0, 255))
    return np.float32(taken)
