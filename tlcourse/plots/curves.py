"""Line charts: means with their intervals over labels or over blocks."""

from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator

from tlcourse.plots.style import (
    INK,
    Picture,
    checked_table,
    new_figure,
    put_title,
    readable,
    series_style,
    styled,
)

LABELS = "Labelled examples per class"


@styled
def learning_curves(
    summary,
    x="per_class",
    series="strategy",
    *,
    xlabel=None,
    ylabel="Test accuracy",
    title=None,
    chance=None,
    alt=None,
):
    """Lines of means over `x`, one per series, with their intervals shaded.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns `x`, `series`, mean, low and high, as `study.summarise` returns them.
    x : str
        The column of the horizontal axis, a number. Its values become the ticks; the
        axis is logarithmic where they span more than a factor of ten.
    series : str
        The column that tells the lines apart.
    xlabel, ylabel, title : str, optional
        Words for the axes and above them.
    chance : float, optional
        Draws a thin line at the accuracy of guessing.
    alt : str, optional
        The description; without it, one is made from the numbers.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or the table is empty.
    """
    table = checked_table(
        summary, [x, series, "mean", "low", "high"], "learning_curves"
    )
    fig = new_figure(7.4, 4.2)
    axes = fig.subplots()
    xlabel = xlabel or {"per_class": LABELS}.get(x, readable(x))
    groups = list(table.groupby(series, sort=False))
    for index, (name, rows) in enumerate(groups):
        _curve(axes, rows.sort_values(x), x, str(name), series_style(index))
    _frame(axes, table[x], xlabel, ylabel, chance)
    lowest, highest = table["low"].min(), table["high"].max()
    lowest = lowest if chance is None else min(lowest, chance)
    margin = 0.05 * (highest - lowest) or 0.05
    axes.set_ylim(lowest - margin, highest + margin)
    put_title(axes, title)
    _legend_by_height(fig, axes, groups, x)
    return Picture(fig, alt or _curves_in_words(groups, x, xlabel, ylabel))


def _frame(axes, values, xlabel, ylabel, chance):
    """What stands around the lines of one chart over numbers."""
    _guessing(axes, chance)
    _number_axis(axes, sorted(values.unique()))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(axis="y")


def _guessing(axes, chance):
    """A thin line at the accuracy of guessing, if it is known."""
    if chance is None:
        return
    axes.axhline(chance, color=INK, linewidth=1, linestyle=(0, (1, 3)))
    axes.annotate(
        "guessing", (1, chance), (-3, 3), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", fontsize=10, color=INK,
    )  # fmt: skip


def _curve(axes, rows, x, name, style):
    at, mean = rows[x].to_numpy(float), rows["mean"].to_numpy(float)
    low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
    line = {key: style[key] for key in ("color", "marker", "linestyle")}
    axes.plot(at, mean, label=readable(name), **line)
    if len(at) > 1:
        axes.fill_between(at, low, high, color=style["color"], alpha=0.15, linewidth=0)
    else:  # one point has no area to shade
        axes.vlines(at, low, high, color=style["color"])


def _number_axis(axes, values):
    """Ticks at the values themselves, on a log axis when they span decades."""
    if values[0] > 0 and values[-1] / values[0] > 10:
        axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())


def _legend_by_height(fig, axes, groups, x):
    """A legend in the order in which the lines end, so that eyes need not jump."""
    ends = [rows.sort_values(x)["mean"].iloc[-1] for _, rows in groups]
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(ends)), key=lambda index: -ends[index])
    fig.legend(
        [handles[index] for index in order],
        [labels[index] for index in order],
        loc="outside right upper",
    )


def _curves_in_words(groups, x, xlabel, ylabel):
    told = []
    for name, rows in groups:
        rows = rows.sort_values(x)
        first, last = rows.iloc[0], rows.iloc[-1]
        told.append(
            f"{readable(name)} goes from {first['mean']:.2f} at {first[x]:g} "
            f"to {last['mean']:.2f} at {last[x]:g}"
        )
    return (
        f"Line chart of {ylabel.lower()} over {xlabel.lower()}, with intervals: "
        f"{'; '.join(told[:8])}."
    )


