"""The widget of the lesson."""

import dataclasses
import functools

import numpy as np
import pytest

from tests.lessons.clusters.test_figures import shown
from tlcourse import datasets, unsupervised
from tlcourse.lessons.clusters import hovering, widget
from tlcourse.widgets.static_first import StaticFirst

pytestmark = pytest.mark.usefixtures("one_thread")


def show():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget, "DATA", ("faces", "digits"))
        widget.cluster_lab("pixels")  # any name of features will do


SHOW, FIRST = show, "faces by raw pixels: 4 clusters, t-SNE."
CONTROLS = "data, features, projection, clusters, k, look into"
PICTURES = [
    functools.partial(widget.draw, "faces", "pixels", "pca", k, 1) for k in (2, 3)
]
REFUSED = []


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
    labels = np.random.default_rng(1).permutation(task.train.labels)
    train = dataclasses.replace(task.train, labels=labels)
    shuffled = dataclasses.replace(task, train=train)
    monkeypatch.setattr(datasets, "load", lambda _: shuffled)
    np.testing.assert_array_equal(widget.some("faces")[0], images)
    after = widget.clustered("faces", "pixels", 2).members
    np.testing.assert_array_equal(after, before)
    assert widget.scored("faces", "pixels", 2) != told
    for each in cached:
        each.cache_clear()


def test_no_more_clusters_to_look_into_than_there_are():
    k, cluster = widget._sliders()
    cluster.value = k.value
    k.value = 2
    assert cluster.max == cluster.value == 2
    k.value = 9
    assert cluster.max == 9 and cluster.value == 2


def test_controls_change_the_figure(monkeypatch):
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
