"""Figures of the lesson."""

import functools

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import words_in
from tlcourse.lessons.choosing import figures


def ranked(**columns):
    table = {
        "logme": [0.1, 0.5, 0.3],
        "knn": [0.2, 0.2, 0.9],
        "leep": [np.nan, -1.0, -2.0],
        "parameters": [7, 7, 7],
        "accuracy": [0.4, 0.9, 0.6],
    }
    return pd.DataFrame(table, index=["figs", "red_plums", "limes"]).assign(**columns)


@functools.cache
def catalogue(**speed):
    return figures.catalogue(tl.backbones.catalogue(), speed or None)


SPEED = {"ResNet50": 1.0, "MobileNetV2": 4.2, "DenseNet121": 1.02}
# Three whose names would cover one another.
CLOSE = {"MobileNetV3Large": 2.1, "EfficientNetB0": 1.3, "NASNetMobile": 1.0}
POINTS = pd.DataFrame({"knn": [0.9, 0.5], "gbc": [-0.4, 0.2]}, ["figs", "limes"])
AGREEMENT = pd.DataFrame(
    {"score": ["knn", "gbc"], "mean": [0.7, -0.1], "low": [0.6, -0.3],
     "high": [0.8, 0.1]}
)  # fmt: skip

FIGURES = {
    "rankings": (
        lambda: figures.rankings(ranked(), pd.Series({"logme": 1.0, "knn": 0.2})),
        "best first: red plums 0.90, limes 0.60, figs 0.40",
        "LogME: first red plums, limes, figs, tau 1.00",
        "size: all tie",
    ),
    "rankings_hidden": (lambda: figures.rankings(ranked().drop(columns="accuracy")),),
    "catalogue": (catalogue, "ConvNeXtXLarge (350.1 million"),
    "catalogue_speed": (lambda: catalogue(**SPEED), "MobileNetV2 4.2"),
    "catalogue_names": (lambda: catalogue(**CLOSE),),
    "agreements": (
        lambda: figures.agreements(POINTS, AGREEMENT),
        "kNN 0.70 (0.60 to 0.80; by target 0.50 to 0.90)",
    ),
}
REFUSED = [
    (
        "needs one of the columns logme",
        lambda: figures.rankings(ranked()[["accuracy"]]),
    ),
    ("no model Pears", lambda: catalogue(Pears=1)),
    ("no gbc", lambda: figures.agreements(POINTS[["knn"]], AGREEMENT)),
]


def test_ranks_stand_in_the_true_order():
    left, right = figures.rankings(ranked()).fig.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["red plums", "limes", "figs"]
    columns = [label.get_text() for label in left.get_xticklabels()]
    assert columns == ["LogME", "kNN", "LEEP", "size"]
    said = np.reshape(words_in(left), (4, 3))
    assert said.tolist() == [
        ["1", "2", "3"], ["=2", "1", "=2"], ["1", "2", "–"], ["=1"] * 3,
    ]  # fmt: skip
    assert words_in(right) == ["0.90", "0.60", "0.40"]


def test_without_the_truth_the_order_is_the_readers():
    left, right = figures.rankings(ranked().drop(columns="accuracy")).fig.axes
    assert left.get_yticklabels()[0].get_text() == "figs"
    assert "hidden" in right.get_xlabel() and not right.patches


def test_tau_stands_below_its_column():
    tau = pd.Series({"logme": 0.91, "parameters": np.nan})
    left = figures.rankings(ranked(), tau).fig.axes[0]
    assert words_in(left)[-4:] == ["0.91", "–", "–", "–"]
    assert left.get_yticklabels()[-1].get_text() == "tau"


def test_the_chosen_source_is_framed():
    plain, framed = (
        figures.rankings(ranked(), chosen=name).fig.axes[1].patches
        for name in (None, "limes")
    )
    assert len(framed) == len(plain) + 1
    assert framed[-1].get_y() == pytest.approx(0.5)  # the second row


def test_the_catalogue_shows_every_model_and_names_some():
    [axes] = catalogue().fig.axes
    signs = [line for line in axes.lines if line.get_linestyle() == "None"]
    shown = sum(len(line.get_xdata()) for line in signs)
    assert shown == len(tl.backbones.catalogue())
    assert len({(s.get_color(), s.get_marker()) for s in signs}) == len(signs)
    assert "VGG16" in words_in(axes)


def test_speed_gets_a_panel_of_its_own():
    size, fast = catalogue(**SPEED).fig.axes
    assert sorted(words_in(size)) == sorted(words_in(fast)) == sorted(SPEED)


def test_agreements_show_each_target_and_the_mean():
    [axes] = figures.agreements(POINTS, AGREEMENT).fig.axes
    assert {"0.70", "-0.10"} <= set(words_in(axes))
    assert axes.get_xlim()[0] < -0.4
