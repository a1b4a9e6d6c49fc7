"""Letters and symbols, no digits, drawn from the fonts that come with matplotlib.

A drawing starts from a font's outline and is then treated like a picture of
handwriting: sheared, stretched and bent, written with a thin or a thick pen,
blurred, scanned at a low resolution, and printed in some ink on some paper.
"""

from __future__ import annotations

import collections
import functools
import pathlib
import string
import unicodedata

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from scipy import ndimage

from tlcourse.datasets.drawing import resize_matrix, sample_bilinear

SIZE = 64  # pixels of a finished drawing
CANVAS = 32  # pixels of the sheet on which the pen writes
OUTLINE = 48  # pixels of a font's outline before it is bent
RESOLUTIONS = (8, 8, 16, 32)  # what the scanner keeps; divisors of CANVAS

# DejaVu and STIX carry Latin, Greek, Cyrillic, Armenian and Georgian letters.
# The "cm" fonts use an encoding of their own, in which only ASCII letters lie
# where they are expected.
_UNICODE_FONTS = ("DejaVuSans", "DejaVuSerif", "STIXGeneral")
_ASCII_FONTS = ("cmr10", "cmss10", "cmtt10", "cmb10", "cmmi10", "cmti10")
_LAST = 0x2300  # beyond lie dingbats and rarer scripts
_LATIN_1_ENDS = 0x100
_SPLITS = {"train": (30, "train"), "val": (5, "train"), "test": (10, "held_out")}
_FEWEST_FONTS = 8  # a character that fewer fonts hold is too easy to memorise
_ALIKE = 0.8  # two outlines that correlate more than this are one class
# A Latin "tone two" or "letter two with stroke" is a digit by another name.
_UNSUITABLE = {"MODIFIER", "COMBINING", "SUBSCRIPT", "DIGIT", "NUMBER", "TONE"}
_UNSUITABLE |= {"TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"}


@functools.cache
def _font(path):
    font = FT2Font(path)
    font.set_size(OUTLINE * 0.8, 72)
    return font


