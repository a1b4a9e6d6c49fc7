"""What another camera does to a picture: blur, noise and white balance.

Each takes pictures and gives pictures, float32 (n, height, width, 3) in 0-255, at a
strength from 1 to 5; 0 changes nothing.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

STRENGTHS = (1, 2, 3, 4, 5)


def blur(images, strength):
    """Put pictures out of focus: a Gaussian of 0.4 pixels a step."""
    sigma = 0.4 * strength
    return ndimage.gaussian_filter(images, (0, sigma, sigma, 0), mode="nearest")


def noise(images, strength):
    """Add the grain of a sensor in the dark: a spread of 8 grey levels a step.

    The grain is drawn anew for each picture, and is the same whenever the same pictures
    are given.
    """
    grain = np.random.default_rng(2026).normal(0, 8 * strength, images.shape)
    return (images + grain).clip(0, 255).astype("float32")


def white_balance(images, strength):
    """Set the camera for the wrong light: red up and blue down by 15 % a step."""
    gains = np.array([1 + 0.15 * strength, 1, 1 - 0.15 * strength], "float32")
    return (images * gains).clip(0, 255)


CHANGES = {"blur": blur, "noise": noise, "white_balance": white_balance}
DOMAINS = tuple(f"{name}_{step}" for name in CHANGES for step in STRENGTHS)


def change(images, domain):
    """Take pictures with another camera, one of ``DOMAINS``, such as ``"blur_3"``."""
    name, _, strength = domain.rpartition("_")
    return CHANGES[name](images, int(strength))
