"""Figures of the lesson."""

import numpy as np
import pandas as pd

from tests.helpers import words_in
from tlcourse.lessons.freezing import figures


def summary(**columns):
    rows = [
        {"source": source, "per_class": size, "blocks": k, "mean": mean}
        for source in ("glyphs", "fractals")
        for size in (2, 10)
        for k, mean in ((0, 0.95), (14, 0.25))
    ]
    table = pd.DataFrame(rows).assign(**columns)
    return table.assign(low=table["mean"] - 0.05, high=table["mean"] + 0.05)


def two_maps():
    return figures.heat_map(summary(), panels="source")


def under_way():
    history = {"accuracy": [0.5, 0.8], "val_accuracy": [0.4, 0.7]}
    return figures.epochs(history, 20, title="Run 3")


RUNS = pd.DataFrame({
    "run": [1, 2],
    "trained_blocks": ["none", "last 2 of 14"],
    "trainable": [2570, 104_330],
    "accuracy": [0.9, 0.95],
    "seconds": [0.6, 2.0],
})  # fmt: skip

FIGURES = {
    "heat_map": (two_maps, "fractals, per class 10: 0.95 at 0, 0.25 at 14"),
    "epochs": (under_way,),
    "runs": (
        lambda: figures.runs(RUNS),
        "run 2 (blocks trained: last 2 of 14) 0.95 in 2.0 s",
    ),
}
REFUSED = [
    ("no blocks", lambda: figures.heat_map(summary().drop(columns="blocks"))),
    ("at least one epoch", lambda: figures.epochs({"accuracy": []})),
    ("at least one row", lambda: figures.runs(RUNS[:0])),
]


# --- the heat map ---------------------------------------------------------------------


def test_each_cell_holds_its_mean_and_interval():
    panels = two_maps().fig.axes
    assert [axes.get_title(loc="left") for axes in panels] == ["glyphs", "fractals"]
    for axes in panels:
        assert words_in(axes) == ["0.95", "± 0.05", "0.25", "± 0.05"] * 2
        assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "14"]


def test_numbers_stand_out_from_their_cell():
    [axes] = figures.heat_map(summary()[:4]).fig.axes
    dark, _, light, _ = (text.get_color() for text in axes.texts[:4])
    assert dark == "white" and light != "white"
    shades = [np.mean(patch.get_facecolor()[:3]) for patch in axes.patches]
    assert shades[0] < 0.5 < shades[1]


def test_a_single_run_has_no_interval():
    table = summary()[:4].assign(low=np.nan, high=np.nan)
    assert words_in(figures.heat_map(table).fig.axes[0]) == ["0.95", "0.25"] * 2


def test_a_missing_cell_stays_empty():
    assert len(figures.heat_map(summary()[:3]).fig.axes[0].patches) == 3


# --- runs -----------------------------------------------------------------------------


def test_curves_of_a_training_under_way():
    assert under_way().alt == (
        "Line chart, Run 3: accuracy over 2 of 20 epochs, at the end training 0.80, "
        "validation 0.70."
    )
    [axes] = under_way().fig.axes
    assert axes.get_xlim()[1] > 20 and len(axes.lines) == 2


def test_runs_stand_where_their_numbers_say():
    seconds, trainable = figures.runs(RUNS).fig.axes
    assert [line.get_xdata()[0] for line in seconds.lines] == [0.6, 2.0]
    assert [line.get_xdata()[0] for line in trainable.lines] == [2570, 104_330]
    assert words_in(seconds) == ["1", "2"]
    one = figures.runs(RUNS[:1])  # an axis of one value still has room
    assert one.fig.axes[1].get_xlim()[0] < 2570 < one.fig.axes[1].get_xlim()[1]
