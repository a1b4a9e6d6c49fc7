"""The exercises, widget, and what its prose counts on."""

import json

import numpy as np
import pytest

import tlcourse as tl
from tlcourse import datasets, transferability
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.features import checks as own
from tlcourse.lessons.features import widget

NOTEBOOK = notebook("features")


def cells():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def failure(number, answer):
    return checking.first_failure(lessons.exercise(number), answer)


# --- exercises ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def names():
    """What the exercises take from the lesson."""
    sources = {name: None if name == "random" else name for name in own.SOURCES}
    sources["imagenet_distilled"] = "imagenet_distilled"
    backbones = {
        name: tl.backbones.load("mobilenet", source=source)
        for name, source in sources.items()
    }
    return {"tl": tl, "np": np, "backbones": backbones}


@pytest.mark.parametrize("number", ["features.1", "features.2", "features.3"])
def test_the_naive_start_fails_and_the_solution_passes(names, number):
    [start] = [cell for cell in cells() if f'check("{number}"' in cell]
    scope = {**names, "check": lambda number, answer: None}
    exec(start, scope)
    assert failure(number, scope["answer"]) is not None
    scope = dict(names)
    exec(lessons.exercise(number).solution, scope)
    assert failure(number, scope["answer"]) is None


def nearest_picture(train, labels, new):
    return labels[((new[:, None] - train) ** 2).sum(-1).argmin(1)]


def largest_product(train, labels, new):
    known = np.unique(labels)
    means = np.stack([train[labels == label].mean(0) for label in known])
    return known[(new @ means.T).argmax(1)]


WRONG_HEADS = {
    "It gives one class": lambda train, labels, new: 0,
    "A row that equals": lambda train, labels, new: np.zeros(len(new), int),
    "The mean of a class decides": nearest_picture,
}


@pytest.mark.parametrize("words", WRONG_HEADS)
def test_a_head_that_is_not_the_nearest_mean_is_named(words):
    says, found = failure("features.1", WRONG_HEADS[words])
    assert says.startswith(words) and found


def test_other_wrong_heads_fail():
    assert failure("features.1", largest_product) is not None
    says, found = failure("features.1", lambda train, labels, new: new.nothing)
    assert "stopped in its line 1" in found


def test_a_score_on_the_test_split_is_named(names):
    task = datasets.load("photos", per_class=10, seed=0)
    answer = {}
    for name, backbone in names["backbones"].items():
        probe = tl.probes.linear_probe()
        probe.fit(backbone.features(task.train.images), task.train.labels)
        known = backbone.features(task.test.images)
        answer[name] = probe.score(known, task.test.labels)
    says, found = failure("features.2", answer)
    assert "validation pictures" in says and "On which split" in found


def test_invented_scores_are_named(names):
    answer = dict.fromkeys(names["backbones"], 37 / 74)
    says, found = failure("features.2", answer)
    assert says.startswith("The value for glyphs") and found == "Yours is 0.500."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda matrix: (1, 1), "two different classes"),
        (lambda matrix: np.unravel_index(matrix.argmax(), matrix.shape), "different"),
        (
            lambda matrix: np.unravel_index(
                (matrix - np.diag(np.diag(matrix))).argmax(), matrix.shape
            ),
            "both directions",
        ),
    ],
)
def test_a_wrong_pair_is_named(answer, words):
    says, _ = failure("features.3", answer)
    assert words in says


# --- the widget -----------------------------------------------------------------------


@pytest.mark.parametrize("source", ["pixels", "glyphs", "random"])
def test_the_map_of_each_kind_of_source(source):
    picture = widget.draw(source, "digits", "PCA")
    assert "300 training pictures of digits" in picture.alt
    vectors, labels, classes = widget.described(source, "digits")
    right = transferability.knn(vectors, labels)
    assert f"{right:.2f} of them rightly" in picture.alt
    assert f"neighbours right {right:.2f}" in picture.fig.axes[0].get_title(loc="left")


def test_projections_and_tasks_differ():
    pictures = [widget.draw("pixels", "faces", how) for how in widget.PROJECTIONS]
    pictures.append(widget.draw("pixels", "photos", "PCA"))
    assert len({picture.png for picture in pictures}) == 3
    assert widget.draw("pixels", "faces", "t-SNE").png == pictures[0].png


def test_the_map_shows_training_pictures_alone():
    vectors = widget.described("pixels", "faces")[0]
    train = datasets.load("faces").train.images.reshape(100, -1)
    known = {row.tobytes() for row in train}
    assert all(row.tobytes() in known for row in vectors)


def test_an_unknown_source_gets_one_sentence():
    with pytest.raises(ValueError, match="There is no source 'pears'"):
        widget.draw("pears", "digits")


def test_it_is_a_picture_first(capsys):
    widget.where_pictures_lie("pixels")
    said = capsys.readouterr().out
    assert said.startswith("Map of 200 training pictures of photos, as pixels")
    assert "Controls: source, task, projection." in said
