"""The blocks of a backbone in a row: how big, frozen or trainable."""

import numpy as np
from matplotlib.patches import Patch, Rectangle

from tlcourse.plots.style import (
    INK,
    Picture,
    listed,
    new_figure,
    put_title,
    styled,
    thousands,
)


@styled
def blocks(backbone, plan=None, *, title=None):
    """The blocks of a backbone in a row, wider with more parameters.

    Widths are in proportion to the parameters, except that no block is drawn narrower
    than its label needs.

    Parameters
    ----------
    backbone : Backbone
    plan : FreezePlan, optional
        Then frozen blocks are blue, hatched and marked with a snowflake, trainable ones
        orange and marked with a pencil.
    title : str, optional
        Without it, the name and size of the backbone.
    """
    row = list(backbone.blocks)
    frozen = [None if plan is None else b.name not in plan.trainable for b in row]
    counts = np.array([block.parameters for block in row], dtype=float)
    # A block of one in a thousand would be a hairline: none is narrower than its label.
    share = counts / max(counts.sum(), 1)
    share = np.maximum(share, min(0.036, 0.8 / len(row)))
    edges = np.concatenate([[0], np.cumsum(share / share.sum())])
    fig = new_figure(7.4, 2.5)
    axes = fig.subplots()
    for index, block in enumerate(row):
        _draw_block(axes, block, edges[index : index + 2], frozen[index])
    slanted = any(map(_too_narrow, row, np.diff(edges)))
    axes.set(
        xlim=(-0.005, 1.005),
        ylim=(-0.75 if slanted else -0.3, 1.05 if plan is None else 1.3),
    )
    axes.set_axis_off()
    size = f"{backbone.name}: {thousands(counts.sum())} parameters"
    put_title(axes, title or size)
    if plan is not None:
        patches = [Patch(edgecolor=INK, **_BLOCK_LOOKS[cold]) for cold in (True, False)]
        fig.legend(handles=patches, loc="outside lower left", ncols=2)
    return Picture(fig, _blocks_in_words(backbone.name, row, frozen))


_BLOCK_LOOKS = {
    None: {"facecolor": "#cfe3f0", "label": ""},
    True: {"facecolor": "#bcd9ec", "hatch": "///", "label": "❄ frozen"},
    False: {"facecolor": "#f5c98a", "label": "✎ trainable"},
}


def _too_narrow(block, width):
    """Whether the name doesn't fit under its block, as a share of the row's width."""
    return width < 0.0135 * len(block.name)


def _draw_block(axes, block, edges, frozen):
    left, right = edges
    looks, width = _BLOCK_LOOKS[frozen], right - left
    axes.add_patch(Rectangle((left, 0), width, 1, edgecolor=INK, linewidth=1, **looks))
    middle = (left + right) / 2
    if frozen is not None:
        sign = "❄" if frozen else "✎"
        axes.text(middle, 1.06, sign, ha="center", va="bottom", fontsize=12)
    wide = width > 0.014 * len(thousands(block.parameters))
    axes.text(
        middle, 0.5, thousands(block.parameters), ha="center", va="center",
        fontsize=9, rotation=0 if wide else 90,
        bbox={"facecolor": looks["facecolor"], "edgecolor": "none", "pad": 1.2},
    )  # fmt: skip
    level = not _too_narrow(block, width)
    axes.text(
        middle, -0.08, block.name, ha="center" if level else "right", va="top",
        fontsize=9, rotation=0 if level else 45, rotation_mode="anchor",
    )  # fmt: skip


def _blocks_in_words(name, row, frozen):
    state = {None: "", True: ", frozen", False: ", trainable"}
    each = [
        f"{block.name} ({thousands(block.parameters)} parameters{state[cold]})"
        for block, cold in zip(row, frozen, strict=True)
    ]
    return (
        f"The {len(row)} blocks of {name} from input to output, wider with more "
        f"parameters: {listed(each, 40)}."
    )
