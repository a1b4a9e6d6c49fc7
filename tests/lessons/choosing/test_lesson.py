"""The exercises, figures and its widget."""

import json

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tlcourse import transferability
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.choosing import figures, widget

NOTEBOOK = notebook("choosing")


def cells(kind="code"):
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == kind
    ]


def failure(number, answer):
    return checking.first_failure(lessons.exercise(number), answer)


@pytest.fixture(scope="module")
def backbones():
    names = ("glyphs", "photos", "imagenet_distilled")
    return {name: tl.backbones.load("mobilenet", source=name) for name in names}


# --- exercises ------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["choosing.1", "choosing.2", "choosing.3"])
def test_the_naive_start_fails_and_the_solution_passes(backbones, number):
    names = {"tl": tl, "np": np, "backbones": backbones}
    [start] = [cell for cell in cells() if f'check("{number}"' in cell]
    scope = {**names, "check": lambda number, answer: None}
    exec(start, scope)
    assert failure(number, scope["answer"]) is not None
    scope = dict(names)
    exec(lessons.exercise(number).solution, scope)
    assert failure(number, scope["answer"]) is None


def test_the_packages_own_score_passes_as_nce():
    assert failure("choosing.1", transferability.nce) is None


def accuracy_of_the_guess(probabilities, labels):
    return (probabilities.argmax(1) == labels).mean()


def with_another_sign(probabilities, labels):
    return -transferability.nce(probabilities, labels)


@pytest.mark.parametrize(
    "answer", [transferability.leep, accuracy_of_the_guess, with_another_sign]
)
def test_other_scores_are_not_nce(answer):
    assert failure("choosing.1", answer) is not None


def test_leep_is_told_from_nce_by_what_it_reads():
    says, _ = failure("choosing.1", transferability.leep)
    assert "logarithm of guessing" in says or "likeliest" in says or "is 0" in says


def worst(table, score):
    return table["accuracy"].max() - table["accuracy"][table[score].idxmin()]


def first_of_the_tied(table, score):
    return table["accuracy"].max() - table["accuracy"][table[score].idxmax()]


def one_column(table, score):
    return first_of_the_tied(table, "score")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (worst, "It is 0 where"),
        (first_of_the_tied, "tie for the first place"),
        (one_column, "column that it was given"),
        (lambda table, score: 0.0, "less that of the source"),
    ],
)
def test_wrong_costs_are_named(answer, words):
    assert words in failure("choosing.2", answer)[0]


def test_what_is_no_source_is_named():
    says, found = failure("choosing.3", "pears")
    assert "name of a source" in says and "'pears'" in found


# --- the lesson's own functions -------------------------------------------------------


def test_leep_of_the_lesson_is_the_packages():
    [cell] = [cell for cell in cells() if "def leep(" in cell]
    scope = {"np": np}
    exec(cell.split("\n\n\nassert")[0], scope)
    rng = np.random.default_rng(0)
    odds = rng.uniform(0.1, 1, (50, 7))
    probabilities, labels = odds / odds.sum(1, keepdims=True), np.arange(50) % 10
    assert scope["leep"](probabilities, labels) == pytest.approx(
        transferability.leep(probabilities, labels)
    )


# --- figures --------------------------------------------------------------------------


def ranked(**columns):
    table = {
        "logme": [0.1, 0.5, 0.3],
        "knn": [0.2, 0.2, 0.9],
        "leep": [np.nan, -1.0, -2.0],
        "parameters": [7, 7, 7],
        "accuracy": [0.4, 0.9, 0.6],
    }
    return pd.DataFrame(table, index=["figs", "red_plums", "limes"]).assign(**columns)


def words_in(axes):
    return [text.get_text() for text in axes.texts]


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


def test_ranks_in_words():
    alt = figures.rankings(ranked(), pd.Series({"logme": 1.0, "knn": 0.2})).alt
    assert "best first: red plums 0.90, limes 0.60, figs 0.40" in alt
    assert "LogME: first red plums, limes, figs, tau 1.00" in alt
    assert "size: all tie" in alt


def test_the_chosen_source_is_framed():
    plain, framed = (
        figures.rankings(ranked(), chosen=name).fig.axes[1].patches
        for name in (None, "limes")
    )
    assert len(framed) == len(plain) + 1
    assert framed[-1].get_y() == pytest.approx(0.5)  # the second row


