"""The widget of the lesson: look at what a block answers to a picture."""

from __future__ import annotations

import numpy as np

from tlcourse.backbones import resized
from tlcourse.datasets.photos import SOURCE, TARGET, photograph
from tlcourse.lessons.inside import figures
from tlcourse.widgets.static_first import StaticFirst, labelled

PHOTOGRAPHS = ("cat", "coffee", "motorcycle", "flower", "temple", "brick")
TWENTY = (*TARGET, *SOURCE)  # all photographs that come with the course
SIDE = 256  # pixels of the test card


def pictures():
    """Give the pictures to look at: six photographs and a test card.

    Returns
    -------
    dict of str to ndarray, float32, (h, h, 3), 0-255
        The middle square of each.
    """
    squares = {name: middle(photograph(name)) for name in PHOTOGRAPHS}
    return {**squares, "test card": colour_card()}


def photograph_of(name, side):
    """Give the middle square of a photograph; float32, (side, side, 3), 0-255."""
    return resized(middle(photograph(name))[None], side)[0]


def middle(picture):
    """Cut the largest square out of the middle; (h, w, 3) to (h, h, 3)."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def colour_card():
    """Draw edges of every direction, patches of colour, stripes and a ramp.

    Returns
    -------
    ndarray, float32, (256, 256, 3), 0-255
    """
    y, x = np.mgrid[:SIDE, :SIDE]
    card = np.full((SIDE, SIDE, 3), 90, "float32")
    card[(x - 70) ** 2 + (y - 70) ** 2 < 52**2] = 240  # a disc
    for place, colour in enumerate(("C81400", "00A000", "0000C8", "DCC800")):
        top, left = 18 + 56 * (place // 2), 140 + 52 * (place % 2)
        card[top : top + 48, left : left + 44] = list(bytes.fromhex(colour))
    lower = y > 140
    card[lower & (x < 86)] = np.where((x // 8) % 2, 30, 225)[lower & (x < 86), None]
    slanted = lower & (x >= 86) & (x < 170)
    card[slanted] = np.where(((x + y) // 12) % 2, 30, 225)[slanted, None]
    ramp = lower & (x >= 170)
    card[ramp] = (255 * (y - 140) / (SIDE - 140))[ramp, None]
    return card


class Looks:
    """What the blocks of some backbones answer to the pictures, worked out once.

    Parameters
    ----------
    backbones : dict of str to Backbone
        By the words that the list shows.

    Attributes
    ----------
    pictures : dict of str to ndarray, float32, (h, h, 3), 0-255
    blocks : list of str
        Names of the blocks, which all backbones have in common.

    Raises
    ------
    ValueError
        If there is no backbone, or their blocks differ.
    """

    def __init__(self, backbones):
        named = {
            words: [block.name for block in backbone.blocks]
            for words, backbone in backbones.items()
        }
        if len({tuple(names) for names in named.values()}) != 1:
            raise ValueError(
                "Give at least one backbone, and only backbones with the same blocks: "
                'the same model with source="glyphs" and source=None, say.'
            )
        self.pictures, self.blocks = pictures(), next(iter(named.values()))
        self._answers = {
            words: self._of(backbone) for words, backbone in backbones.items()
        }

    def _of(self, backbone):
        # All in one go: Keras takes a second to begin, whatever the number.
        resized = np.concatenate([_small(p, backbone) for p in self.pictures.values()])
        return backbone.activations(resized)

    def draw(self, block, picture, weights):
        """Show the channels of a block that answer to a picture most unevenly.

        Parameters
        ----------
        block, picture, weights : str
            Names of a block, of a picture and of a backbone.
        """
        place = list(self.pictures).index(picture)
        maps = self._answers[weights][block][place]
        size = f"{maps.shape[-1]} channels of {maps.shape[0]} × {maps.shape[1]}"
        title = f"{block}, {weights} weights, {picture}: {size}"
        return figures.inside(self.pictures[picture], maps, title=title)


def _small(picture, backbone):
    """Bring a picture to the backbone's size, (1, h, w, 3), so that all can stack."""
    return np.clip(resized(picture[None], backbone.input_size), 0, 255)


def look_inside(**backbones):
    """Look inside: choose a block, a picture and the weights.

    Parameters
    ----------
    **backbones : Backbone
        By the word that stands for its weights, as in
        ``look_inside(trained=backbone, random=stranger)``. The same model each time.

    Raises
    ------
    ValueError
        If there is no backbone, or their blocks differ.
    """
    import ipywidgets as widgets

    looks = Looks(backbones)
    middle_block = looks.blocks[min(3, len(looks.blocks) - 1)]
    slider = labelled(
        widgets.SelectionSlider, "block", options=looks.blocks, value=middle_block
    )
    choices = {"picture": list(looks.pictures), "weights": list(backbones)}
    StaticFirst(looks.draw, block=slider, **choices).show()
