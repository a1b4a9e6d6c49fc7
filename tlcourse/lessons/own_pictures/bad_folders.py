"""Folders that go wrong on purpose: each has one fault, and labels that are right."""

import numpy as np

from tlcourse import datasets
from tlcourse.datasets.apples import CLASSES

PER_CLASS, FEW, RARE, SHOTS = 40, 3, 4, 5
ALONE = "Gala"  # the class with the fault, where it is one
FAULTS = (
    "another background",
    "five shots of each apple",
    "three per class",
    "one rare class",
)


def bad_folder(fault, seed=0):
    """Give apples in the orchard with a fault, to be shared out at random.

    Parameters
    ----------
    fault : str
        One of ``FAULTS``.
    seed : int
        Which apples.

    Returns
    -------
    images : ndarray, float32, (n, 64, 64, 3), 0-255
    names : ndarray of str, (n,)
        The class of each.
    """
    orchard = datasets.load("apples", PER_CLASS, "orchard", seed).train
    images, labels = orchard.images, orchard.labels
    names = np.array(CLASSES)[labels]
    alone = labels == CLASSES.index(ALONE)
    if fault == "another background":
        studio = datasets.load("apples", PER_CLASS, "studio", seed).train
        return np.where(alone[:, None, None, None], studio.images, images), names
    if fault == "five shots of each apple":
        apples = datasets.few(labels, PER_CLASS // SHOTS, seed, "apples")
        return shots(images[apples], seed), names[apples].repeat(SHOTS)
    if fault == "three per class":
        few = datasets.few(labels, FEW, seed, "apples")
        return images[few], names[few]
    rare = ~alone | (np.cumsum(alone) <= RARE)
    return images[rare], names[rare]


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
            noisy = np.clip(moved + rng.normal(0, 3, image.shape), 0, 255)
            taken.append(np.float32(noisy))
    return np.stack(taken)
