"""Where a network looks: heat over pictures."""

import numpy as np

from tlcourse.plots.pictures import as_pixels, titled_grid
from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    new_figure,
    readable,
    styled,
)


@styled
def heat_overlay(images, heats, titles=None):
    """Pictures under a veil that is thin where the heat is great.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3)
        Values from 0 to 255.
    heats : array_like, shape (n, h, w)
        At least 0; of any smaller size. Each is scaled by its largest value.
    titles : sequence of str, optional
        One per picture.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    heats = _checked(images, heats)
    fig, grid, in_words = titled_grid("heat_overlay", images, titles, columns=6)
    for axes, heat in zip(grid, heats, strict=False):
        _veil(axes, np.shape(images)[1:3], heat)
    return Picture(fig, f"{in_words} They are bright where the network looks.")


@styled
def looked_at(image, heat, chances, classes, truth=None):
    """One picture, where the network looks, and what it takes it for.

    Parameters
    ----------
    image : array_like, shape (height, width, 3)
        Values from 0 to 255.
    heat : array_like, shape (h, w)
        At least 0.
    chances : array_like, shape (k,)
        The probability of each class.
    classes : sequence of str
        The k names.
    truth : str, optional
        The right one, where it is known.
    """
    (pixels,), (heat,) = as_pixels([image], "looked_at"), _checked([image], [heat])
    chances, answer = np.asarray(chances), classes[int(np.argmax(chances))]
    fig = new_figure(7.4, 2.6)
    left, middle, right = fig.subplots(1, 3, width_ratios=[1, 1, 1.3])
    left.imshow(pixels)
    left.set_title("the picture", fontsize=10, loc="center")
    middle.imshow(pixels)
    _veil(middle, pixels.shape[:2], heat)
    middle.set_title("where it looks", fontsize=10, loc="center")
    for axes in (left, middle):
        axes.set_axis_off()
    places = np.arange(len(classes))
    colours = [PALETTE[0] if name == answer else PALETTE[7] for name in classes]
    right.barh(places, chances, color=colours)
    names = [f"{readable(c)} ✓" if c == truth else readable(c) for c in classes]
    right.set_yticks(places, names)
    right.invert_yaxis()
    right.set(xlim=(0, 1), xlabel="Probability")
    right.grid(visible=False, axis="y")
    for place, chance in enumerate(chances):
        if chance >= 0.05:
            inside = chance > 0.8
            right.text(
                chance + (-0.02 if inside else 0.02), place, f"{chance:.2f}",
                va="center", ha="right" if inside else "left", fontsize=9,
                color="white" if inside else INK,
            )  # fmt: skip
    said = (
        "A picture, and the same with a heat map over it. The network says "
        f"{answer} with probability {chances.max():.2f}"
    )
    if truth is not None:
        said += ", which is right" if answer == truth else f", but it is {truth}"
    return Picture(fig, f"{said}.")


def _checked(images, heats):
    heats = np.asarray(heats, float)
    if heats.ndim != 3 or len(heats) != len(images) or heats.min() < 0:
        raise ValueError(
            "A heat map for each picture is needed, shape (n, h, w), at least 0; these "
            f"are {heats.shape} for {len(images)} pictures, from {heats.min():.2g} up."
        )
    return heats


def _veil(axes, size, heat):
    """Darken a picture of this size where the heat is small; a line at half of it."""
    from skimage.transform import resize

    # Past the centres of the outer cells the heat stays as it is there.
    heat = resize(heat / max(heat.max(), 1e-12), size, order=1, mode="edge")
    veil = np.zeros((*size, 4))
    veil[..., 3] = 0.75 * (1 - heat)
    axes.imshow(veil)
    if heat.min() < 0.5 < heat.max():
        axes.contour(heat, levels=[0.5], colors=[PALETTE[1]], linewidths=1.5)
