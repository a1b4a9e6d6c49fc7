"""Figures and widget of the lesson, its own code, its checklist, and its counts."""

import functools
import re

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import cells, defined, load_backbone, solved, words_in
from tlcourse.lessons.pitfalls import checks, figures, widget


def history(last):
    return {"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.5, last]}


def two_losses():
    return figures.losses({"frozen": history(1.6), "all": history(1.0)})


def too_sure():
    chances = np.array([[0.95, 0.05]] * 8 + [[0.55, 0.45]] * 4)
    return figures.reliability({"net": (chances, np.repeat([0, 1, 0], 4))})


NEAR_AND_FAR = [("near", 0, 0.9, 0.4), ("near", 1, 0.4, 0.9), ("far", 0, 0.8, 0.1)]
MIXES = pd.DataFrame(NEAR_AND_FAR, columns=["source", "mix", "old", "new"])
BAD_AND_GOOD = [("bad", -0.2, -0.3, -0.1), ("good", 0.2, 0.1, 0.3)]
GAPS = pd.DataFrame(BAD_AND_GOOD, columns=["source", "mean", "low", "high"])
TWO_SIZES = {"net": (np.ones((3, 2)) / 2, np.zeros(2))}


def trade_off(table=MIXES):
    return figures.trade_off(table, xlabel="Old", ylabel="New")


def gaps(table=GAPS):
    return figures.gaps(table, xlabel="the gap")


@functools.cache
def task():
    return tl.datasets.load("faces")


@functools.cache
def vectors():
    """Features that tell the class somewhat, and of one source the mark loudly."""
    found = {}
    for name, loud in (("control", 0), ("marked", 20)):
        rng = np.random.default_rng(0)
        for split in ("train", "test"):
            labels = getattr(task(), split).labels
            noise = rng.normal(size=(len(labels), 6))
            told = labels[:, None] * 5 + noise[:, :1]
            for bears in (False, True):
                mark = np.full((len(labels), 1), loud * bears)
                found[name, split, bears] = np.concatenate([noise, told, mark], axis=1)
    return found


def sliced(*values):
    return widget.sliced(vectors(), task(), *values)


def draw(*values):
    return widget.draw(vectors(), task(), *values)


FIGURES = {
    "losses": (two_losses, "lowest, 1.50, at epoch 2 and ends at 1.60"),
    "reliability": (too_sure, "sure to 0.82 on average, right in 0.67 of 12"),
    "trade_off": (trade_off, "near (0.90, 0.40) at 0, (0.40, 0.90) at 1"),
    "gaps": (gaps, "bad -0.20 (-0.30 to -0.10)"),
}
SHOW, FIRST = (
    lambda: widget.follow_the_mark(vectors(), task()),
    "Bars of test accuracy",
)
CONTROLS = "the mark goes with the class in, repair."
PICTURES = [
    functools.partial(draw, *values)
    for values in ((None, "none"), (0.9, "none"), (0.9, "repeat the rare"))
]
REFUSED = [
    ("validate=True", lambda: figures.losses({})),
    ("validate=True", lambda: figures.losses({"a": {"loss": [1.0]}})),
    ("at least one network", lambda: figures.reliability({})),
    (r"\(3, 2\) and \(2,\)", lambda: figures.reliability(TWO_SIZES)),
    ("no mix", lambda: trade_off(MIXES.drop(columns="mix"))),
    ("no low", lambda: gaps(GAPS.drop(columns="low"))),
]


def test_what_the_figures_draw():
    panels = two_losses().fig.axes
    assert [axes.lines[-1].get_xdata()[0] for axes in panels] == [2, 3]  # the lowest
    assert len({axes.get_ylim() for axes in panels}) == 1
    [axes] = too_sure().fig.axes  # a bar and a gap for each bin
    heights = [patch.get_height() for patch in axes.patches]
    assert heights == pytest.approx([1.0, -0.45, 0.5, 0.45])
    assert sorted(words_in(axes)) == ["4", "8"]
    assert len(trade_off().fig.axes[0].texts) == 3  # names of points
    [axes] = gaps().fig.axes  # harm by sign, hatch and side
    assert [bool(patch.get_hatch()) for patch in axes.patches] == [True, False]
    assert {"-0.20", "+0.20"} <= set(words_in(axes))


def by_slice(table):
    return table.groupby(["source", "slice"])["accuracy"].mean()


def test_the_slices_of_a_source_that_shows_the_mark_and_the_title_that_tells_them():
    table = sliced(1.0)
    mean = by_slice(table)
    assert len(mean) == 8 and len(table) == 8 * widget.DRAWS
    marked = mean["marked"]
    assert marked.min() < mean["control"].min() - 0.2
    cured = by_slice(sliced(1.0, "each with and without"))
    assert cured["marked"].min() > marked.min() + 0.2
    title = draw(1.0).fig.axes[0].get_title(loc="left")
    assert re.match(r"marked: [01]\.\d\d where .*\nbut [01]\.\d\d on '", title)
    usual = (marked["no face, no mark"] + marked["face, mark"]) / 2
    assert f"{usual:.2f} where" in title and f"but {marked.min():.2f} on" in title
    for strength in (1.0, None):  # repeating cannot make what is not there
        same = sliced(strength, "repeat the rare")
        pd.testing.assert_frame_equal(same, sliced(strength))


def test_ece_is_zero_where_sureness_is_right_and_one_where_all_is_wrong():
    ece = defined("pitfalls", "ece")["ece"]
    sure = np.tile([0.75, 0.25], (400, 1))
    right = (np.arange(400) % 4 == 3).astype(int)  # three of four are class 0
    assert ece(sure, right) == pytest.approx(0)
    certain, wrong = np.tile([1.0, 0.0], (400, 1)), np.ones(400, int)
    assert ece(certain, wrong) == pytest.approx(1)
    half, labels = np.concatenate([sure, certain]), np.concatenate([right, wrong])
    assert ece(half, labels) == pytest.approx(0.5)


def test_a_temperature_finds_the_factor_that_was_put_in():
    scope = defined("pitfalls", "cooled", "best_temperature")
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 5))
    chances = scope["cooled"](np.exp(logits), 1)
    labels = (chances.cumsum(1) > rng.uniform(size=(4000, 1))).argmax(1)
    overdone = scope["cooled"](chances, 1 / 3)
    found = scope["best_temperature"](overdone, labels)
    assert found == pytest.approx(3, rel=0.1)
    again = scope["cooled"](overdone, found)
    assert (again.argmax(1) == overdone.argmax(1)).all()


