"""The blocks of a backbone in a column: how big, frozen or trainable."""

from matplotlib.patches import Patch

from tlcourse.plots.style import (
    INK,
    Picture,
    listed,
    new_figure,
    put_title,
    styled,
    thousands,
)

_LOOKS = {
    None: {"facecolor": "#cfe3f0", "label": ""},
    True: {"facecolor": "#bcd9ec", "hatch": "///", "label": "❄ frozen"},
    False: {"facecolor": "#f5c98a", "label": "✎ trainable"},
}


@styled
def blocks(backbone, plan=None, *, title=None):
    """The blocks of a backbone from input (top) to output, longer with more parameters.

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
    counts = [block.parameters for block in row]
    fig = new_figure(6.4, 0.75 + 0.21 * len(row) + (0 if plan is None else 0.3))
    axes = fig.subplots()
    for place, (count, cold) in enumerate(zip(counts, frozen, strict=True)):
        axes.barh(place, count, 0.8, edgecolor=INK, linewidth=0.8, **_LOOKS[cold])
        sign = {None: "", True: "❄ ", False: "✎ "}[cold]
        axes.annotate(
            f"{sign}{thousands(count)}", (count, place), (4, 0), va="center",
            textcoords="offset points", fontsize=9, color=INK,
        )  # fmt: skip
    axes.set_yticks(range(len(row)), [block.name for block in row], fontsize=9)
    axes.set(xticks=[], xlim=(0, 1.18 * max(*counts, 1)), ylim=(len(row) - 0.4, -0.6))
    axes.spines[["right", "top", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    put_title(axes, title or f"{backbone.name}: {thousands(sum(counts))} parameters")
    if plan is not None:
        patches = [Patch(edgecolor=INK, **_LOOKS[cold]) for cold in (True, False)]
        fig.legend(handles=patches, loc="outside lower left", ncols=2)
    return Picture(fig, _in_words(backbone.name, row, frozen))


def _in_words(name, row, frozen):
    state = {None: "", True: ", frozen", False: ", trainable"}
    each = [
        f"{block.name} ({thousands(block.parameters)} parameters{state[cold]})"
        for block, cold in zip(row, frozen, strict=True)
    ]
    return (
        f"The {len(row)} blocks of {name} from input to output, longer with more "
        f"parameters: {listed(each, 40)}."
    )
