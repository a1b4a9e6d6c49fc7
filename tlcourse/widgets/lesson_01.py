"""The widget of lesson 01: how many labels do you have?"""

from __future__ import annotations

import functools

from tlcourse import plots, study
from tlcourse.widgets.static_first import StaticFirst


def draw(table, per_class):
    """Show all strategies at one number of labels, and what transfer is worth there.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``study.compare``, with the strategies "transfer" and "from scratch".
    per_class : int
        One of the table's numbers of labels a class.

    Returns
    -------
    Picture
    """
    summary = study.summarise(table, ["strategy", "per_class"])
    worth = study.labels_worth(summary, "transfer", "from scratch")
    needed = worth.set_index("per_class")["needed"][per_class]
    most = int(table["per_class"].max())
    said = f"about {needed:.0f}" if needed <= most else f"more than {most}"
    return plots.bars(
        summary[summary["per_class"] == per_class],
        by="strategy",
        title=f"Labels a class: {per_class}. From scratch it takes {said} for as much",
    )


def how_many_labels(table):
    """Show the figure of `draw` with a slider for the number of labels.

    Parameters
    ----------
    table : pandas.DataFrame
        See `draw`.
    """
    sizes = sorted(int(size) for size in table["per_class"].unique())
    StaticFirst(functools.partial(draw, table), per_class=sizes).show()
