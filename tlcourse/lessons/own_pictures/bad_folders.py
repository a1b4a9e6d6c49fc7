"""Folders that go wrong on purpose: each has one fault, and labels that are right."""

import numpy as np

from tlcourse import datasets
from tlcourse.datasets import apples
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
    # Training pictures alone: `datasets.load` keeps all of them in the memory.
    images, labels = apples.make("orchard")["train"]
    kept = datasets.few(labels, PER_CLASS, seed, "apples")
    images, labels = images[kept], labels[kept]
    names = np.array(CLASSES)[labels]
    alone = labels == CLASSES.index(ALONE)
    if fault == "another background":
        # Drawn here: to make the whole studio takes as long as all else in this cell.
        rngs = np.random.default_rng(seed).spawn(alone.sum())
        images[alone] = [apples.draw(ALONE, "studio", rng) for rng in rngs]
        return images, names
    if fault == "five shots of each apple":
        few = datasets.few(labels, PER_CLASS // SHOTS, seed, "apples")
        return shots(images[few], seed), names[few].repeat(SHOTS)
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
