"""The exercises, widget and figures, and what its checklist counts on."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.pitfalls import checks as own
from tlcourse.lessons.pitfalls import figures, widget

NOTEBOOK = notebook("pitfalls")


def cells(kind="code"):
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == kind
    ]


def defined(*names):
    """The lesson's own functions."""
    scope = {"np": np, "pd": pd, "tl": tl}
    for cell in cells():
        for part in re.split(r"\n\n\n", cell):
            if any(part.startswith(f"def {name}(") for name in names):
                exec(part, scope)
            elif part.startswith(("from scipy", "from sklearn", "import dataclasses")):
                exec(part, scope)
    return scope


def failure(number, answer):
    return checking.first_failure(lessons.exercise(number), answer)


def solved(number):
    scope = {"np": np, "pd": pd}
    exec(lessons.exercise(number).solution, scope)
    return scope["answer"]


# --- exercises ------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["pitfalls.1", "pitfalls.2", "pitfalls.3"])
def test_the_naive_start_fails_and_the_solution_passes(number):
    [start] = [cell for cell in cells() if f'check("{number}"' in cell]
    scope = {"np": np, "pd": pd, "check": lambda number, answer: None}
    exec(start, scope)
    assert failure(number, scope["answer"]) is not None
    assert failure(number, solved(number)) is None


def by_the_mean(table):
    mean = table.groupby("source")["accuracy"].mean()
    return [name for name in mean.index if mean[name] < mean["random"]]


def by_the_extremes(table):
    groups = table.groupby("source")["accuracy"]
    high, low = groups.max(), groups.min()
    return [name for name in high.index if high[name] < low["random"]]


def random_too(table):
    return [*solved("pitfalls.1")(table), "random"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (by_the_mean, "gains in some draw"),
        (by_the_extremes, "loses in each draw"),
        (random_too, "is no source"),
        (lambda table: ["always"], "any name"),
        (lambda table: "always", "list of names"),
    ],
)
def test_wrong_accusations_are_named(answer, words):
    assert words in failure("pitfalls.1", answer)[0]


def fewest(labels, marked):
    group = 2 * labels + marked
    size = np.bincount(group).min()
    return np.concatenate([np.flatnonzero(group == g)[:size] for g in range(4)])


def too_many(labels, marked):
    return np.tile(solved("pitfalls.2")(labels, marked), 2)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (fewest, "No picture is left out"),
        (too_many, "more than it needs"),
        (lambda labels, marked: labels == 1, "positions"),
    ],
)
def test_wrong_balances_are_named(answer, words):
    assert words in failure("pitfalls.2", answer)[0]


def test_the_balance_of_09_2_is_what_the_widget_repeats():
    rows = own._rows(solved("pitfalls.2"))
    assert np.bincount(2 * own._LABELS[rows] + own._MARKED[rows]).tolist() == [9] * 4


def how_often_the_first(predict, images, change):
    return np.mean(predict(change(images)) == 1)


@pytest.mark.parametrize(
    "answer",
    [
        how_often_the_first,
        lambda predict, images, change: 1.0,
        lambda predict, images, change: np.mean(change(images) != images),
        lambda predict, images, change: np.mean(
            predict(images) != predict(own._lit(images))
        ),
    ],
)
def test_wrong_shares_fail(answer):
    assert failure("pitfalls.3", answer) is not None


# --- the lesson's own lines -----------------------------------------------------------


def test_ece_is_zero_where_sureness_is_right_and_one_where_all_is_wrong():
    ece = defined("ece")["ece"]
    sure = np.tile([0.75, 0.25], (400, 1))
    right = (np.arange(400) % 4 == 3).astype(int)  # three of four are class 0
    assert ece(sure, right) == pytest.approx(0)
    certain = np.tile([1.0, 0.0], (50, 1))
    assert ece(certain, np.ones(50, int)) == pytest.approx(1)
    half = np.concatenate([sure, np.tile([1.0, 0.0], (400, 1))])
    labels = np.concatenate([right, np.ones(400, int)])
    assert ece(half, labels) == pytest.approx(0.5)


