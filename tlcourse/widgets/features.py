"""Features of pictures by a source's name, as the lists of widgets show it."""

from __future__ import annotations

import functools

from tlcourse import backbones


@functools.lru_cache(maxsize=6)
def bundled(source, input_size=None):
    """Load a bundled MobileNet once; ``"random"`` stands for random weights."""
    name = None if source == "random" else source
    return backbones.load("mobilenet", source=name, input_size=input_size)


def features_by(source, images):
    """Features of pictures by a bundled source, or their ``"pixels"``; (n, d)."""
    if source == "pixels":
        return images.reshape(len(images), -1)
    return bundled(source).features(images)
