"""Figures and widget of the lesson, and the functions that it writes out."""

import functools

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import defined, words_in
from tests.lessons.choosing.answers import backbones
from tlcourse import transferability
from tlcourse.lessons.choosing import figures, widget

RANKED = pd.DataFrame(
    [(0.1, 0.2, np.nan, 7, 0.4), (0.5, 0.2, -1.0, 7, 0.9), (0.3, 0.9, -2.0, 7, 0.6)],
    index=["figs", "red_plums", "limes"],
    columns=["logme", "knn", "leep", "parameters", "accuracy"],
)
SPEED = {"ResNet50": 1.0, "MobileNetV2": 4.2, "DenseNet121": 1.02}
# Three whose names would cover one another.
CLOSE = {"MobileNetV3Large": 2.1, "EfficientNetB0": 1.3, "NASNetMobile": 1.0}
POINTS = pd.DataFrame({"knn": [0.9, 0.5], "gbc": [-0.4, 0.2]}, ["figs", "limes"])
TAUS = [("knn", 0.7, 0.6, 0.8), ("gbc", -0.1, -0.3, 0.1)]
AGREEMENT = pd.DataFrame(TAUS, columns=["score", "mean", "low", "high"])


def hidden():
    return figures.rankings(RANKED.drop(columns="accuracy"))


@functools.cache
def catalogue(**speed):
    return figures.catalogue(tl.backbones.catalogue(), speed or None)


def show():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget, "TARGETS", ("faces", "digits"))
        widget.choose_a_source(backbones())


def draw(source, truth=True):
    return widget.draw(backbones(), "faces", source, 5, truth)


FIGURES = {
    "rankings": (
        lambda: figures.rankings(RANKED, pd.Series({"logme": 1.0, "knn": 0.2})),
        "best first: red plums 0.90, limes 0.60, figs 0.40",
        "LogME: first red plums, limes, figs, tau 1.00",
        "size: all tie",
    ),
    "rankings_hidden": (hidden,),
    "catalogue": (catalogue, "ConvNeXtXLarge (350.1 million"),
    "catalogue_speed": (lambda: catalogue(**SPEED), "MobileNetV2 4.2"),
    "catalogue_names": (lambda: catalogue(**CLOSE),),
    "agreements": (
        lambda: figures.agreements(POINTS, AGREEMENT),
        "kNN 0.70 (0.60 to 0.80; by target 0.50 to 0.90)",
    ),
}
SHOW, FIRST = show, "Table of the rank that each score gives to 3 sources."
CONTROLS = "target, your source, labels per class, show the truth."
PICTURES = [lambda: draw("photos"), lambda: draw("glyphs", truth=False)]
REFUSED = [
    ("needs one of the columns logme", lambda: figures.rankings(RANKED[["accuracy"]])),
    ("no model Pears", lambda: catalogue(Pears=1)),
    ("no gbc", lambda: figures.agreements(POINTS[["knn"]], AGREEMENT)),
]


def test_ranks_stand_in_the_true_order_tau_below_and_a_frame_round_the_choice():
    left, right = figures.rankings(RANKED).fig.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["red plums", "limes", "figs"]
    columns = [label.get_text() for label in left.get_xticklabels()]
    assert columns == ["LogME", "kNN", "LEEP", "size"]
    assert words_in(left) == "1 2 3 =2 1 =2 1 2 – =1 =1 =1".split()
    assert words_in(right) == ["0.90", "0.60", "0.40"]
    tau = pd.Series({"logme": 0.91, "parameters": np.nan})
    left = figures.rankings(RANKED, tau).fig.axes[0]
    assert words_in(left)[-4:] == ["0.91", "–", "–", "–"]
    assert left.get_yticklabels()[-1].get_text() == "tau"
    framed = figures.rankings(RANKED, chosen="limes").fig.axes[1].patches
    assert len(framed) == len(right.patches) + 1
    assert framed[-1].get_y() == pytest.approx(0.5)  # the second row


def test_without_the_truth_the_order_is_the_readers():
    left, right = hidden().fig.axes
    assert left.get_yticklabels()[0].get_text() == "figs"
    assert "hidden" in right.get_xlabel() and not right.patches
    picture = draw("glyphs", truth=False)  # in the widget too
    assert "0." not in picture.fig.get_suptitle()
    assert "accuracy" not in picture.alt.lower()


def test_agreements_show_each_target_and_the_mean_the_catalogue_each_model_and_speed():
    [axes] = figures.agreements(POINTS, AGREEMENT).fig.axes
    assert {"0.70", "-0.10"} <= set(words_in(axes))
    assert axes.get_xlim()[0] < -0.4
    [axes] = catalogue().fig.axes
    signs = [line for line in axes.lines if line.get_linestyle() == "None"]
    shown = sum(len(line.get_xdata()) for line in signs)
    assert shown == len(tl.backbones.catalogue())
    assert len({(s.get_color(), s.get_marker()) for s in signs}) == len(signs)
    assert "VGG16" in words_in(axes)
    size, fast = catalogue(**SPEED).fig.axes
    assert sorted(words_in(size)) == sorted(words_in(fast)) == sorted(SPEED)


def test_the_widget_tells_what_a_choice_reaches_by_the_scores_of_rank():
    title = draw("photos").fig.get_suptitle()
    assert title.startswith("faces, 5 labels per class: you choose photos, 0.")
    table = widget.scored(backbones(), "faces", 5)
    assert f"{table['accuracy']['photos']:.2f}" in title
    best = draw(table["accuracy"].idxmax())
    assert "none reaches more" in best.fig.get_suptitle()
    task = tl.datasets.load("faces", per_class=5, seed=0)
    theirs = transferability.rank(backbones(), task, scores=["logme", "knn"])
    ours = table.loc[theirs.index, theirs.columns[:2]]
    pd.testing.assert_frame_equal(ours, theirs[["logme", "knn"]], rtol=1e-4)


def test_leep_of_the_lesson_is_the_packages():
    rng = np.random.default_rng(0)
    odds = rng.uniform(0.1, 1, (50, 7))
    probabilities, labels = odds / odds.sum(1, keepdims=True), np.arange(50) % 10
    found = defined("choosing", "leep")["leep"](probabilities, labels)
    assert found == pytest.approx(transferability.leep(probabilities, labels))
