"""The widget of the lesson: what the scores say of a source, and what comes true."""

from __future__ import annotations

from tlcourse import lessons
from tlcourse.lessons.choosing import figures
from tlcourse.plots.style import readable
from tlcourse.widgets.static_first import StaticFirst

TARGETS = ("photos", "digits", "faces", "apples, studio", "apples, orchard")


def choose_a_source():
    """Let the learner choose a source for a target by its scores, then see the truth.

    All of it was measured before: no training waits.
    """
    table = lessons.evidence("choosing.scores")
    names = [name for name in table["source"].unique() if name != "pixels"]
    StaticFirst(
        draw,
        target=TARGETS,
        your_source=names,
        draw_of_labels=range(1, 6),
        show_the_truth=True,
    ).show()


def draw(target, your_source, draw_of_labels, show_the_truth):
    """Draw the ranks that each score gives the sources, beside the truth or without it.

    Parameters
    ----------
    target : str
        One of ``TARGETS``.
    your_source : str
        The source to frame.
    draw_of_labels : int
        1 to 5: which 20 pictures per class have a label.
    show_the_truth : bool
        False hides the accuracies and what follows from them.
    """
    table = scored(target, draw_of_labels - 1)
    choice = f"you choose {readable(your_source)}"
    if not show_the_truth:
        table = table.drop(columns="accuracy")
        words = f"{target}: {choice}"
        return figures.rankings(table, chosen=your_source, title=words)
    best, yours = table["accuracy"].max(), table.loc[your_source, "accuracy"]
    name = readable(table["accuracy"].idxmax())
    more = f"; {name} reaches {best:.2f}" if yours < best else ", and none reaches more"
    words = f"{target}: {choice}, {yours:.2f}{more}"
    return figures.rankings(table, chosen=your_source, title=words)


def scored(target, seed):
    """Give the scores of all networks for a target, and what each then reaches.

    Parameters
    ----------
    target : str
    seed : int

    Returns
    -------
    pandas.DataFrame
        A row a source: the scores, and ``accuracy`` of a linear head on the test split.
    """
    kept = lessons.evidence("choosing.scores")
    kept = kept[(kept["target"] == target) & (kept["seed"] == seed)]
    kept = kept[kept["source"] != "pixels"]
    table = kept.pivot(index="source", columns="what", values="value")
    return table.loc[kept["source"].unique()]  # in the order of the lesson
