"""What a number of labels is worth."""

from tlcourse.plots.curves import LABELS, frame_of_numbers
from tlcourse.plots.style import (
    HALO,
    INK,
    Picture,
    checked_table,
    line_style,
    new_figure,
    put_title,
    readable,
    styled,
)


@styled
def worth(summary, per_class, strategy, reference, *, needed, chance=None):
    """Two curves over labels, and how far one number of labels reaches.

    Rings mark both accuracies at `per_class`, broad bars their intervals. An arrow
    goes from the strategy's ring to the right, to the labels with which the reference
    does as well.

    Parameters
    ----------
    summary : pandas.DataFrame
        With the columns strategy and per_class.
    per_class : int
        The number of labels to mark; one of the summary's.
    strategy, reference : str
        The two to compare.
    needed : float
        The labels per class that the reference needs to do as well, from
        `tables.labels_worth`; infinite where it never did.
    chance : float, optional

    Raises
    ------
    ValueError
        If the summary lacks a column, a strategy or that number of labels.
    """
    columns = ["strategy", "per_class", "mean", "low", "high"]
    table = checked_table(summary, columns, "worth").sort_values("per_class")
    fig = new_figure(7.4, 4.4)
    axes = fig.subplots()
    marked = {}
    for index, name in enumerate((strategy, reference)):
        rows = table[table["strategy"] == name]
        there = rows[rows["per_class"] == per_class]
        if len(there) != 1:
            raise ValueError(
                f"worth needs one row for {name!r} with {per_class} labels per class, "
                f"and the summary has {len(there)}."
            )
        marked[name] = there.iloc[0]
        _curve_with_ring(axes, rows, there.iloc[0], name, line_style(index))
    frame_of_numbers(axes, table["per_class"], LABELS, chance)
    axes.set_ylim(min(0.4, table["mean"].min() - 0.05), 1.06)
    most = table["per_class"].max()
    _arrow_to_needed(axes, *marked.values(), needed, most)
    sizes = [int(size) for size in sorted(set(table["per_class"]))]
    enough = f"more than {most}"
    if needed <= most:  # no number between two that were measured is surer than both
        above = next(size for size in sizes if size >= needed - 1e-6)
        below = max([size for size in sizes if size < above], default=above)
        enough = f"{below} to {above}" if below < above else f"{above}"
    labels = "1 label" if per_class == 1 else f"{per_class} labels"
    does = "does" if per_class == 1 else "do"
    put_title(
        axes, f"{labels} per class {does} what takes {enough} {readable(reference)}"
    )
    fig.legend(loc="outside right upper")
    return Picture(fig, _worth_in_words(marked, labels, reference, enough))


def _curve_with_ring(axes, rows, there, name, style):
    """A curve, faint but for one point with its interval."""
    axes.plot(rows["per_class"], rows["mean"], label=readable(name), **style)
    axes.vlines(there["per_class"], there["low"], there["high"], linewidth=7,
                color=style["color"], alpha=0.3)  # fmt: skip
    axes.plot(there["per_class"], there["mean"], "o", color=style["color"],
              markersize=14, markerfacecolor="none", markeredgewidth=2)  # fmt: skip


def _arrow_to_needed(axes, ours, theirs, needed, most):
    """The arrow, as far as the reference's curve or the end, and the accuracies."""
    start, level = ours["per_class"], ours["mean"]
    end = needed if needed <= most else axes.get_xlim()[1]
    if end > start * 1.15:
        arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.6,
                 "shrinkA": 9, "shrinkB": 0}  # fmt: skip
        axes.annotate("", (end, level), (start, level), arrowprops=arrow)
    if needed <= most:
        axes.vlines(needed, axes.get_ylim()[0], level, color=INK, linewidth=1,
                    linestyle=(0, (4, 3)))  # fmt: skip
    for row, below in ((ours, level < theirs["mean"]), (theirs, True)):
        axes.annotate(
            f"{row['mean']:.2f}", (row["per_class"], row["mean"]),
            (10, -12 if below else 9), textcoords="offset points", va="center",
            color=INK, fontsize=11, path_effects=HALO,
        )  # fmt: skip


def _worth_in_words(marked, labels, reference, enough):
    in_words = [
        f"{readable(name)} {row['mean']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        for name, row in marked.items()
    ]
    return (
        "Line chart of test accuracy over labelled examples per class. With "
        f"{labels} per class: {'; '.join(in_words)}. "
        f"{readable(reference).capitalize()} needs {enough} labels per class to do as "
        "well."
    )
