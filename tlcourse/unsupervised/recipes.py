"""Which changes leave the pictures of each data set what they are."""

from __future__ import annotations

RECIPES = {
    "digits": ("shift", "tilt", "light"),  # a 6 turned round is a 9
    "faces": ("crop", "mirror", "light"),
    "apples": ("crop", "mirror", "light"),  # some kinds differ by colour alone
    "photos": ("crop", "mirror", "colour", "grey"),
    "tissue": ("crop", "any_way_up", "colour"),  # a slide has no up and down
}
