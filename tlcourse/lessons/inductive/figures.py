"""What an augmentation gains, against no change of the same pictures."""

from tlcourse.plots.style import (
    INK,
    PALETTE,
    Picture,
    name_rows,
    new_figure,
    readable,
    styled,
    write_beside,
)
from tlcourse.tables import summarise

CONTROL = "none"


@styled
def gains(table):
    """A point for each change and target: the mean gain, with its interval.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns target, change, seed and value, an accuracy. Each gain is a difference
        to the change "none" with the same target and seed.
    """
    accuracy = table.set_index(["target", "seed", "change"])["value"].unstack("change")
    gain = accuracy.sub(accuracy.pop(CONTROL), axis=0).stack().rename("value")
    summary = summarise(gain.reset_index(), ["target", "change"], "value")
    targets = list(summary.groupby("target", sort=False))
    fig = new_figure(7.4, 2.4)
    grid = fig.subplots(1, len(targets), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (target, rows) in zip(grid, targets, strict=True):
        places = range(len(rows))
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.hlines(places, rows["low"], rows["high"], color=PALETTE[0], linewidth=2)
        axes.plot(rows["mean"], places, "o", color=PALETTE[0])
        for place, mean in enumerate(rows["mean"]):
            label = max(mean, 0)
            write_beside(axes, label, place - 0.3, mean, form="+.2f")
        name_rows(axes, rows["change"])
        axes.set_title(readable(target), fontsize=11)
    grid[0].set_ylim(len(rows) - 0.5, -0.7)
    grid[0].set_xticks([-0.05, 0, 0.05, 0.1, 0.15])
    for axes in grid:
        axes.set_xticklabels(["-.05", "0", ".05", ".10", ".15"])
    fig.supxlabel("Gain in accuracy over no change", fontsize=10)
    return Picture(fig, _in_words(summary))


def _in_words(summary):
    rows = [
        f"{row.target} {row.change} {row.mean:+.2f} ({row.low:+.2f} to {row.high:+.2f})"
        for row in summary.itertuples()
    ]
    return f"Gains in accuracy with intervals: {'; '.join(rows)}."