def outline(path, character):
    """Draw one character of a font, scaled to touch the frame.

    ``path`` is that of a font's file. Gives float32 (OUTLINE, OUTLINE) in 0-1, or None
    where the font draws nothing.
    """
    font = _font(path)
    font.clear()
    font.set_text(character)
    font.draw_glyphs_to_bitmap()
    ink = np.asarray(font.get_image(), dtype="float32") / 255.0
    rows, columns = np.flatnonzero(ink.max(1)), np.flatnonzero(ink.max(0))
    if len(rows) == 0:
        return None
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ink = ndimage.zoom(ink, OUTLINE / max(ink.shape), order=1, mode="nearest")
    ink = ink[:OUTLINE, :OUTLINE]
    top, left = (OUTLINE - ink.shape[0]) // 2, (OUTLINE - ink.shape[1]) // 2
    frame = np.zeros((OUTLINE, OUTLINE), "float32")
    frame[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return frame.clip(0, 1)


def fonts():
    """Give the files of the fonts used: a dict of path to the characters' codes."""
    folder, codes = pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf", {}
    for path in sorted(folder.glob("*.ttf")):
        if path.stem.startswith(_UNICODE_FONTS) and "Display" not in path.stem:
            codes[str(path)] = FT2Font(str(path)).get_charmap()
        elif path.stem in _ASCII_FONTS:
            codes[str(path)] = string.ascii_letters.encode()
    return codes


def _fonts_by_character():
    """Map each candidate character to the font files that hold it."""
    holders = collections.defaultdict(list)
    for path, codes in fonts().items():
        for code in codes:
            holders[chr(code)].append(path)
    return {c: paths for c, paths in holders.items() if _wanted(c, len(paths))}


def _wanted(character, fonts):
    """Keep plain letters and signs; leave out digits, accents and drawn boxes."""
    kind = unicodedata.category(character)
    words = set(unicodedata.name(character, "").replace("-", " ").split())
    return (
        fonts >= _FEWEST_FONTS
        and kind in ("Lu", "Ll", "Lo", "Sm", "Sc", "Po")
        and not unicodedata.decomposition(character)  # an accent is a few pixels
        and not words & _UNSUITABLE
    )


@functools.cache
def alphabet(last=_LAST):
    """Characters that can be told apart, with their outlines in every font.

    Scaled to the same frame, many characters are one shape: the Latin A and the
    Greek Alpha, o and O. Of each such group only the first is kept.

    Gives the characters below the code point ``last``, and for each an array of
    outlines, (fonts, 48, 48) in 0-1; the number of fonts differs.
    """
    characters, outlines, shapes = [], [], []
    for character, paths in sorted(_fonts_by_character().items()):
        if ord(character) >= last:
            break
        drawings = [outline(path, character) for path in paths]
        if any(image is None for image in drawings):
            continue
        shape = ndimage.gaussian_filter(np.mean(drawings, axis=0), 1.5).ravel()
        shape = (shape - shape.mean()) / (shape.std() * np.sqrt(shape.size) + 1e-9)
        if shapes and np.max(np.stack(shapes) @ shape) > _ALIKE:
            continue
        shapes.append(shape)
        characters.append(character)
        outlines.append(np.stack(drawings))
    return tuple(characters), tuple(outlines)


def _bend(outlines, rng):
    """Shear, stretch, turn and bend outlines; returns (n, CANVAS, CANVAS)."""
    n = len(outlines)
    line = np.linspace(-1, 1, CANVAS, dtype="float32")
    y, x = np.meshgrid(line, line, indexing="ij")
    angle = rng.normal(0, 0.12, n)
    shear = rng.normal(0, 0.18, n)
    fill = rng.uniform(0.8, 1.05, n)  # how much of the sheet the sign fills
    squeeze = np.exp(rng.normal(0, 0.2, n))
    shift = rng.normal(0, 0.05, (2, n))
    cos, sin = np.cos(angle) / fill, np.sin(angle) / fill

    def each(values):
        return values.astype("float32")[:, None, None]

    u = each(cos) * x + each(sin + shear) * y + each(shift[0])
    v = each(-sin) * x + each(cos) * y + each(shift[1])
    # A coarse grid of random displacements, smoothly enlarged, bends the strokes.
    grow = resize_matrix(5, CANVAS)
    strength = rng.uniform(0.02, 0.16, (2, n, 1, 1))
    bend = grow @ (rng.normal(0, 1, (2, n, 5, 5)) * strength).astype("float32") @ grow.T
    u = u * each(squeeze) + bend[0]
    v = v + bend[1]
    half = (OUTLINE - 1) / 2
    rows, columns = (v + 1) * half, (u + 1) * half
    return sample_bilinear(outlines[..., None], rows, columns)[..., 0]


def _write(strokes, rng):
    """Thin or thicken strokes, as pens do: blur, then cut at a random level."""
    sigma = rng.uniform(0.5, 1.3)
    soft = ndimage.gaussian_filter(strokes, (0, sigma, sigma))
    level = rng.uniform(0.15, 0.5, (len(strokes), 1, 1)).astype("float32")
    return 1 / (1 + np.exp(-(soft - level) * rng.uniform(8, 25)))


def _scan(sheets, rng):
    """Scan at a random low resolution, then enlarge to SIZE pixels."""
    kept = rng.choice(RESOLUTIONS, len(sheets))
    scans = np.empty((len(sheets), SIZE, SIZE), "float32")
    for resolution in set(kept):
        chosen = kept == resolution
        side = CANVAS // resolution
        small = sheets[chosen].reshape(-1, resolution, side, resolution, side)
        grow = resize_matrix(resolution, SIZE)
        scans[chosen] = grow @ small.mean((2, 4)) @ grow.T
    return scans


def _print(scans, rng):
    """Give half of the scans white ink on black, the rest any ink on any paper."""
    n = len(scans)
    ink = rng.uniform(0, 255, (n, 1, 1, 3)).astype("float32")
    paper = rng.uniform(0, 255, (n, 1, 1, 3)).astype("float32")
    # Push ink and paper apart until every drawing can be read.
    apart = np.sign(ink.mean(-1, keepdims=True) - paper.mean(-1, keepdims=True))
    ink, paper = (ink + 90 * apart).clip(0, 255), (paper - 90 * apart).clip(0, 255)
    plain = rng.random(n) < 0.5
    ink[plain], paper[plain] = 255.0, 0.0
    images = paper + (ink - paper) * scans[..., None]
    grain = rng.normal(0, 1, images.shape).astype("float32")
    grain *= np.where(plain, 0, rng.uniform(0, 20, n))[:, None, None, None]
    return (images + grain).clip(0, 255).astype("float32")


def draw(labels, rng, split=None, last=_LAST):
    """Draw one picture a label.

    ``labels`` are positions in the characters of ``alphabet(last)``. Every fifth font
    of a character is "held_out", the others are "train"; ``split=None`` takes all.
    Gives float32 (n, 64, 64, 3) in 0-255.
    """
    outlines = alphabet(last)[1]
    chosen = []
    for label in labels:
        numbers = np.arange(len(outlines[label]))
        if split is not None:
            numbers = numbers[(numbers % 5 == 4) == (split == "held_out")]
        chosen.append(outlines[label][rng.choice(numbers)])
    return _print(_scan(_write(_bend(np.stack(chosen), rng), rng), rng), rng)


def make():
    """Draw the data set: the characters of Latin-1, 30, 5 and 10 times each.

    The test split is drawn from fonts that the others do not use. (The bundled
    backbone was pre-trained on all of ``alphabet()``, of which this is a part.)
    """
    characters = alphabet(_LATIN_1_ENDS)[0]
    splits = {}
    for split, (each, which) in _SPLITS.items():
        labels = np.repeat(np.arange(len(characters)), each)
        rng = np.random.default_rng(list(split.encode()))
        splits[split] = (draw(labels, rng, which, _LATIN_1_ENDS), labels)
    return {"classes": characters, **splits}