def test_a_temperature_finds_the_factor_that_was_put_in():
    scope = defined("cooled", "best_temperature")
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 5))
    chances = scope["cooled"](np.exp(logits), 1)
    labels = (chances.cumsum(1) > rng.uniform(size=(4000, 1))).argmax(1)
    overdone = scope["cooled"](chances, 1 / 3)
    found = scope["best_temperature"](overdone, labels)
    assert found == pytest.approx(3, rel=0.1)
    again = scope["cooled"](overdone, found)
    assert (again.argmax(1) == overdone.argmax(1)).all()


def test_the_mark_and_whom_it_goes_with():
    scope = defined("mark", "goes_with")
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


def test_each_line_of_the_checklist_runs():
    [table] = [cell for cell in cells("markdown") if "| Ask | Line |" in cell]
    lines = re.findall(r"\| `(.+?)` \|", table)
    assert len(lines) == 7
    rng = np.random.default_rng(0)
    scope = defined("ece", "slices")
    labels = np.arange(40) % 2
    task = tl.datasets.load("faces")
    digits = tl.datasets.load("digits", per_class=2)

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

    size = len(task.test)
    scope |= {
        "features": rng.normal(size=(40, 8)), "random": rng.normal(size=(40, 8)),
        "pixels": rng.normal(size=(40, 8)), "labels": labels, "faces": task,
        "accuracy": pd.DataFrame({"glyphs": [0.5], "random": [0.25]}),
        "old_head": Stub(), "network": Stub(), "old": digits, "run": Stub(),
        "photos": task, "head": Stub(),
        "vectors": {("marked", "test", m): np.zeros((size, 4)) for m in (False, True)},
    }  # fmt: skip
    found = [eval(line, scope) for line in lines]
    assert all(np.isscalar(value) for value in found)
    assert found[2] == 0.25 and found[4] == 2 and found[6] == 0


# --- the widget -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def task():
    return tl.datasets.load("faces")


@pytest.fixture(scope="module")
def vectors(task):
    """Features that tell the class somewhat, and of one source the mark loudly."""
    rng, found = np.random.default_rng(0), {}
    for split in ("train", "test"):
        labels = getattr(task, split).labels
        noise = rng.normal(size=(len(labels), 6))
        told = np.concatenate([noise, labels[:, None] * 5 + noise[:, :1]], axis=1)
        for bears in (False, True):
            for name, loud in (("control", 0), ("marked", 20)):
                extra = np.full((len(labels), 1), loud * bears)
                found[name, split, bears] = np.concatenate([told, extra], axis=1)
    order = sorted(found, key=lambda key: key[0])
    return {key: found[key] for key in order}


def test_the_slices_of_a_source_that_shows_the_mark(vectors, task):
    table = widget.sliced(vectors, task, 1.0)
    mean = table.groupby(["source", "slice"])["accuracy"].mean()
    assert len(mean) == 8 and len(table) == 8 * widget.DRAWS
    assert mean["marked"].min() < mean["control"].min() - 0.2
    cured = widget.sliced(vectors, task, 1.0, "each with and without")
    cured = cured.groupby(["source", "slice"])["accuracy"].mean()
    assert cured["marked"].min() > mean["marked"].min() + 0.2


def test_repeating_cannot_make_what_is_not_there(vectors, task):
    for strength in (1.0, None):
        same = widget.sliced(vectors, task, strength, "repeat the rare")
        pd.testing.assert_frame_equal(same, widget.sliced(vectors, task, strength))


def test_the_title_tells_the_usual_accuracy_and_the_worst_slice(vectors, task):
    picture = widget.draw(vectors, task, 1.0)
    title = picture.fig.axes[0].get_title(loc="left")
    assert re.match(r"marked: [01]\.\d\d where .*\nbut [01]\.\d\d on '", title)
    mean = widget.sliced(vectors, task, 1.0).query("source == 'marked'")
    mean = mean.groupby("slice")["accuracy"].mean()
    usual = (mean["no face, no mark"] + mean["face, mark"]) / 2
    assert f"{usual:.2f} where" in title and f"but {mean.min():.2f} on" in title
    others = ((None, "none"), (0.9, "none"), (0.9, "repeat the rare"))
    assert len({widget.draw(vectors, task, *values).png for values in others}) == 3


