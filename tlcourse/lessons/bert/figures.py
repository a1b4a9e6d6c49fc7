"""The figures of the lesson."""

import numpy as np

from tlcourse.plots.style import INK, Picture, new_figure, put_title, styled


@styled
def attention(weights, pieces, *, title=None):
    """How much each piece of a text takes from each.

    Parameters
    ----------
    weights : array, (n, n)
        Rows take, columns give; each row sums to 1.
    pieces : sequence of str, (n,)
    """
    weights, count = np.asarray(weights), len(pieces)
    fig = new_figure(1.6 + 0.42 * count, 1.5 + 0.36 * count)
    axes = fig.subplots()
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in np.argwhere(weights >= 0.1):
        ink = "white" if weights[i, j] > 0.55 else INK
        axes.text(j, i, f"{100 * weights[i, j]:.0f}", ha="center", va="center",
                  color=ink, fontsize=9)  # fmt: skip
    axes.set_xticks(range(count), pieces, rotation=45, ha="right",
                    rotation_mode="anchor")  # fmt: skip
    axes.set_yticks(range(count), pieces)
    axes.set(xlabel="gives", ylabel="takes, in per cent")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    put_title(axes, title)
    strongest = np.argsort(-weights, axis=None)[:4]
    named = ", ".join(
        f"{pieces[i]} from {pieces[j]} {weights[i, j]:.0%}"
        for i, j in zip(*np.unravel_index(strongest, weights.shape), strict=True)
    )
    return Picture(fig, f"Attention among {count} pieces. The strongest: {named}.")
