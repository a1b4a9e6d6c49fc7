"""What many claims rest on: frozen features, linear heads on them, and trainings.

Features and heads are measured once a session. A view is a function of pictures that
gives a row of numbers for each: `red`, `flat`, or a backbone's features.
"""

import functools

import tlcourse as tl

SEEDS = range(5)


def red(images):
    """Give the first channel's pixels; in grey pictures that is all there is."""
    return images[..., 0].reshape(len(images), -1)


def flat(images):
    """Give the pixels of all channels."""
    return images.reshape(len(images), -1)


@functools.cache
def features(view, name, split="train", domain=None):
    """Give what a view makes of a split of a data set, (n, d)."""
    return view(getattr(tl.datasets.load(name, domain=domain), split).images)


@functools.cache
def accuracies(view, name, per_class=10, split="test", domain=None):
    """Give the accuracy of a linear head for each of five draws of the labels."""
    train, unseen = (features(view, name, s, domain) for s in ("train", split))
    task = tl.datasets.load(name, domain=domain)
    table = tl.probes.probe_features(train, unseen, task, per_class, SEEDS, split)
    return table["accuracy"].to_numpy()


def trained(backbone, name, plan, per_class, seed, epochs=20):
    """Train on a few labels of a data set, and give the Run."""
    task = tl.datasets.load(name, per_class=per_class, seed=seed)
    return tl.transfer(
        backbone, task, plan, epochs, seed, validate=False, show_progress=False
    )
