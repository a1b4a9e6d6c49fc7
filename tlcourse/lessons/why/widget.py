"""The widget of the lesson: how many labels do you have?"""

from __future__ import annotations

import functools

from tlcourse import tables
from tlcourse.lessons.why import figures
from tlcourse.widgets.static_first import StaticFirst


def draw(table, per_class):
    """Show what transfer is worth at one number of labels.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``study.compare``, with the strategies "transfer" and "from scratch".
    per_class : int
        One of the table's numbers of labels per class.
    """
    summary = tables.summarise(table, ["strategy", "per_class"])
    worth = tables.labels_worth(summary, "transfer", "from scratch")
    needed = worth.set_index("per_class")["needed"][per_class]
    return figures.worth(
        summary,
        per_class,
        "transfer",
        "from scratch",
        needed=needed,
        chance=0.5,  # two classes
    )


def how_many_labels(table):
    """Show the figure of `draw` with a slider for the number of labels.

    Nothing is trained when the slider moves: the table holds all runs.

    Parameters
    ----------
    table : pandas.DataFrame
        See `draw`.
    """
    sizes = sorted(int(size) for size in table["per_class"].unique())
    figure = functools.partial(draw, table)
    StaticFirst(figure, per_class=sizes).show()
