"""Figures and widget of the lesson, and the code that it writes out."""

import functools

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from tests.helpers import defined
from tlcourse import datasets, unsupervised
from tlcourse.lessons.self_supervised import figures, widget
from tlcourse.lessons.self_supervised.figures import similarity_matrix
from tlcourse.quiet import import_keras
from tlcourse.unsupervised import losses


@functools.cache
def faces():
    return datasets.load("faces").train.images


def view_grid(count, views, **options):
    return figures.view_grid(faces()[:count], views, **options)


def cosines(count=6, noise=1.0, seed=0):
    draw = np.random.default_rng(seed)
    views = np.tile(draw.normal(size=(count, 8)), (2, 1))
    views += noise * draw.normal(size=views.shape)
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    return views @ views.T


def every_view():
    return view_grid(4, {name: faces()[:4] for name in unsupervised.AUGMENTATIONS})


def show():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget, "DATA", ("faces", "digits"))
        widget.view_lab()


FIGURES = {
    "view_grid": (every_view,),
    "two_views": (lambda: view_grid(3, np.stack([faces()[:3], faces()[3:6]])),),
    "titled": (lambda: view_grid(2, {"a": faces()[:2]}, title="Two"), "Two. 2 pict"),
    "matrix": (lambda: similarity_matrix(cosines(8), pictures=faces()[:16]),),
    "plain_matrix": (lambda: similarity_matrix(cosines(3, noise=0.01)),),
}
SHOW, FIRST = show, "faces, changed by crop. 2 pictures"
CONTROLS = "data, change"
PICTURES = [functools.partial(widget.draw, "digits", x) for x in ("shift", "tilt")]
REFUSED = [
    ("views of each of the 4", lambda: view_grid(4, {"a": faces()[:3]})),
    ("these have none", lambda: view_grid(4, {})),
    ("square matrix", lambda: similarity_matrix(np.eye(5))),
    ("6 rows, not 2", lambda: similarity_matrix(np.eye(6), pictures=faces()[:2])),
]


def test_views_are_the_pictures_that_were_given():
    grid = view_grid(3, {"one": faces()[10:13], "any_way_up": faces()[20:23]})
    drawn = [image for axes in grid.fig.axes for image in axes.images]
    wanted = [k + shift for k in range(3) for shift in (0, 10, 20)]
    for image, index in zip(drawn, wanted, strict=True):
        np.testing.assert_array_equal(image.get_array(), faces()[index].astype("uint8"))
    assert "one, any way up" in grid.alt


@pytest.mark.parametrize("noise", [0.01, 2.0])
def test_the_right_answers_are_framed_and_counted(noise):
    matrix = cosines(6, noise)
    picture = similarity_matrix(matrix)
    frames = [p for p in picture.fig.axes[0].patches if isinstance(p, Rectangle)]
    at = [tuple(np.round(p.get_xy() + np.array([0.46, 0.46]))) for p in frames]
    right = [((row + 6) % 12, row) for row in range(12)]
    assert at.count(right[0]) == 1 and set(right) <= set(at)
    others = matrix - 9 * np.eye(12)
    found = sum(others[y].argmax() == x for x, y in right)
    assert len(frames) == 12 + (12 - found)
    assert f"In {found} of 12 rows" in picture.alt
    assert (found == 12) == (noise < 1)


@pytest.mark.parametrize("data", widget.DATA)
def test_the_widget_shows_a_picture_of_each_class(data):
    kinds = min(4, len(datasets.load(data).classes))
    picture = widget.draw(data, "shift")
    assert f"{data}, changed by shift. {kinds} pictures" in picture.alt


def two_views(*shape):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype("float32") for _ in range(2)]


def test_the_loss_that_is_written_out_is_the_packages():
    first, second = two_views(7, 4)
    ops = import_keras().ops
    ours = defined("self_supervised", "nt_xent", ops=ops)["nt_xent"]
    both = np.concatenate([first, second])
    assert float(ours(both)) == pytest.approx(
        float(losses.nt_xent(first, second)), rel=1e-5
    )
