"""Figures and widget of the lesson."""

import dataclasses
import functools
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.helpers import ROOT, pixels, words_in
from tlcourse import datasets, plots, unsupervised
from tlcourse.lessons.clusters import figures, hovering, widget
from tlcourse.lessons.clusters.figures import numbers_of_clusters
from tlcourse.widgets.static_first import StaticFirst

ROWS = [np.array([5, 2, 9]), np.array([1]), np.array([7, 8])]


@functools.cache
def faces():
    return datasets.load("faces").train.images


def cluster_rows(rows=ROWS, names=None, **options):
    return figures.cluster_rows(faces(), rows, names, **options)


def some_map(count=60, clusters=5, seed=0):
    draw = np.random.default_rng(seed)
    members = np.arange(count) % clusters
    middles = draw.normal(size=(clusters, 2)) * 6
    return middles[members] + draw.normal(size=(count, 2)), members


def numbers(best=4, ks=range(2, 11)):
    return pd.DataFrame({
        "k": ks,
        "inertia": [1e5 / k for k in ks],
        "silhouette": [0.5 - 0.03 * abs(k - best) for k in ks],
    }, index=range(100, 100 + len(ks)))  # fmt: skip


SCORES = {"No label": {"silhouette": -0.1}, "With labels": {"NMI": 0.4, "accuracy": 1}}


def lab(images=None, chosen=1, points=None):
    images = faces()[:60] if images is None else images
    points, members = some_map() if points is None else points
    return figures.cluster_lab(
        points, members, images, SCORES, chosen, [1, 2, 3], [4, 5], title="A lab"
    )


def too_many(count=hovering.MOST + 1):
    return lab(np.resize(faces(), (count, 4, 4, 3)), points=some_map(count))


def odd_rows():
    names = [f"cluster {k}, 99 pictures" for k in range(12)]
    return cluster_rows(ROWS * 4, names, odd=ROWS * 4)


def show():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget, "DATA", ("faces", "digits"))
        widget.cluster_lab("pixels")  # any name of features will do


FIGURES = {
    "cluster_rows": (cluster_rows,),
    "cluster_rows_odd": (odd_rows,),
    "numbers_of_clusters": (lambda: numbers_of_clusters(numbers()),),
    "cluster_lab": (lambda: lab(),),
}
SHOW, FIRST = show, "faces by raw pixels: 4 clusters, t-SNE."
CONTROLS = "data, features, projection, clusters, k, look into"
draw_faces = functools.partial(widget.draw, "faces", "pixels", "pca")
PICTURES = [functools.partial(draw_faces, k, 1) for k in (2, 3)]
POINTS, MEMBERS = some_map(10)
REFUSED = [
    ("at least one cluster", lambda: cluster_rows([])),
    ("1 names", lambda: cluster_rows(ROWS, ["a"])),
    ("2 lists of odd ones", lambda: cluster_rows(odd=ROWS[:2])),
    ("one picture in a row", lambda: cluster_rows([[], []])),
    ("images of the shape", lambda: figures.cluster_rows(np.zeros(9), ROWS)),
    ("points of the shape", lambda: lab(points=(np.zeros((4, 3)), [0] * 4))),
    ("one cluster for each", lambda: lab(points=(POINTS, [0, 1]))),
    ("clusters from 0 up", lambda: lab(points=(POINTS, MEMBERS - 1))),
    ("each of its 10 points", lambda: lab(faces()[:9], points=(POINTS, MEMBERS))),
    (f"takes {hovering.MOST} at most", too_many),
    ("no inertia", lambda: numbers_of_clusters(numbers().drop(columns="inertia"))),
    ("at least one row", lambda: numbers_of_clusters(numbers()[:0])),
    ("Cluster 7 has no picture", lambda: lab(chosen=7)),
]


def shown(picture):
    images = [image for axes in picture.fig.axes for image in axes.images]
    return [np.asarray(image.get_array()) for image in images]


def test_rows_show_the_pictures_that_were_asked_for():
    odd = [np.array([11]), np.array([12, 13]), np.array([], int)]
    rows = cluster_rows(ROWS, ["a, 3", "b, 1", "c, 2"], odd=odd)
    for image, index in zip(shown(rows), [5, 2, 9, 11, 1, 12, 13, 7, 8], strict=True):
        np.testing.assert_array_equal(image, faces()[index].astype(np.uint8))
    words = [each for axes in rows.fig.axes for each in words_in(axes)]
    assert {"a\n3", "b\n1", "c\n2", "nearest the centre", "odd ones out"} == set(words)
    assert "a with 3, b with 1, c with 2" in rows.alt


def test_a_ring_is_where_the_silhouette_is_best():
    picture = numbers_of_clusters(numbers(5))
    lines = [line for axes in picture.fig.axes for line in axes.lines]
    rings = [r.get_xdata()[0] for r in lines if r.get_fillstyle() == "none"]
    assert rings == [5]
    assert "silhouette is best at 5" in picture.alt


def test_spots_lie_on_their_marks():
    # Far apart, and the number of a cluster between its two points.
    points = np.array([[0, 0], [0, 9], [5, 1], [5, 7], [9, 0], [9, 9]], float)
    members = np.repeat([0, 1, 2], 2)
    picture = lab(faces()[:6], points=(points, members))
    image = pixels(picture).astype(int)
    assert picture.places.shape == (6, 2)
    for (x, y), k in zip(picture.places, members, strict=True):
        pixel = image[int(y * image.shape[0]), int(x * image.shape[1])]
        colour = [int(plots.PALETTE[k][i : i + 2], 16) for i in (1, 3, 5)]
        strength = (255 - pixel) / (255 - np.array(colour))
        # Half for a faint mark; less where its edge shares the pixel; 0 beside it.
        assert 0.25 < strength.mean() <= 1.05 and np.ptp(strength) < 0.1


