"""Line charts: means with intervals over labels or blocks, a training over epochs."""

from matplotlib.ticker import MaxNLocator, NullLocator

from tlcourse.plots.style import (
    INK,
    Picture,
    checked_table,
    line_style,
    new_figure,
    put_title,
    readable,
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
    title=None,
    chance=None,
):
    """Lines of means over `x`, one per series, with their intervals shaded.

    Parameters
    ----------
    summary : pandas.DataFrame
    x : str
        The column of the horizontal axis, a number. Its values become the ticks; the
        axis is logarithmic where they span more than a factor of ten.
    series : str
        The column that tells the lines apart.
    xlabel : str, optional
        Without it, the name of the column `x` in words.
    chance : float, optional
    """
    table = checked_table(
        summary, [x, series, "mean", "low", "high"], "learning_curves"
    )
    fig = new_figure(7.4, 4.2)
    axes = fig.subplots()
    xlabel = xlabel or {"per_class": LABELS}.get(x, readable(x))
    groups = list(table.groupby(series, sort=False))
    for index, (name, rows) in enumerate(groups):
        curve(axes, rows.sort_values(x), x, str(name), line_style(index))
    frame_of_numbers(axes, table[x], xlabel, chance)
    lowest, highest = table["low"].min(), table["high"].max()
    lowest = lowest if chance is None else min(lowest, chance)
    margin = 0.05 * (highest - lowest) or 0.05
    axes.set_ylim(lowest - margin, highest + margin)
    put_title(axes, title)
    _legend_by_height(fig, axes, groups, x)
    return Picture(fig, _curves_in_words(groups, x, xlabel))


def frame_of_numbers(axes, values, xlabel, chance):
    """What stands around the lines of one chart over numbers."""
    guessing_line(axes, chance)
    _number_axis(axes, sorted(values.unique()))
    axes.set(xlabel=xlabel, ylabel="Test accuracy")
    axes.grid(axis="y")


def guessing_line(axes, chance):
    """A thin line at the accuracy of guessing, if it is known."""
    if chance is None:
        return
    axes.axhline(chance, color=INK, linewidth=1, linestyle=(0, (1, 3)))
    axes.annotate(
        "guessing", (1, chance), (-3, 3), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", fontsize=10, color=INK,
    )  # fmt: skip


def curve(axes, rows, x, name, style):
    """A line of mean accuracies over the column `x`, with their intervals shaded."""
    at, mean = rows[x].to_numpy(float), rows["mean"].to_numpy(float)
    low, high = (rows[end].to_numpy(float).clip(0, 1) for end in ("low", "high"))
    axes.plot(at, mean, label=readable(name), **style)
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


def _curves_in_words(groups, x, xlabel):
    in_words = []
    for name, rows in groups:
        rows = rows.sort_values(x)
        first, last = rows.iloc[0], rows.iloc[-1]
        in_words.append(
            f"{readable(name)} goes from {first['mean']:.2f} at {first[x]:g} "
            f"to {last['mean']:.2f} at {last[x]:g}"
        )
    return (
        f"Line chart of test accuracy over {xlabel.lower()}, with intervals: "
        f"{'; '.join(in_words[:8])}."
    )


@styled
def epochs(history, total=None, *, measure="accuracy", second=None, title=None):
    """Accuracy or loss over the epochs of one training, finished or not.

    Parameters
    ----------
    history : dict of list of float
        ``accuracy`` and ``val_accuracy``, 0-1, one entry an epoch, as Keras's ``fit``
        and ``Run.history`` give them.
    total : int, optional
        Epochs that were planned, so that the axis stands still while lines grow.
    measure : {"accuracy", "loss"}
    second : int, optional
        Epochs before a second phase begins; a line marks its beginning.

    Raises
    ------
    ValueError
        If no epoch is over yet.
    """
    lines = {
        "training": history.get(measure, ()),
        "validation": history.get(f"val_{measure}", ()),
    }
    done = len(lines["training"])
    if not done:
        raise ValueError("epochs needs a history of at least one epoch.")
    total = max(total or done, done)
    fig = new_figure(4.2, 2.9)
    axes = fig.subplots()
    for index, (name, values) in enumerate(lines.items()):
        style = line_style(index)
        at = range(1, len(values) + 1)
        axes.plot(at, values, label=name, markevery=max(1, total // 10), **style)
    if second is not None:
        axes.axvline(second + 0.5, color=INK, linewidth=1, linestyle=":")
        axes.text(second + 0.6, 0.03, "second phase", fontsize=9, color=INK)
    axes.set(xlabel="Epoch", ylabel=readable(measure).capitalize())
    axes.set_xlim(0.5, total + 0.5)
    axes.set_ylim(*((-0.02, 1.04) if measure == "accuracy" else (0, None)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    put_title(axes, title)
    fig.legend(loc="outside lower right", ncols=2)
    ends = [f"{name} {values[-1]:.2f}" for name, values in lines.items() if values]
    words = f"{measure} over {done} of {total} epochs, at the end {', '.join(ends)}"
    if second is not None:
        words += f"; a second phase begins after epoch {second}"
    return Picture(fig, f"Line chart, {title or 'one training'}: {words}.")
