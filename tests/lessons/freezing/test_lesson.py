"""Figures of the lesson, and what its checks and its prose count."""

import functools

import numpy as np
import pandas as pd

import tlcourse as tl
from tests.helpers import cells, words_in
from tests.lessons.freezing.answers import far, near
from tlcourse.lessons.freezing import checks, figures


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


TWO_RUNS = [(1, "none", 2570, 0.9, 0.6), (2, "last 2 of 14", 104_330, 0.95, 2.0)]
COLUMNS = ["run", "trained_blocks", "trainable", "accuracy", "seconds"]
RUNS = pd.DataFrame(TWO_RUNS, columns=COLUMNS)
SECOND = "run 2 (blocks trained: last 2 of 14) 0.95 in 2.0 s"


@functools.cache
def depths():
    return figures.depths(tl.evidence("freezing.near"), tl.evidence("freezing.far"))


FIGURES = {
    "depths": (depths, "from fractals, per class 10:", "at pixels", "at 14"),
    "heat_map": (two_maps, "fractals, per class 10: 0.95 at 0, 0.25 at 14"),
    "runs": (lambda: figures.runs(RUNS), SECOND),
}
REFUSED = [
    ("no blocks", lambda: figures.heat_map(summary().drop(columns="blocks"))),
    ("at least one row", lambda: figures.runs(RUNS[:0])),
]


def test_each_cell_holds_its_mean_and_interval_if_there_are_and_numbers_stand_out():
    panels = two_maps().fig.axes
    assert [axes.get_title(loc="left") for axes in panels] == ["glyphs", "fractals"]
    for axes in panels:
        assert words_in(axes) == ["0.95", "± 0.05", "0.25", "± 0.05"] * 2
        assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "14"]
    [axes] = figures.heat_map(summary()[:4]).fig.axes
    dark, _, light, _ = (text.get_color() for text in axes.texts[:4])
    assert dark == "white" and light != "white"
    shades = [np.mean(patch.get_facecolor()[:3]) for patch in axes.patches]
    assert shades[0] < 0.5 < shades[1]
    single = summary()[:4].assign(low=np.nan, high=np.nan)
    assert words_in(figures.heat_map(single).fig.axes[0]) == ["0.95", "0.25"] * 2
    assert len(figures.heat_map(summary()[:3]).fig.axes[0].patches) == 3  # one missing


def test_runs_stand_where_their_numbers_say():
    seconds, trainable = figures.runs(RUNS).fig.axes
    assert [line.get_xdata()[0] for line in seconds.lines] == [0.6, 2.0]
    assert [line.get_xdata()[0] for line in trainable.lines] == [2570, 104_330]
    assert words_in(seconds) == ["1", "2"]
    one = figures.runs(RUNS[:1])  # an axis of one value still has room
    assert one.fig.axes[1].get_xlim()[0] < 2570 < one.fig.axes[1].get_xlim()[1]


def first(backbone, count):
    return tl.FreezePlan.blocks(backbone, [b.name for b in backbone.blocks[:count]])


def test_the_counts_of_freezing_1_and_the_words_about_blocks_and_parameters():
    plan = first(far(), 8)
    assert checks._trained(plan) == checks._far_run(plan)[0].trainable_parameters
    assert checks._trained(plan) <= checks.MOST_TRAINED
    prose, blocks = "\n".join(cells("freezing", "markdown")), near().blocks
    assert "a small MobileNet of fourteen blocks" in prose and len(blocks) == 14
    trained = tl.FreezePlan.last(near(), 8).summary()["trained"].sum()
    assert 4.5 < trained / first(near(), 8).summary()["trained"].sum() < 5.6  # five