def markup(picture):
    return picture._repr_mimebundle_()[0]["text/html"]


def test_each_spot_has_a_picture_and_screen_readers_the_description():
    picture = lab()
    page = markup(picture)
    assert page.count("<i ") == 60 and page.count('tabindex="-1"') == 60
    assert page.count("<img") == 1 and f'alt="{picture.alt}"' in page
    assert '<span aria-hidden="true"><i ' in page and "<script" not in page
    assert 'data-says="no. 59, cluster 5"' in page
    at = re.findall(r"--at:(-\d+)px (-\d+)px", page)
    assert len(set(at)) == 60 and at[21] == ("-96", "-96")
    assert page == markup(lab())  # no random names


def test_a_stored_map_reads_the_same_where_points_lie_elsewhere():
    sanitiser = (ROOT / "tests" / "notebooks" / "sanitise.cfg").read_text("utf-8")
    rules = re.findall("^regex: (.*)$\n^replace: (.*)$", sanitiser, re.M)  # as nbval
    assert rules
    pages = [markup(lab(points=some_map(seed=seed))) for seed in (0, 1)]
    assert pages[0] != pages[1]
    for regex, replace in rules:
        pages = [re.sub(regex, replace, page) for page in pages]
    assert pages[0] == pages[1]


def test_the_sheet_holds_the_pictures_in_order_and_a_full_map_is_no_burden():
    sheet = Image.open(io.BytesIO(hovering.sheet(faces()[:50].astype(np.uint8))))
    tiles = np.asarray(sheet, int)
    side = faces().shape[1]
    assert tiles.shape == (3 * side, 20 * side, 3)
    for index in (0, 19, 20, 49):
        row, column = divmod(index, 20)
        tile = tiles[row * side :][:side, column * side :][:, :side]
        assert np.abs(tile - faces()[index].astype(np.uint8)).max() <= 4
    noise = np.random.default_rng(0).integers(0, 256, (hovering.MOST, 48, 48, 3))
    photos = datasets.load("photos").train.images
    images = np.concatenate([photos, noise])[: hovering.MOST]
    assert len(markup(lab(images, points=some_map(len(images))))) < 1.5e6


@pytest.mark.parametrize("data", widget.DATA)
def test_the_widget_draws_each_data_set(data):
    picture = widget.draw(data, "glyphs", "pca", 3, 2)
    images, _ = widget.some(data)
    assert isinstance(picture, hovering.HoverPicture)
    assert f"{data} by glyphs: 3 clusters, PCA" in picture.alt
    members = widget.clustered(data, "glyphs", 3).members
    assert f"Map of {len(images)} pictures" in picture.alt
    assert f"Cluster 2 has {(members == 1).sum()} pictures" in picture.alt
    assert len(picture._repr_mimebundle_()[0]["text/html"]) < 1.5e6


def test_the_widget_tells_scores_and_shows_the_cluster():
    picture = widget.draw("digits", "glyphs", "tsne", 10, 4)
    vectors = widget.described("digits", "glyphs")
    clusters = widget.clustered("digits", "glyphs", 10)
    images, labels = widget.some("digits")
    for name, value in {
        "silhouette": unsupervised.silhouette(vectors, clusters.members),
        "NMI": unsupervised.nmi(labels, clusters.members),
        "accuracy": unsupervised.clustering_accuracy(labels, clusters.members),
    }.items():
        assert f"{name} {value:.2f}" in picture.alt
    near = unsupervised.nearest(clusters, vectors, widget.NEAR)[3]
    np.testing.assert_array_equal(shown(picture)[0], images[near[0]].astype(np.uint8))
    assert widget.draw("digits", "glyphs", "tsne", 10, 4) is picture  # no second work


def test_labels_are_for_scores_alone(monkeypatch):
    caches = (widget.some, widget.described, widget.clustered, widget.scored)
    before = widget.clustered("faces", "pixels", 2).members
    images, told = widget.some("faces")[0], widget.scored("faces", "pixels", 2)
    for each in caches:
        each.cache_clear()
    task = datasets.load("faces")
    labels = np.random.default_rng(1).permutation(task.train.labels)
    train = dataclasses.replace(task.train, labels=labels)
    shuffled = dataclasses.replace(task, train=train)
    monkeypatch.setattr(datasets, "load", lambda _: shuffled)
    np.testing.assert_array_equal(widget.some("faces")[0], images)
    after = widget.clustered("faces", "pixels", 2).members
    np.testing.assert_array_equal(after, before)
    assert widget.scored("faces", "pixels", 2) != told
    for each in caches:
        each.cache_clear()


def test_controls_change_the_figure_and_offer_clusters_that_there_are(monkeypatch):
    made, show_it = [], StaticFirst.show

    def remembered(self):
        made.append(self)
        show_it(self)

    monkeypatch.setattr(StaticFirst, "show", remembered)
    show()
    [explorer] = made
    explorer.controls["k"].value = 2
    assert "in 2 clusters" in explorer.picture.alt
    explorer.controls["cluster"].value = 2
    assert "Cluster 2 has" in explorer.picture.alt
    explorer.controls["data"].value = "digits"
    assert explorer.picture.alt.startswith("digits by raw pixels: 2 clusters")
    assert 'role="status"' in explorer.message.value
    k, cluster = widget._sliders()
    cluster.value = k.value
    k.value = 2
    assert cluster.max == cluster.value == 2
    k.value = 9
    assert cluster.max == 9 and cluster.value == 2