@styled
def probes(summary, series="source", panels="target", *, chance=None, alt=None):
    """Accuracy of a probe over the blocks of a backbone, a panel for each target.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns block, `series`, `panels`, mean, low and high, as `study.summarise`
        returns them; the blocks from the first to the last.
    series : str
        The column that tells the lines apart.
    panels : str
        The column that names the panels.
    chance : float, optional
        Draws a thin line at the accuracy of guessing.
    alt : str, optional
        The description; without it, one is made from the numbers.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or the table is empty.
    """
    columns = ["block", series, panels, "mean", "low", "high"]
    table = checked_table(summary, columns, "probes")
    names = list(dict.fromkeys(table[panels]))
    fig = new_figure(7.4, 4.1)
    grid = fig.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(grid, names, strict=True):
        _probe_panel(axes, table[table[panels] == name], series)
        axes.set_title(readable(name))
        _guessing(axes, chance)
    grid[0].set(ylabel="Test accuracy", ylim=(0, 1.02))
    fig.legend(*grid[0].get_legend_handles_labels(), ncols=4,
               loc="outside upper left")  # fmt: skip
    return Picture(fig, alt or _probes_in_words(table, series, panels))


def _probe_panel(axes, table, series):
    blocks = list(dict.fromkeys(table["block"]))
    for index, (name, rows) in enumerate(table.groupby(series, sort=False)):
        rows = rows.assign(at=[blocks.index(block) for block in rows["block"]])
        _curve(axes, rows.sort_values("at"), "at", str(name), series_style(index))
    short = [block.removeprefix("block") for block in blocks]
    axes.set_xticks(range(len(blocks)), short, fontsize=9)
    axes.set_xlabel("block")
    axes.grid(axis="y")


def _probes_in_words(table, series, panels):
    told = []
    for (panel, name), rows in table.groupby([panels, series], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        best = rows.loc[rows["mean"].idxmax()]
        told.append(
            f"{readable(name)} on {readable(panel)} goes from {first['mean']:.2f} at "
            f"{first['block']} to {last['mean']:.2f} at {last['block']}, its best "
            f"{best['mean']:.2f} at {best['block']}"
        )
    return f"Line chart of probe accuracy over blocks: {'; '.join(told[:8])}."


@styled
def worth(summary, per_class, strategy, reference, *, needed, chance=None, alt=None):
    """Two curves over labels, and how far one number of labels reaches.

    Rings mark both accuracies at `per_class`, broad bars their intervals. An arrow
    goes from the strategy's ring to the right, to the labels with which the reference
    does as well.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns strategy, per_class, mean, low and high, as `study.summarise` returns
        them.
    per_class : int
        The number of labels to mark; one of the summary's.
    strategy, reference : str
        The two to compare.
    needed : float
        The labels a class that the reference needs to do as well, from
        `study.labels_worth`; infinite where it never did.
    chance : float, optional
        Draws a thin line at the accuracy of guessing.
    alt : str, optional
        The description; without it, one is made from the numbers.

    Returns
    -------
    Picture

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
                f"worth needs one row for {name!r} with {per_class} labels a class, "
                f"and the summary has {len(there)}."
            )
        marked[name] = there.iloc[0]
        _curve_with_ring(axes, rows, there.iloc[0], name, series_style(index))
    _frame(axes, table["per_class"], LABELS, "Test accuracy", chance)
    axes.set_ylim(min(0.4, table["mean"].min() - 0.05), 1.06)
    most = table["per_class"].max()
    _arrow_to_needed(axes, *marked.values(), needed, most)
    said = f"about {needed:.0f}" if needed <= most else f"more than {most}"
    labels = "1 label" if per_class == 1 else f"{per_class} labels"
    does = "does" if per_class == 1 else "do"
    put_title(axes, f"{labels} a class {does} what takes {said} {readable(reference)}")
    fig.legend(loc="outside right upper")
    return Picture(fig, alt or _worth_in_words(marked, labels, reference, said))


def _curve_with_ring(axes, rows, there, name, style):
    """A curve, faint but for one point with its interval."""
    line = {key: style[key] for key in ("color", "marker", "linestyle")}
    axes.plot(rows["per_class"], rows["mean"], label=readable(name), **line)
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
        axes.annotate(
            f"{needed:.0f}", (needed, 0), (3, 4), textcoords="offset points",
            xycoords=("data", "axes fraction"), color=INK, fontsize=11,
        )  # fmt: skip
    halo = [withStroke(linewidth=3, foreground="white")]
    for row, below in ((ours, level < theirs["mean"]), (theirs, True)):
        axes.annotate(
            f"{row['mean']:.2f}", (row["per_class"], row["mean"]),
            (10, -12 if below else 9), textcoords="offset points", va="center",
            color=INK, fontsize=11, path_effects=halo,
        )  # fmt: skip


def _worth_in_words(marked, labels, reference, said):
    told = [
        f"{readable(name)} {row['mean']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        for name, row in marked.items()
    ]
    return (
        f"Line chart of test accuracy over labelled examples per class. With {labels} "
        f"a class: {'; '.join(told)}. {readable(reference).capitalize()} needs {said} "
        "labels a class to do as well."
    )
