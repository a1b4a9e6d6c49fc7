"""The widget of the lesson, and the code that it writes out."""

import dataclasses
import functools

import numpy as np
import pytest

from tests.helpers import cells, defined
from tests.lessons.clusters import test_figures
from tests.lessons.clusters.test_figures import shown
from tlcourse import datasets, unsupervised
from tlcourse.lessons.clusters import hovering, widget
from tlcourse.unsupervised import losses
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
FIGURES, REFUSED = test_figures.FIGURES, test_figures.REFUSED


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


def forget():
    for each in (widget.some, widget.described, widget.clustered, widget.scored):
        each.cache_clear()


def test_labels_are_for_scores_alone(monkeypatch):
    before = widget.clustered("faces", "pixels", 2).members
    images, labels = widget.some("faces")
    told = widget.scored("faces", "pixels", 2)
    forget()
    task = datasets.load("faces")
    labels = np.random.default_rng(1).permutation(task.train.labels)
    train = dataclasses.replace(task.train, labels=labels)
    shuffled = dataclasses.replace(task, train=train)
    monkeypatch.setattr(datasets, "load", lambda _: shuffled)
    np.testing.assert_array_equal(widget.some("faces")[0], images)
    after = widget.clustered("faces", "pixels", 2).members
    np.testing.assert_array_equal(after, before)
    assert widget.scored("faces", "pixels", 2) != told
    forget()


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


def written_out(name, **given):
    return defined("clusters", name, **given)[name]


def two_views(*shape):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype("float32") for _ in range(2)]


def test_the_loss_of_the_rows_is_the_packages_loss():
    views = two_views(5, 4)
    row = written_out("nt_xent_of_row")
    cosines = np.array(losses.similarities(*views))
    mean = np.mean([row(cosines, i) for i in range(10)])
    assert mean == pytest.approx(float(losses.nt_xent(*views)), rel=1e-5)


def test_digits_are_placed_whole():
    images = np.random.default_rng(0).uniform(1, 255, (30, 8, 8, 3)).astype("float32")
    placed = written_out("placed")
    middle, moved = placed(images, 0, seed=1), placed(images, 1, seed=1)
    assert (middle[:, 2:10, 2:10] == images).all()
    assert moved.sum((1, 2, 3)) == pytest.approx(images.sum((1, 2, 3)), rel=1e-5)
    assert (moved != middle).any((1, 2, 3)).mean() > 0.5


def test_heads_trained_together_are_those_trained_alone():
    pair = two_views(64, 6)
    train = written_out("train_heads", pair=pair)
    weights = [{"variance": 25.0, "covariance": 10.0}, {"variance": 0.0}]
    together, alone = train(weights), train(weights[:1])
    found = together.predict(pair, verbose=0)[0], alone.predict(pair, verbose=0)
    assert np.allclose(found[0], np.squeeze(found[1]), atol=1e-3)


def test_labels_are_asked_for_where_the_ways_say():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    rich = np.eye(3)[labels] * 9 + rng.normal(size=(60, 3))
    found = written_out("asked")(rich, labels, 3, seed=0)
    assert (found["whole clusters"][1] == labels).all()
    for way in ("nearest the centres", "random"):
        chosen, told = found[way]
        assert len(set(chosen)) == 3 and (told == labels[chosen]).all()


def test_no_training_of_the_lesson_is_given_a_task_or_labels():
    lines = "\n".join(cells("clusters")).splitlines()
    [call] = [line for line in lines if ".simclr(" in line]
    assert "task" not in call and "labels" not in call
