"""Figures and widget of the lesson: what they draw, say in words, and refuse."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import threadpoolctl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from PIL import Image

from tlcourse import datasets, plots, unsupervised
from tlcourse.lessons.clusters import figures, hovering, self_supervision, widget
from tlcourse.widgets.static_first import StaticFirst

ROWS = [np.array([5, 2, 9]), np.array([1]), np.array([7, 8])]
SANITISER = Path(__file__).parent / "lessons" / "sanitise.cfg"
WIDEST = 7.4  # inches that a page has room for


@pytest.fixture(autouse=True)
def one_thread():
    with threadpoolctl.threadpool_limits(1):  # small matrices: two threads wait
        yield


@pytest.fixture(scope="module")
def faces():
    return datasets.load("faces").train.images


def some_map(count=60, clusters=5, seed=0):
    draw = np.random.default_rng(seed)
    members = np.arange(count) % clusters
    middles = draw.normal(size=(clusters, 2)) * 6
    return middles[members] + draw.normal(size=(count, 2)), members


def cosines(count=6, noise=1.0, seed=0):
    draw = np.random.default_rng(seed)
    views = np.tile(draw.normal(size=(count, 8)), (2, 1))
    views += noise * draw.normal(size=views.shape)
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    return views @ views.T


def numbers(best_silhouette=4, best_bic=6, ks=range(2, 11)):
    return pd.DataFrame({
        "k": ks,
        "inertia": [1e5 / k for k in ks],
        "silhouette": [0.5 - 0.03 * abs(k - best_silhouette) for k in ks],
        "bic": [-12345 + 678.0 * (k - best_bic) ** 2 for k in ks],
    }, index=range(100, 100 + len(ks)))  # fmt: skip


SCORES = {"No label": {"silhouette": -0.1}, "With labels": {"NMI": 0.4, "accuracy": 1}}


def lab(images, chosen=1, points=None):
    points, members = some_map() if points is None else points
    return figures.cluster_lab(
        points, members, images, SCORES, chosen, [1, 2, 3], [4, 5], title="A lab"
    )


FIGURES = {
    "view_grid": lambda x: self_supervision.view_grid(
        x[:4], {name: x[:4] for name in unsupervised.AUGMENTATIONS}
    ),
    "two_views": lambda x: self_supervision.view_grid(x[:3], np.stack([x[:3], x[3:6]])),
    "similarity_matrix": lambda x: self_supervision.similarity_matrix(
        cosines(8), pictures=x[:16]
    ),
    "plain_matrix": lambda x: self_supervision.similarity_matrix(
        cosines(3, noise=0.01)
    ),
    "cluster_rows": lambda x: figures.cluster_rows(x, ROWS),
    "cluster_rows_odd": lambda x: figures.cluster_rows(
        x, ROWS * 4, [f"cluster {k}, 99 pictures" for k in range(12)], odd=ROWS * 4
    ),
    "cluster_map": lambda x: figures.cluster_map(*some_map(), title="A map"),
    "map_of_many": lambda x: figures.cluster_map(*some_map(99, 20)),
    "numbers_of_clusters": lambda x: figures.numbers_of_clusters(numbers()),
    "cluster_lab": lambda x: lab(x[:60]),
}


@pytest.fixture(scope="module", params=FIGURES)
def picture(request, faces):
    return FIGURES[request.param](faces)


def test_every_figure_is_drawn_described_and_fits_the_page(picture):
    image = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))
    assert image.std() > 5 and picture.fig.get_figwidth() <= WIDEST
    margin = 0.3 * 110  # what 'tight' adds on both sides, at 110 pixels an inch
    assert image.shape[1] <= WIDEST * 110 + margin  # nothing sticks out
    assert len(picture.alt) > 15 and picture.alt.endswith(".")


def words_of(axes):
    """What is written in and around axes: titles, texts, and ticks in view."""
    yield from [axes.title, axes._left_title, *axes.texts]
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for at, label in zip(axis.get_majorticklocs(), axis.get_majorticklabels(),
                             strict=True):  # fmt: skip
            if low <= at <= high:
                yield label


def test_no_words_lie_on_other_words(picture):
    picture.fig.draw_without_rendering()
    renderer = FigureCanvasAgg(picture.fig).get_renderer()
    for axes in picture.fig.axes:
        # Numbers of clusters lie where the clusters are.
        if not axes.axison or len(axes.collections) > 1:
            continue
        words = [words for words in words_of(axes) if words.get_text()]
        boxes = [each.get_window_extent(renderer).padded(-1) for each in words]
        for k, box in enumerate(boxes):
            over = [w.get_text() for w, b in zip(words, boxes[:k], strict=False)
                    if box.overlaps(b)]  # fmt: skip
            assert not over, f"{words[k].get_text()!r} lies on {over}"


# --- what the figures show ------------------------------------------------------------


def shown(axes):
    return [np.asarray(image.get_array()) for each in axes for image in each.images]


def test_views_stand_beside_their_pictures(faces):
    views = {"one": faces[10:13], "any_way_up": faces[20:23]}
    picture = self_supervision.view_grid(faces[:3], views)
    drawn = shown(picture.fig.axes)
    expected = [[faces[k], faces[10 + k], faces[20 + k]] for k in range(3)]
    for image, original in zip(drawn, sum(expected, []), strict=True):
        np.testing.assert_array_equal(image, original.astype(np.uint8))
    assert "one, any way up" in picture.alt


@pytest.mark.parametrize("noise", [0.01, 2.0])
def test_the_right_answers_are_framed_and_counted(noise):
    matrix = cosines(6, noise)
    picture = self_supervision.similarity_matrix(matrix)
    frames = [p for p in picture.fig.axes[0].patches if isinstance(p, Rectangle)]
    at = [tuple(np.round(p.get_xy() + np.array([0.46, 0.46]))) for p in frames]
    right = [((row + 6) % 12, row) for row in range(12)]
    assert at[: len(at)].count(right[0]) == 1 and set(right) <= set(at)
    others = matrix - 9 * np.eye(12)
    found = sum(others[y].argmax() == x for x, y in right)
    assert len(frames) == 12 + (12 - found)
    assert f"In {found} of 12 rows" in picture.alt
    assert (found == 12) == (noise < 1)


def test_rows_show_the_pictures_that_were_asked_for(faces):
    odd = [np.array([11]), np.array([12, 13]), np.array([], int)]
    picture = figures.cluster_rows(faces, ROWS, ["a, 3", "b, 1", "c, 2"], odd=odd)
    wanted = [5, 2, 9, 11, 1, 12, 13, 7, 8]
    for image, index in zip(shown(picture.fig.axes), wanted, strict=True):
        np.testing.assert_array_equal(image, faces[index].astype(np.uint8))
    words = [t.get_text() for axes in picture.fig.axes for t in axes.texts]
    assert {"a\n3", "b\n1", "c\n2", "nearest the centre", "odd ones out"} == set(words)
    assert "a with 3, b with 1, c with 2" in picture.alt


def test_rings_are_where_the_scores_are_best():
    picture = figures.numbers_of_clusters(numbers(5, 8))
    rings = [
        line.get_xdata()[0]
        for axes in picture.fig.axes
        for line in axes.lines
        if line.get_fillstyle() == "none"
    ]
    assert rings == [5, 8]
    assert "silhouette is best at 5" in picture.alt
    assert "mixture is best at 8 clusters" in picture.alt


def test_clusters_differ_in_more_than_colour():
    picture = figures.cluster_map(*some_map(120, widget.MOST_CLUSTERS))
    marks = [
        (tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes())
        for c in picture.fig.axes[0].collections
    ]
    assert len(set(marks)) == widget.MOST_CLUSTERS
    assert len({shape for _, shape in marks}) >= 8


# --- pointing at a map ----------------------------------------------------------------


def test_spots_lie_on_their_marks(faces):
    # Far apart, and the number of a cluster between its two points.
    points = np.array([[0, 0], [0, 9], [5, 1], [5, 7], [9, 0], [9, 9]], float)
    members = np.repeat([0, 1, 2], 2)
    picture = lab(faces[:6], points=(points, members))
    image = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"), int)
    assert picture.places.shape == (6, 2)
    for (x, y), k in zip(picture.places, members, strict=True):
        pixel = image[int(y * image.shape[0]), int(x * image.shape[1])]
        colour = [int(plots.PALETTE[k][i : i + 2], 16) for i in (1, 3, 5)]
        strength = (255 - pixel) / (255 - np.array(colour))
        # Half for a faint mark; less where its edge shares the pixel; 0 beside it.
        assert 0.25 < strength.mean() <= 1.05 and np.ptp(strength) < 0.1


def markup(picture):
    bundle, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == picture.alt
    assert base64.b64decode(bundle["image/png"]) == picture.png
    return bundle["text/html"]


def test_a_map_without_pictures_has_no_spots():
    assert "<i " not in markup(figures.cluster_map(*some_map()))


def test_each_spot_has_a_picture_and_screen_readers_the_description(faces):
    picture = lab(faces[:60])
    page = markup(picture)
    assert page.count("<i ") == 60 and page.count('tabindex="-1"') == 60
    assert page.count("<img") == 1 and f'alt="{picture.alt}"' in page
    assert '<span aria-hidden="true"><i ' in page and "<script" not in page
    assert 'data-says="no. 59, cluster 5"' in page
    at = re.findall(r"--at:(-\d+)px (-\d+)px", page)
    assert len(set(at)) == 60 and at[21] == ("-96", "-96")
    assert page == markup(lab(faces[:60]))  # no random names


def test_a_stored_map_reads_the_same_where_points_lie_elsewhere(faces):
    rules = re.findall(
        "^regex: (.*)$\n^replace: (.*)$", SANITISER.read_text("utf-8"), re.MULTILINE
    )  # as nbval reads it
    assert rules
    pages = [markup(lab(faces[:60], points=some_map(seed=seed))) for seed in (0, 1)]
    assert pages[0] != pages[1]
    for regex, replace in rules:
        pages = [re.sub(regex, replace, page) for page in pages]
    assert pages[0] == pages[1]


def test_the_sheet_holds_the_pictures_in_order(faces):
    sheet = Image.open(io.BytesIO(hovering.sheet(faces[:50].astype(np.uint8))))
    tiles = np.asarray(sheet, int)
    side = faces.shape[1]
    assert tiles.shape == (3 * side, 20 * side, 3)
    for index in (0, 19, 20, 49):
        row, column = divmod(index, 20)
        tile = tiles[row * side :][:side, column * side :][:, :side]
        assert np.abs(tile - faces[index].astype(np.uint8)).max() <= 4


def test_a_full_map_is_no_burden_for_a_notebook():
    noise = np.random.default_rng(0).integers(0, 256, (hovering.MOST, 48, 48, 3))
    photos = datasets.load("photos").train.images
    images = np.concatenate([photos, noise])[: hovering.MOST]
    page = markup(lab(images, points=some_map(len(images))))
    assert len(page) < 1.5e6


# --- what they refuse -----------------------------------------------------------------

POINTS, MEMBERS = some_map(10)
REFUSED = {
    "gives views of each of the 4": lambda x: self_supervision.view_grid(
        x[:4], {"a": x[:3]}
    ),
    "these have none": lambda x: self_supervision.view_grid(x[:4], {}),
    "square matrix": lambda x: self_supervision.similarity_matrix(np.eye(5)),
    "each of its 6 rows, not 2": lambda x: self_supervision.similarity_matrix(
        np.eye(6), pictures=x[:2]
    ),
    "at least one cluster": lambda x: figures.cluster_rows(x, []),
    "1 names": lambda x: figures.cluster_rows(x, ROWS, ["a"]),
    "2 lists of odd ones": lambda x: figures.cluster_rows(x, ROWS, odd=ROWS[:2]),
    "one picture in a row": lambda x: figures.cluster_rows(x, [[], []]),
    "images of the shape": lambda x: figures.cluster_rows(np.zeros(9), ROWS),
    "points of the shape": lambda x: figures.cluster_map(np.zeros((4, 3)), [0] * 4),
    "one cluster for each": lambda x: figures.cluster_map(POINTS, [0, 1]),
    "clusters from 0 up": lambda x: figures.cluster_map(POINTS, MEMBERS - 1),
    "each of its 10 points": lambda x: lab(x[:9], points=(POINTS, MEMBERS)),
    "each of 5 clusters, not 1": lambda x: figures.cluster_map(
        POINTS, MEMBERS, names=["a"]
    ),
    f"takes {hovering.MOST} at most": lambda x: lab(
        np.resize(x, (hovering.MOST + 1, 4, 4, 3)), points=some_map(hovering.MOST + 1)
    ),
    "no bic": lambda x: figures.numbers_of_clusters(numbers().drop(columns="bic")),
    "at least one row": lambda x: figures.numbers_of_clusters(numbers()[:0]),
    "Cluster 7 has no picture": lambda x: lab(x[:60], chosen=7),
}


@pytest.mark.parametrize("words", REFUSED)
def test_bad_input_is_refused_in_one_sentence(words, faces):
    with pytest.raises(ValueError, match=words.removeprefix("gives ")) as problem:
        REFUSED[words](faces)
    assert "\n" not in str(problem.value) and str(problem.value).endswith(".")


# --- the widget -----------------------------------------------------------------------


@pytest.mark.parametrize("data", widget.DATA)
def test_the_widget_draws_each_data_set(data):
    picture = widget.draw(data, "glyphs", "pca", 3, 2)
    images, _ = widget.some(data)
    assert isinstance(picture, hovering.HoverPicture)
    assert f"{data} by glyphs: 3 clusters, PCA" in picture.alt
    members = widget.clustered(data, "glyphs", 3).members
    assert f"Map of {len(images)} pictures" in picture.alt
    assert f"Cluster 2 has {(members == 1).sum()} pictures" in picture.alt
    assert len(markup(picture)) < 1.5e6


def test_the_widget_tells_scores_and_shows_the_cluster():
    picture = widget.draw("digits", "glyphs", "tsne", 10, 4)
    vectors, clusters = (
        widget.described("digits", "glyphs"),
        widget.clustered("digits", "glyphs", 10),
    )
    images, labels = widget.some("digits")
    for name, value in {
        "silhouette": unsupervised.silhouette(vectors, clusters.members),
        "NMI": unsupervised.nmi(labels, clusters.members),
        "accuracy": unsupervised.clustering_accuracy(labels, clusters.members),
    }.items():
        assert f"{name} {value:.2f}" in picture.alt
    near = unsupervised.nearest(clusters, vectors, widget.NEAR)[3]
    drawn = shown(picture.fig.axes)
    np.testing.assert_array_equal(drawn[0], images[near[0]].astype(np.uint8))
    assert widget.draw("digits", "glyphs", "tsne", 10, 4) is picture  # no second work


def test_labels_are_for_scores_alone(monkeypatch):
    before = widget.clustered("faces", "pixels", 2).members
    images, labels = widget.some("faces")
    told = widget.scored("faces", "pixels", 2)
    cached = (widget.some, widget.described, widget.clustered, widget.scored)
    for each in cached:
        each.cache_clear()
    task = datasets.load("faces")
    shuffled = np.random.default_rng(1).permutation(task.train.labels)
    monkeypatch.setattr(datasets, "load", lambda _: Shuffled(task, shuffled))
    np.testing.assert_array_equal(widget.some("faces")[0], images)
    after = widget.clustered("faces", "pixels", 2).members
    np.testing.assert_array_equal(after, before)
    assert widget.scored("faces", "pixels", 2) != told
    for each in cached:
        each.cache_clear()


class Shuffled:
    """A task whose labels belong to other pictures."""

    def __init__(self, task, labels):
        self.train = Split(task.train.images, labels)


class Split:
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.images)


def test_no_more_clusters_to_look_into_than_there_are():
    k, cluster = widget._sliders()
    cluster.value = k.value
    k.value = 2
    assert cluster.max == cluster.value == 2
    k.value = 9
    assert cluster.max == 9 and cluster.value == 2


def test_controls_change_the_figure(monkeypatch, capsys):
    made, show = [], StaticFirst.show

    def remembered(self):
        made.append(self)
        show(self)

    monkeypatch.setattr(StaticFirst, "show", remembered)
    monkeypatch.setattr(widget, "DATA", ("faces", "digits"))
    widget.cluster_lab("pixels")  # any name of features will do
    [explorer] = made
    said = capsys.readouterr().out
    assert said.startswith("faces by raw pixels: 4 clusters, t-SNE.")
    assert "Controls: data, features, projection, clusters, k, look into" in said
    explorer.controls["k"].value = 2
    assert "in 2 clusters" in explorer.picture.alt
    explorer.controls["cluster"].value = 2
    assert "Cluster 2 has" in explorer.picture.alt
    explorer.controls["data"].value = "digits"
    assert explorer.picture.alt.startswith("digits by raw pixels: 2 clusters")
    assert 'role="status"' in explorer.message.value