def test_it_is_a_picture_first(vectors, task, capsys):
    widget.follow_the_mark(vectors, task)
    said = capsys.readouterr().out
    assert said.startswith("Bars of test accuracy")
    assert "Controls: the mark goes with the class in, repair." in said


# --- the figures ----------------------------------------------------------------------


def history(last):
    return {"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.5, last]}


def test_losses_ring_the_lowest():
    picture = figures.losses({"frozen": history(1.6), "all": history(1.0)})
    assert "lowest, 1.50, at epoch 2 and ends at 1.60" in picture.alt
    rings = [axes.lines[-1].get_xdata()[0] for axes in picture.fig.axes]
    assert rings == [2, 3]
    assert len({axes.get_ylim() for axes in picture.fig.axes}) == 1


@pytest.mark.parametrize("histories", [{}, {"a": {"loss": [1.0]}}])
def test_losses_without_validation_are_refused(histories):
    with pytest.raises(ValueError, match="validate=True"):
        figures.losses(histories)


def test_reliability_draws_a_bar_and_a_gap_for_each_bin():
    chances = np.array([[0.95, 0.05]] * 8 + [[0.55, 0.45]] * 4)
    labels = np.array([0] * 4 + [1] * 4 + [0] * 4)
    picture = figures.reliability({"net": (chances, labels)})
    [axes] = picture.fig.axes
    heights = [patch.get_height() for patch in axes.patches]
    assert heights == pytest.approx([1.0, -0.45, 0.5, 0.45])
    assert sorted(text.get_text() for text in axes.texts) == ["4", "8"]
    assert "sure to 0.82 on average, right in 0.67 of 12" in picture.alt


def test_reliability_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="at least one network"):
        figures.reliability({})
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(2,\)"):
        figures.reliability({"net": (np.ones((3, 2)) / 2, np.zeros(2))})


def test_a_trade_off_names_its_points():
    rows = [("near", 0, 0.9, 0.4), ("near", 1, 0.4, 0.9), ("far", 0, 0.8, 0.1)]
    table = pd.DataFrame(rows, columns=["source", "mix", "old", "new"])
    picture = figures.trade_off(table, xlabel="Old", ylabel="New")
    assert "near (0.90, 0.40) at 0, (0.40, 0.90) at 1" in picture.alt
    assert len(picture.fig.axes[0].texts) == 3
    with pytest.raises(ValueError, match="no mix"):
        figures.trade_off(table.drop(columns="mix"), xlabel="Old", ylabel="New")


def test_gaps_tell_harm_by_sign_hatch_and_side():
    rows = [("bad", -0.2, -0.3, -0.1), ("good", 0.2, 0.1, 0.3)]
    table = pd.DataFrame(rows, columns=["source", "mean", "low", "high"])
    picture = figures.gaps(table, xlabel="the gap")
    [axes] = picture.fig.axes
    assert [bool(patch.get_hatch()) for patch in axes.patches] == [True, False]
    assert {"-0.20", "+0.20"} <= {text.get_text() for text in axes.texts}
    assert "bad -0.20 (-0.30 to -0.10)" in picture.alt
    with pytest.raises(ValueError, match="no low"):
        figures.gaps(table.drop(columns="low"), xlabel="the gap")


# --- words and the quiz ---------------------------------------------------------------


def test_the_counts_in_the_prose():
    prose = " ".join(" ".join(cells("markdown")).split())
    assert "took 74 more labels" in prose and len(tl.datasets.load("photos").val) == 74
    assert "the fifty training pictures" in prose
    assert len(tl.datasets.load("photos", per_class=5).train) == 50
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    assert "a few thousand weights" in prose
    assert 2000 < (backbone.model.output.shape[-1] + 1) * 10 < 4000


def test_the_right_letters_vary():
    right = [[c.right for c in question.choices].index(True) for question in own.QUIZ]
    assert len(own.QUIZ) == 3 and len(set(right)) > 1
