"""The widget of the lesson: how strong a cue is, and what helps against it."""

from __future__ import annotations

import functools

from tlcourse import plots, tables
from tlcourse.widgets.static_first import StaticFirst, labelled

HOME = {"Braeburn": "studio", "Granny Smith": "orchard"}  # where each is photographed


def background(table):
    """Let the learner choose how often the background goes with the class.

    Parameters
    ----------
    table : pandas.DataFrame
        ``tl.evidence("pitfalls.cue")``: accuracy by what the head ``sees``, ``way`` of
        training, ``strength`` of the cue, ``kind`` and ``place`` of the apples.
    """
    import ipywidgets as widgets

    trained = table[table["way"] != "fine-tuned"]
    slider = labelled(
        widgets.SelectionSlider,
        "the background goes with the class in",
        options=[(f"{x:.0%}", x) for x in sorted(trained["strength"].unique())],
        value=1.0,
        layout=widgets.Layout(width="auto", max_width="36em"),
    )
    ways = list(trained["way"].unique())
    StaticFirst(functools.partial(draw, table), strength=slider, training=ways).show()


def draw(table, strength, training):
    """Draw the accuracy in each slice of the test pictures, for what each head sees.

    Parameters
    ----------
    table
        As for `background`.
    strength : float
        Share of the training pictures, 0.5 to 1, that are taken at their kind's place.
    training : str
        A ``way`` of the table.

    Returns
    -------
    Picture
        Its title tells the accuracy on test pictures taken as the training pictures
        are, and the worst slice, of the backbone.
    """
    rows = table[(table["way"] == training) & (table["strength"] == strength)]
    rows = rows.assign(slice=rows["kind"] + ", " + rows["place"])
    rows = rows.rename(columns={"value": "accuracy"})
    rows = rows.sort_values(["kind", "place"], ascending=[True, False], kind="stable")
    summary = tables.summarise(rows, ["slice", "sees"])
    first = summary[summary["sees"] == summary["sees"].iloc[0]]
    mean = first.set_index("slice")["mean"]
    home = [f"{kind}, {place}" for kind, place in HOME.items()]
    away = [name for name in mean.index if name not in home]
    alike = strength * mean[home].mean() + (1 - strength) * mean[away].mean()
    worst = mean.idxmin()
    return plots.bars(
        summary,
        by="slice",
        series="sees",
        title=f"The backbone: {alike:.2f} taken as in training,\n"
        f"but {mean[worst]:.2f} on '{worst}'",
    )
