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

from ._orchard.scenes import SCENES, SIZE
from .drawing import drawn_once

# Every split draws from its own stream of seeds, so no picture can repeat.
SPLITS = {"train": 60, "val": 20, "test": 40}
PALE, CREAM, CORK = (232, 214, 160), (222, 230, 170), (126, 100, 56)


@dataclass(frozen=True)
class Variety:
    """How the apples of one variety look; colours are 0-255, lengths half widths."""

    name: str
    ground: tuple  # colour of the unripe skin,
    ripe: tuple  # of the ripe skin,
    flush: tuple  # of the red over it
    cover: float  # share of the skin that is flushed
    strength: float  # how opaque the flush is
    blend: float  # how softly it ends
    stripe_kind: str  # "fine" or "broad"
    stripes: float  # how strong they are, 0-1
    height: float  # half height of the body
    taper: float  # how much it narrows towards the calyx
    ribs: float  # how far the five ribs stand out
    basin: float  # how deep the hollow at the calyx is
    lenticels: float  # strength of the dots, 0-1
    dot_size: float
    dot_colour: tuple
    russet: float  # share of the skin under a corky net,
    cavity_russet: float  # and of the stem cavity
    bloom: float  # strength of the waxy veil, 0-1
    gloss: float  # strength of the shine, 0-1


# fmt: off
_TABLE = (
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


def draw(variety, domain, rng):
    """Draw one apple.

    Parameters
    ----------
    variety : str
        One of `CLASSES`, such as "Gala".
    domain : {"studio", "orchard"}
        Pale paper and a soft lamp, or branches, leaves and patches of sun.
    rng : numpy.random.Generator
        Decides everything else; the same state gives the same picture.

    Returns
    -------
    ndarray, float32, (64, 64, 3)
        Whole numbers from 0 to 255.

    Raises
    ------
    ValueError
        When the variety or the domain is unknown.
    """
    if variety not in VARIETIES:
        raise ValueError(
            f"There is no apple called {variety!r}; choose one of {', '.join(CLASSES)}."
        )
    _check_domain(domain)
    return SCENES[domain](VARIETIES[variety], rng)


def make(domain):
    """Give one domain, always the same: 60, 20 and 40 pictures of each variety."""
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
    drawings = {}
    for number, split in enumerate(SPLITS):
        address, labels = (DOMAINS.index(domain), number), _labels(split)
        drawings[split] = np.empty((len(labels), SIZE, SIZE, 3), "uint8")
        for place, label in enumerate(labels):
            # Each picture has a seed of its own: it stays when others are added.
            seed = [2026, *address, int(label), place % SPLITS[split]]
            picture = draw(CLASSES[label], domain, np.random.default_rng(seed))
            drawings[split][place] = picture
    return drawings


def _check_domain(domain):
    if domain not in SCENES:
        raise ValueError(
            f"There is no domain {domain!r} of the apples; choose "
            f"{' or '.join(repr(d) for d in DOMAINS)}."
        )