def test_a_table_without_scores_is_refused():
    with pytest.raises(ValueError, match="needs one of the columns logme"):
        figures.rankings(ranked()[["accuracy"]])


def test_the_catalogue_shows_every_model_and_names_some():
    table = tl.backbones.catalogue()
    picture = figures.catalogue(table)
    [axes] = picture.fig.axes
    signs = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert sum(len(line.get_xdata()) for line in signs) == len(table)
    assert len({(s.get_color(), s.get_marker()) for s in signs}) == len(signs)
    assert "VGG16" in words_in(axes) and "ConvNeXtXLarge (350.1 million" in picture.alt


def test_speed_gets_a_panel_of_its_own():
    speed = {"ResNet50": 1.0, "MobileNetV2": 4.2, "DenseNet121": 1.02}
    picture = figures.catalogue(tl.backbones.catalogue(), speed)
    size, fast = picture.fig.axes
    assert sorted(words_in(size)) == sorted(words_in(fast)) == sorted(speed)
    assert "MobileNetV2 4.2" in picture.alt


def test_names_in_the_catalogue_do_not_cover_one_another():
    speed = {"MobileNetV3Large": 2.1, "EfficientNetB0": 1.3, "NASNetMobile": 1.0}
    fig = figures.catalogue(tl.backbones.catalogue(), speed).fig
    fig.draw_without_rendering()
    for axes in fig.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
        assert not any(a.overlaps(b) for a, b in pairs)


def test_a_model_that_is_not_in_the_catalogue_is_named():
    with pytest.raises(ValueError, match="no model Pears"):
        figures.catalogue(tl.backbones.catalogue(), {"Pears": 1})


def test_agreements_show_each_target_and_the_mean():
    points = pd.DataFrame({"knn": [0.9, 0.5], "gbc": [-0.4, 0.2]}, ["figs", "limes"])
    summary = pd.DataFrame(
        {"score": ["knn", "gbc"], "mean": [0.7, -0.1], "low": [0.6, -0.3],
         "high": [0.8, 0.1]}
    )  # fmt: skip
    picture = figures.agreements(points, summary)
    [axes] = picture.fig.axes
    assert {"0.70", "-0.10"} <= set(words_in(axes))
    assert axes.get_xlim()[0] < -0.4
    assert "kNN 0.70 (0.60 to 0.80; by target 0.50 to 0.90)" in picture.alt
    with pytest.raises(ValueError, match="no gbc"):
        figures.agreements(points[["knn"]], summary)


# --- the widget -----------------------------------------------------------------------


def test_the_widget_tells_what_a_choice_reaches(backbones):
    picture = widget.draw(backbones, "faces", "photos", 5, True)
    title = picture.fig.get_suptitle()
    assert title.startswith("faces, 5 labels per class: you choose photos, 0.")
    table = widget.scored(backbones, "faces", 5)
    assert f"{table['accuracy']['photos']:.2f}" in title
    best = widget.draw(backbones, "faces", table["accuracy"].idxmax(), 5, True)
    assert "none reaches more" in best.fig.get_suptitle()


def test_the_truth_can_be_hidden(backbones):
    picture = widget.draw(backbones, "faces", "glyphs", 5, False)
    assert "0." not in picture.fig.get_suptitle()
    assert "accuracy" not in picture.alt.lower()


def test_the_widgets_scores_are_those_of_rank(backbones):
    task = tl.datasets.load("faces", per_class=5, seed=0)
    theirs = transferability.rank(backbones, task, scores=["logme", "knn"])
    ours = widget.scored(backbones, "faces", 5).loc[theirs.index, theirs.columns[:2]]
    pd.testing.assert_frame_equal(ours, theirs[["logme", "knn"]], rtol=1e-4)


def test_an_unknown_source_gets_one_sentence(backbones):
    with pytest.raises(ValueError, match="no source 'pears': choose one of glyphs"):
        widget.draw(backbones, "faces", "pears", 5, True)


def test_it_is_a_picture_first(backbones, capsys, monkeypatch):
    monkeypatch.setattr(widget, "TARGETS", ("faces", "digits"))
    widget.choose_a_source(backbones)
    said = capsys.readouterr().out
    assert said.startswith("Table of the rank that each score gives to 3 sources.")
    assert "Controls: target, your source, labels per class, show the truth." in said