def test_the_mark_whom_it_goes_with_and_the_balance_of_pitfalls_2():
    scope = defined("pitfalls", "mark", "goes_with")
    images = np.zeros((4, 25, 25, 3), "float32")
    marked = scope["mark"](images, np.array([True, False, True, False]))
    assert not images.any() and (marked[[1, 3]] == 0).all()
    assert (marked[0] == 255).sum() == 3 * 3 * 3 and marked[0, -1].max() == 0
    labels = np.arange(40) % 2
    for strength in (None, 0.5, 0.9, 1.0):
        bears = scope["goes_with"](labels, strength)
        assert (bears == widget.goes_with(labels, strength)).all()
        shares = [bears[labels == label].mean() for label in (0, 1)]
        told = [0, 0] if strength is None else [1 - strength, strength]
        assert shares == pytest.approx(told)
    rows = checks._rows(solved("pitfalls.2", np=np, pd=pd))
    groups = 2 * checks._LABELS[rows] + checks._MARKED[rows]
    assert np.bincount(groups).tolist() == [9] * 4  # as the widget repeats


def test_each_line_of_the_checklist_runs():
    prose = cells("pitfalls", "markdown")
    [table] = [cell for cell in prose if "| Ask | Line |" in cell]
    lines = re.findall(r"\| `(.+?)` \|", table)
    assert len(lines) == 7
    scope, labels = defined("pitfalls", "ece", "slices"), np.arange(40) % 2
    features, random, pixels = np.random.default_rng(0).normal(size=(3, 40, 8))

    class Stub:  # features, a head, a run and a network in one
        history = {"val_loss": [2.0, 1.0, 3.0]}

        def features(self, images):
            return images[:, ::8, ::8, 0].reshape(len(images), -1)

        def predict(self, images):
            if images.ndim == 2:
                return np.zeros(len(images), int)
            return np.tile([0.7, 0.3], (len(images), 1))

        def score(self, features, labels):
            return 0.5

    scope |= dict.fromkeys(("old_head", "network", "run", "head"), Stub())
    zeros = np.zeros((len(task().test), 4))
    scope |= {  # in place: the lesson's functions look here
        "np": np, "tl": tl, "faces": task(), "photos": task(), "labels": labels,
        "features": features, "random": random, "pixels": pixels,
        "accuracy": pd.DataFrame({"glyphs": [0.5], "random": [0.25]}),
        "old": tl.datasets.load("digits", per_class=2),
        "vectors": {("marked", "test", m): zeros for m in (False, True)},
    }  # fmt: skip
    found = [eval(line, scope) for line in lines]
    assert all(np.isscalar(value) for value in found)
    assert found[2] == 0.25 and found[4] == 2 and found[6] == 0


def test_the_counts_in_the_prose():
    prose = " ".join(" ".join(cells("pitfalls", "markdown")).split())
    assert "took 74 more labels" in prose and len(tl.datasets.load("photos").val) == 74
    assert "the fifty training pictures" in prose
    assert len(tl.datasets.load("photos", per_class=5).train) == 50
    backbone = load_backbone("imagenet_distilled")
    assert "a few thousand weights" in prose
    assert 2000 < (backbone.model.output.shape[-1] + 1) * 10 < 4000
