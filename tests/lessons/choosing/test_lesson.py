"""Figures and widget of the lesson, and the functions that it writes out."""

import functools

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import defined, words_in
from tlcourse import transferability
from tlcourse.lessons.choosing import figures, widget

RANKED = pd.DataFrame(
    [(0.1, 0.2, np.nan, 7, 0.4), (0.5, 0.2, -1.0, 7, 0.9), (0.3, 0.9, -2.0, 7, 0.6)],
    index=["figs", "red_plums", "limes"],
    columns=["logme", "knn", "leep", "parameters", "accuracy"],
)
SPEED = {"ResNet50": 1.0, "MobileNetV2": 4.2, "DenseNet121": 1.02}
# Three whose names would cover one another.
CLOSE = {"MobileNetV3Large": 2.1, "EfficientNetLite0": 1.3, "NASNetMobile": 1.0}
MEASURED = pd.DataFrame(
    [
        (source, what, mean, mean - 0.05, mean + 0.05)
        for source, means in {"figs": (0.3, 0.4, 0.5), "limes": (0.7, 0.9, 0.8)}.items()
        for what, mean in zip(("knn", "linear_probe", "accuracy"), means, strict=True)
    ],
    columns=["source", "what", "mean", "low", "high"],
)


def hidden():
    return figures.rankings(RANKED.drop(columns="accuracy"))


@functools.cache
def catalogue(**speed):
    return figures.catalogue(tl.backbones.catalogue(), speed or None)


def draw(source, truth=True):
    return widget.draw("digits", source, 1, truth)


FIGURES = {
    "rankings": (
        lambda: figures.rankings(RANKED),
        "best first: red plums 0.90, limes 0.60, figs 0.40",
        "LogME: first red plums, limes, figs",
        "size: all tie",
    ),
    "rankings_hidden": (hidden,),
    "catalogue": (catalogue, "ConvNeXtXLarge (350.1 million"),
    "catalogue_speed": (lambda: catalogue(**SPEED), "MobileNetV2 4.2"),
    "catalogue_names": (lambda: catalogue(**CLOSE),),
    "scores": (
        lambda: figures.scores(MEASURED, chance=0.1, title="Fruit"),
        "limes 0.80 (linear probe 0.90, kNN 0.70), figs 0.50",
    ),
}
SHOW = widget.choose_a_source
FIRST = "Table of the rank that each score gives to 7 sources."
CONTROLS = "target, your source, draw of labels, show the truth."
PICTURES = [lambda: draw("photos"), lambda: draw("glyphs", truth=False)]
REFUSED = [
    ("needs one of the columns logme", lambda: figures.rankings(RANKED[["accuracy"]])),
    ("no model Pears", lambda: catalogue(Pears=1)),
]


def test_ranks_stand_in_the_true_order_and_a_frame_round_the_choice():
    left, right = figures.rankings(RANKED).fig.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["red plums", "limes", "figs"]
    columns = [label.get_text() for label in left.get_xticklabels()]
    assert columns == ["LogME", "kNN", "LEEP", "size"]
    assert words_in(left) == "1 2 3 =2 1 =2 1 2 – =1 =1 =1".split()
    assert words_in(right) == ["0.90", "0.60", "0.40"]
    dark = {p.get_xy(): 3 - sum(p.get_facecolor()[:3]) for p in left.patches}
    assert dark[0.5, 0.5] > dark[0.5, -0.5] == dark[0.5, 1.5] > dark[-0.5, 1.5]
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


def test_the_catalogue_shows_each_model_and_scores_the_best_source_on_top():
    [axes] = catalogue().fig.axes
    signs = [line for line in axes.lines if line.get_linestyle() == "None"]
    shown = sum(len(line.get_xdata()) for line in signs)
    assert shown == len(tl.backbones.catalogue())
    assert len({(s.get_color(), s.get_marker()) for s in signs}) == len(signs)
    assert "VGG16" in words_in(axes)
    size, fast = catalogue(**SPEED).fig.axes
    assert sorted(words_in(size)) == sorted(words_in(fast)) == sorted(SPEED)
    [axes] = figures.scores(MEASURED).fig.axes
    assert words_in(axes) == ["0.80", "0.50", "test"]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["limes", "figs"]


def test_the_widget_tells_what_a_choice_reaches():
    table = widget.scored("digits", 0)
    title = draw("photos").fig.get_suptitle()
    assert title.startswith("digits: you choose photos, 0.")
    assert f"{table['accuracy']['photos']:.2f}" in title
    best = draw(table["accuracy"].idxmax())
    assert "none reaches more" in best.fig.get_suptitle()


def test_the_lessons_scores_are_the_packages():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    features = rng.normal(size=(60, 40)) + labels[:, None] * rng.normal(size=40) / 3
    ours = defined("choosing", "probe", "scores")["scores"](features, labels)
    for name in ("linear_probe", "knn"):
        theirs = transferability.FROM_FEATURES[name](features, labels)
        assert ours[name] == pytest.approx(theirs, abs=1e-6)
