"""The exercises, figures, and where its network looks."""

import json

import numpy as np
import pytest

import tlcourse as tl
from tlcourse import plots
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.inductive import figures, widget

NOTEBOOK = notebook("inductive")


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


@pytest.mark.parametrize("number", ["inductive.1", "inductive.2", "inductive.3"])
def test_the_naive_start_fails_and_the_solution_passes(number):
    [start] = [cell for cell in cells() if f'check("{number}"' in cell]
    matrix = np.array([[3, 1], [2, 4]])
    names = {"np": np, "matrix": matrix, "apples": tl.datasets.load("apples")}
    scope = {**names, "check": lambda number, answer: None}
    exec(start, scope)
    assert failure(number, scope["answer"]) is not None
    scope = dict(names)
    exec(lessons.exercise(number).solution, scope)
    assert failure(number, scope["answer"]) is None


@pytest.mark.parametrize(
    "answer, words",
    [
        ("mirror", "list of 'mirror'"),
        ({"apples": [], "digits": []}, "list of 'mirror'"),
        ({"apples": [], "digits": ["blur"], "tissue": []}, "list of 'mirror'"),
        ({"apples": [], "digits": ["mirror"], "tissue": []}, "like another"),
        ({"apples": [], "digits": [], "tissue": ["turn"]}, "all changes"),
        ({"apples": [], "digits": [], "tissue": ["turn", "mirror"]}, "test split"),
    ],
)
def test_wrong_changes_are_named(answer, words):
    assert words in failure("inductive.1", answer)[0]


def rows_and_columns_exchanged(matrix, classes):
    wrong = matrix - np.diag(np.diag(matrix))
    truth, said = np.unravel_index(wrong.argmax(), wrong.shape)
    return classes[said], classes[truth]


def writes_into_it(matrix, classes):
    np.fill_diagonal(matrix, 0)
    truth, said = np.unravel_index(matrix.argmax(), matrix.shape)
    return classes[truth], classes[said]


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda matrix, classes: ("x", "y"), "names of a row"),
        (rows_and_columns_exchanged, "the truth first"),
        (writes_into_it, "as before"),
    ],
)
def test_wrong_pairs_are_named(answer, words):
    assert words in failure("inductive.2", answer)[0]


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda maps, kernel, label: maps @ kernel, "shape (n, h, w)"),
        (lambda maps, kernel, label: maps.sum(-1), "Another label"),
        (lambda maps, kernel, label: maps @ kernel[:, label - 1], "own score"),
        (lambda maps, kernel, label: -(maps @ kernel[:, label]), "own score"),
    ],
)
def test_wrong_heat_is_named(answer, words):
    assert words in failure("inductive.3", answer)[0]


@pytest.mark.parametrize("factor", [1.0, 1 / 16, 300.0])
def test_heat_may_be_scaled_and_keep_what_is_below_zero(factor):
    def answer(maps, kernel, label):
        return factor * (maps @ kernel[:, label])

    assert failure("inductive.3", answer) is None


# --- where it looks -------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return widget.trained("faces", "imagenet_distilled")


def test_grad_cam_of_the_last_maps_is_the_class_activation_map(trained):
    run, _, images, labels = trained
    scope = {}
    exec(lessons.exercise("inductive.3").solution, {"np": np}, scope)
    maps = run.backbone.run(images, until=run.backbone.blocks[-1].name)
    places = maps.shape[1] * maps.shape[2]
    heat = widget.grad_cam(run, images, labels)
    for place, label in enumerate(labels):
        expected = scope["answer"](maps[place], run.weights[-2], label) / places
        np.testing.assert_allclose(heat[place], expected, atol=1e-3 * heat.max())


def test_the_lesson_writes_out_the_same(trained):
    run, _, images, labels = trained
    [source] = [cell for cell in cells() if "def grad_cam" in cell]
    scope = {}
    exec(source, scope)
    pixels = run.backbone.preprocess(images)
    for block in (-1, -3):
        layer = run.backbone.blocks[block].output
        np.testing.assert_allclose(
            scope["grad_cam"](run.model, layer, pixels, labels),
            widget.grad_cam(run, images, labels, block),
            rtol=1e-4,
            atol=1e-6,
        )


def test_heat_is_of_the_class_that_is_asked_for(trained):
    run, _, images, _ = trained
    zeros, ones = (np.full(len(images), label) for label in (0, 1))
    first, second = (widget.grad_cam(run, images, label) for label in (zeros, ones))
    assert first.min() >= 0 and not np.allclose(first, second)


@pytest.mark.parametrize("picture", [1, 7, widget.SHOWN])
def test_the_widget_tells_what_the_network_says(trained, picture):
    run, classes, images, labels = trained
    drawn = widget.draw("faces", picture)
    chances = run.predict(images[picture - 1 : picture])[0]
    said = classes[chances.argmax()]
    assert f"says {said} with probability {chances.max():.2f}" in drawn.alt
    right = said == classes[labels[picture - 1]]
    assert ("which is right" if right else "but it is") in drawn.alt


def test_pictures_with_heat():
    images = np.full((3, 8, 8, 3), 200.0)
    heats = np.zeros((3, 4, 4))
    heats[:, 1, 2] = [1, 2, 3]
    picture = figures.heat_overlay(images, heats, ["a", "b", "c"])
    assert "3 pictures" in picture.alt and "a, b, c" in picture.alt
    veil = picture.fig.axes[0].images[1].get_array()
    assert veil[..., 3].max() == pytest.approx(0.75)  # dark where there is no heat
    assert veil[2, 4:6, 3].max() < 0.4 < veil[6, 0, 3]
    with pytest.raises(ValueError, match="one title per picture"):
        figures.heat_overlay(images, heats, ["a"])
    with pytest.raises(ValueError, match="A heat map for each picture"):
        figures.heat_overlay(images, heats[:2])
    with pytest.raises(ValueError, match="at least 0"):
        figures.heat_overlay(images, -heats)


def test_a_title_of_two_lines():
    images = np.zeros((2, 8, 8, 3))
    picture = plots.image_grid(images, ["Braeburn\nGala?", "Granny Smith\nyes"])
    assert picture.fig.axes[0].get_title(loc="center") == "Braeburn\nGala?"
