"""Apples: an orchard drawn by this project, eight varieties in two domains.

No single cue tells the varieties apart. They come in four pairs of like
colour; within a pair it is the shape, the stripes, the lenticels (the small
dots through which an apple breathes) or the gloss that differ:

==================  =======  ==========  =======  =====================
variety             colour   shape       stripes  surface
==================  =======  ==========  =======  =====================
Bramley             green    flat        faint    few dots
Granny Smith        green    round       none     pale dots
Egremont Russet     yellow   flat        none     corky net, dull
Golden Delicious    yellow   tall        none     brown dots
Gala                striped  round       fine     few dots
Braeburn            striped  tall        broad    few dots
Spartan             dark     flat        none     waxy bloom
Red Delicious       dark     tall, cone  broad    pale dots
==================  =======  ==========  =======  =====================
"""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ._orchard.scenes import SCENES
from .drawing import drawn_once

# Every split draws from its own stream of seeds, so no picture can repeat.
SPLITS = {"train": 60, "val": 20, "test": 40}
PALE, CREAM, CORK = (232, 214, 160), (222, 230, 170), (126, 100, 56)


@dataclass(frozen=True)
class Variety:
    """How the apples of one variety look.

    Attributes
    ----------
    ground, ripe, flush : tuple of float
        Colours in 0-255: the unripe skin, the ripe skin, the red over it.
    cover, strength, blend : float
        Share of the skin that is flushed, how opaque the flush is, and how
        softly it ends.
    stripe_kind : str
        "fine" or "broad"; `stripes` (0 to 1) is how strong they are.
    height : float
        Half height of the body over its half width.
    taper, ribs, basin : float
        How much it narrows towards the calyx, how far the five ribs stand
        out, how deep the hollow at the calyx is (all in half widths).
    lenticels, dot_size, dot_colour
        Strength of the dots (0 to 1), their size, their colour.
    russet, cavity_russet : float
        Share of the skin under a corky net, and of the stem cavity.
    bloom, gloss : float
        Strength of the waxy veil, and of the shine (0 to 1).
    """

    name: str
    ground: tuple
    ripe: tuple
    flush: tuple
    cover: float
    strength: float
    blend: float
    stripe_kind: str
    stripes: float
    height: float
    taper: float
    ribs: float
    basin: float
    lenticels: float
    dot_size: float
    dot_colour: tuple
    russet: float
    cavity_russet: float
    bloom: float
    gloss: float


# fmt: off
_TABLE = (
    # ground, ripe, flush; cover, strength, blend; stripes; height, taper, ribs,
    # basin; lenticels: strength, size, colour; russet: skin, cavity; bloom, gloss
    ("Braeburn", (182, 188, 74), (222, 196, 90), (184, 38, 36), .66, .94, .22,
     "broad", .75, .98, .10, .012, .22, .25, .19, PALE, .00, .30, .00, .80),
    ("Bramley", (122, 168, 56), (168, 188, 72), (184, 104, 58), .18, .60, .22,
     "broad", .40, .72, .02, .030, .20, .20, .19, CREAM, .00, .30, .00, .55),
    ("Egremont Russet", (188, 184, 74), (220, 190, 84), (214, 146, 70), .20, .60, .22,
     "fine", .00, .76, .03, .008, .22, .40, .21, PALE, .48, .50, .00, .15),
    ("Gala", (204, 190, 80), (232, 198, 94), (190, 44, 36), .65, .92, .20,
     "fine", .80, .84, .09, .010, .20, .15, .18, PALE, .00, .20, .00, .80),
    ("Golden Delicious", (184, 190, 76), (222, 192, 86), (222, 150, 78), .16, .60, .22,
     "fine", .00, .98, .16, .014, .22, .62, .22, CORK, .10, .45, .00, .60),
    ("Granny Smith", (122, 168, 54), (166, 190, 70), (190, 126, 66), .12, .50, .22,
     "fine", .00, .88, .08, .012, .20, .70, .21, CREAM, .00, .10, .00, .80),
    ("Red Delicious", (150, 116, 54), (176, 92, 54), (140, 20, 36), .94, 1.0, .22,
     "broad", .40, 1.12, .24, .042, .24, .55, .20, PALE, .00, .20, .00, .85),
    ("Spartan", (150, 122, 58), (176, 92, 54), (132, 15, 30), .93, 1.0, .22,
     "fine", .25, .80, .03, .008, .20, .25, .17, PALE, .00, .20, .11, .65),
)
# fmt: on
VARIETIES = {row[0]: Variety(*row) for row in _TABLE}
CLASSES = tuple(VARIETIES)
DOMAINS = tuple(SCENES)


