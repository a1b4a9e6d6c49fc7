"""Tables of numbers as coloured cells."""

import numpy as np

from tlcourse.plots.style import (
    Picture,
    ink_on,
    new_figure,
    put_title,
    readable,
    styled,
)


@styled
def confusion(matrix, classes, *, title=None):
    """The share of each true class (rows) that was answered by each class (columns).

    Parameters
    ----------
    matrix : array_like, shape (k, k)
        Counts; entry (i, j) is how many examples of class i were called j.
    classes : sequence of str
        The k names.

    Raises
    ------
    ValueError
        If the matrix is not square or does not match the classes.
    """
    matrix = np.asarray(matrix)
    count = len(classes)
    if matrix.shape != (count, count) or count == 0:
        raise ValueError(
            f"confusion needs a matrix of the shape ({count}, {count}) for {count} "
            f"classes, and this one has the shape {matrix.shape}."
        )
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = min(7.0, 1.6 + 0.46 * count)
    fig = new_figure(side + 0.6, side)
    axes = fig.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    size = 10 if count <= 10 else 8
    for i, j in np.argwhere(matrix):
        ink = ink_on(image.cmap(share[i, j]))
        axes.text(j, i, f"{100 * share[i, j]:.0f}", ha="center", va="center", color=ink,
                  fontsize=size)  # fmt: skip
    names = [readable(name) for name in classes]
    slanted = max(map(len, names)) * size * 0.62 > 72 * 0.8 * side / (count + 1)
    axes.set_xticks(range(count), names, rotation=45 if slanted else 0,
                    ha="right" if slanted else "center", rotation_mode="anchor",
                    fontsize=size)  # fmt: skip
    axes.set_yticks(range(count), names, fontsize=size)
    axes.set(xlabel="Answered, in per cent of the true class", ylabel="True class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    put_title(axes, title)
    return Picture(fig, _confusion_in_words(matrix, names))


def _confusion_in_words(matrix, names):
    total, right = max(matrix.sum(), 1), np.trace(matrix)
    wrong = matrix - np.diag(np.diag(matrix))
    in_words = []
    for place in np.argsort(wrong, axis=None)[::-1][:3]:
        i, j = np.unravel_index(place, wrong.shape)
        if wrong[i, j]:
            in_words.append(f"{names[i]} called {names[j]} ({wrong[i, j]:g} times)")
    mistakes = f" The commonest mistakes: {', '.join(in_words)}." if in_words else ""
    return (
        f"Confusion matrix of {len(names)} classes: {right:g} of {total:g} examples "
        f"are right, which is {right / total:.2f}.{mistakes}"
    )
