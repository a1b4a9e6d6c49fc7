"""Figures of the lesson."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers import words_in
from tlcourse.lessons.pitfalls import figures


def history(last):
    return {"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.5, last]}


def two_losses():
    return figures.losses({"frozen": history(1.6), "all": history(1.0)})


def too_sure():
    chances = np.array([[0.95, 0.05]] * 8 + [[0.55, 0.45]] * 4)
    labels = np.array([0] * 4 + [1] * 4 + [0] * 4)
    return figures.reliability({"net": (chances, labels)})


MIXES = pd.DataFrame(
    [("near", 0, 0.9, 0.4), ("near", 1, 0.4, 0.9), ("far", 0, 0.8, 0.1)],
    columns=["source", "mix", "old", "new"],
)


def trade_off(table=MIXES):
    return figures.trade_off(table, xlabel="Old", ylabel="New")


GAPS = pd.DataFrame(
    [("bad", -0.2, -0.3, -0.1), ("good", 0.2, 0.1, 0.3)],
    columns=["source", "mean", "low", "high"],
)


def gaps(table=GAPS):
    return figures.gaps(table, xlabel="the gap")


FIGURES = {
    "losses": (two_losses, "lowest, 1.50, at epoch 2 and ends at 1.60"),
    "reliability": (too_sure, "sure to 0.82 on average, right in 0.67 of 12"),
    "trade_off": (trade_off, "near (0.90, 0.40) at 0, (0.40, 0.90) at 1"),
    "gaps": (gaps, "bad -0.20 (-0.30 to -0.10)"),
}
REFUSED = [
    ("validate=True", lambda: figures.losses({})),
    ("validate=True", lambda: figures.losses({"a": {"loss": [1.0]}})),
    ("at least one network", lambda: figures.reliability({})),
    (
        r"\(3, 2\) and \(2,\)",
        lambda: figures.reliability({"net": (np.ones((3, 2)) / 2, np.zeros(2))}),
    ),
    ("no mix", lambda: trade_off(MIXES.drop(columns="mix"))),
    ("no low", lambda: gaps(GAPS.drop(columns="low"))),
]


def test_losses_ring_the_lowest():
    panels = two_losses().fig.axes
    assert [axes.lines[-1].get_xdata()[0] for axes in panels] == [2, 3]
    assert len({axes.get_ylim() for axes in panels}) == 1


def test_reliability_draws_a_bar_and_a_gap_for_each_bin():
    [axes] = too_sure().fig.axes
    heights = [patch.get_height() for patch in axes.patches]
    assert heights == pytest.approx([1.0, -0.45, 0.5, 0.45])
    assert sorted(words_in(axes)) == ["4", "8"]


def test_a_trade_off_names_its_points():
    assert len(trade_off().fig.axes[0].texts) == 3


def test_gaps_tell_harm_by_sign_hatch_and_side():
    [axes] = gaps().fig.axes
    assert [bool(patch.get_hatch()) for patch in axes.patches] == [True, False]
    assert {"-0.20", "+0.20"} <= set(words_in(axes))