def draw(variety, domain, rng, size=64):
    """Draw one apple.

    Parameters
    ----------
    variety : str
        One of `CLASSES`, such as "Gala".
    domain : {"studio", "orchard"}
        Pale paper and a soft lamp, or branches, leaves and patches of sun.
    rng : numpy.random.Generator
        Decides everything else; the same state gives the same picture, at
        every size.
    size : int, default=64
        Edge of the picture in pixels, at least 8.

    Returns
    -------
    ndarray of float32, shape (size, size, 3)
        Whole numbers from 0 to 255.

    Raises
    ------
    ValueError
        When the variety or the domain is unknown, or the size too small.
    """
    if variety not in VARIETIES:
        raise ValueError(
            f"There is no apple called {variety!r}; choose one of {', '.join(CLASSES)}."
        )
    _check_domain(domain)
    if size < 8:
        raise ValueError(
            f"A picture of {size} pixels is too small for an apple; "
            "ask for a size of at least 8."
        )
    return SCENES[domain](VARIETIES[variety], rng, int(size))


def make(domain="studio"):
    """Draw the whole data set of one domain.

    Parameters
    ----------
    domain : {"studio", "orchard"}

    Returns
    -------
    dict
        "classes" (tuple of str) and "train", "val", "test": pairs of images,
        float32 (n, 64, 64, 3) in 0-255, and labels, int (n,), with 60, 20 and
        40 pictures of each class. Always the same.

    Raises
    ------
    ValueError
        When the domain is unknown.
    """
    _check_domain(domain)
    draw_all = functools.partial(_draw_splits, domain)
    drawings = drawn_once(f"apples-{domain}", _fingerprint(), draw_all)
    splits = {
        split: (images.astype("float32"), _labels(split))
        for split, images in drawings.items()
    }
    return {"classes": CLASSES, **splits}


def _fingerprint():
    """Hash the code that draws and the sizes of the splits."""
    here = Path(__file__)
    code = [
        path.read_bytes() for path in (here, *sorted(here.parent.glob("_orchard/*.py")))
    ]
    parts = [np.__version__.encode(), repr(SPLITS).encode(), *code]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


def _labels(split):
    return np.repeat(np.arange(len(CLASSES)), SPLITS[split])


def _draw_splits(domain):
    """Draw every split, uint8 (n, 64, 64, 3): a picture holds whole numbers."""
    return {split: _draw_split(domain, split) for split in SPLITS}


def _draw_split(domain, split):
    labels, count = _labels(split), SPLITS[split]
    images = np.empty((len(labels), 64, 64, 3), "uint8")
    address = DOMAINS.index(domain), list(SPLITS).index(split)
    for place, label in enumerate(labels):
        # Each picture has a seed of its own: it stays when others are added.
        rng = np.random.default_rng([2026, *address, int(label), place % count])
        images[place] = draw(CLASSES[label], domain, rng)
    return images


def _check_domain(domain):
    if domain not in SCENES:
        raise ValueError(
            f"There is no domain {domain!r} of the apples; choose "
            f"{' or '.join(repr(d) for d in DOMAINS)}."
        )
