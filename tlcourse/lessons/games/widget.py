"""The widget of the lesson: another game, other layers, another learning curve."""

from __future__ import annotations

import functools

from tlcourse import games
from tlcourse.lessons.games import figures
from tlcourse.widgets.static_first import StaticFirst

OPPONENTS = ("from scratch", "matched start")


def transfer(table):
    """Let the learner choose a target and what is carried over.

    Parameters
    ----------
    table : pandas.DataFrame
        ``tl.evidence("games.curves")``, with ``score`` (0-200).
    """
    pairs = list(table["pair"].unique())
    plans = [plan for plan in table["plan"].unique() if plan not in OPPONENTS]
    StaticFirst(functools.partial(draw, table), target=pairs, carried_over=plans).show()


def draw(table, target, carried_over):
    """Draw the learning curves of a plan and of its two opponents.

    Parameters
    ----------
    table
        As for `transfer`.
    target : str
        A ``pair`` of the table.
    carried_over : str
        A ``plan`` of the table.

    Returns
    -------
    Picture
        Its title tells jumpstart and time to threshold against from scratch.
    """
    rows = table[table["pair"] == target]
    found = games.compare(rows[rows["plan"].isin([OPPONENTS[0], carried_over])])
    mean = found.set_index("measure")["mean"]
    return figures.curves(
        rows,
        [*OPPONENTS, carried_over],
        title=f"{target}: jumpstart {mean['jumpstart']:+.0f}, "
        f"time to threshold {mean['time_to_threshold']:+.1f} updates",
    )
