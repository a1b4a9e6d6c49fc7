"""Unsupervised methods: against literal loops and brute force, and without a label."""

import inspect
import itertools
import sys

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import refused
from tlcourse import unsupervised
from tlcourse.quiet import import_keras
from tlcourse.unsupervised import __main__ as command
from tlcourse.unsupervised import augmentations, losses, scores, self_supervised

SEEDS = range(5)
NOISE = np.random.default_rng(0).uniform(0, 255, (40, 16, 16, 3)).astype("float32")
TRAINING = ("simclr", "vicreg")


@pytest.fixture(scope="module")
def images():
    return tl.datasets.load("digits", per_class=13).train.images


def train(name, backbone, images, **options):
    """Any of the methods that train, for as short as it can be."""
    options = {"augmentations": ("shift", "light"), **options}  # quickly traced
    return getattr(unsupervised, name)(backbone, images, **{"steps": 2, **options})


def two_clouds(seed, k=3, each=30, d=5, apart=8.0):
    rng = np.random.default_rng(seed)
    centres = apart * rng.normal(size=(k, d))
    labels = np.repeat(np.arange(k), each)
    return centres[labels] + rng.normal(size=(k * each, d)), labels


def pair(seed, n=7, d=5):
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(n, d)).astype("float32")
    return first, (first + rng.normal(size=(n, d))).astype("float32")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_equals_a_literal_loop_and_similarities_are_cosines(seed, temperature):
    first, second = pair(seed)
    views = np.array([v / np.sqrt((v**2).sum()) for v in (*first, *second)])
    n, total = len(first), 0.0
    for i, view in enumerate(views):
        alike = np.exp(views @ view / temperature)
        total -= np.log(alike[(i + n) % (2 * n)] / np.delete(alike, i).sum())
    found = float(losses.nt_xent(first, second, temperature))
    assert found == pytest.approx(total / (2 * n), rel=1e-4)
    same = np.ones((6, 4), "float32")  # a collapse: the logarithm of the others
    assert float(losses.nt_xent(same, same)) == pytest.approx(np.log(11), rel=1e-4)
    alike = np.asarray(losses.similarities(first, second))
    assert alike.shape == (14, 14) and np.allclose(np.diag(alike), 1, atol=1e-5)
    assert np.allclose(alike, views @ views.T, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weights", [(25, 25, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_vicreg_equals_its_formula(seed, weights):
    first, second = pair(seed)
    apart, narrow, twice = ((first - second) ** 2).mean(), 0, 0
    for view in (first, second):
        covariance = np.cov(view.T)
        spread = np.sqrt(np.diag(covariance) + 1e-4)
        narrow += np.maximum(0, 1 - spread).mean() / 2
        twice += ((covariance - np.diag(np.diag(covariance))) ** 2).sum() / len(spread)
    expected = np.dot(weights, (apart, narrow, twice))
    found = float(losses.vicreg_loss(first, second, *weights))
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", augmentations.AUGMENTATIONS)
def test_each_augmentation_changes_pictures_and_stays_in_range(name, images):
    seen = unsupervised.views(images[:40], [name], count=3, seed=1)
    assert seen.shape == (3, 40, *images.shape[1:])
    assert seen.min() >= 0 and seen.max() <= 255
    seen = unsupervised.views(NOISE, [name], seed=1)
    assert not np.allclose(seen[0], seen[1])
    assert np.array_equal(seen, unsupervised.views(NOISE, [name], seed=1))


def test_a_picture_is_mirrored_or_not():
    (seen,) = unsupervised.views(NOISE, "mirror", count=1)
    kept = np.isclose(seen, NOISE).all((1, 2, 3))
    turned = np.isclose(seen, NOISE[:, :, ::-1]).all((1, 2, 3))
    assert (kept != turned).all() and 7 < turned.sum() < 33


@pytest.mark.parametrize("name", TRAINING)
def test_training_takes_no_label_and_moves_a_copy_of_the_backbone(name, short, images):
    parameters = list(inspect.signature(getattr(unsupervised, name)).parameters)
    assert parameters[:2] == ["backbone", "images"]
    assert not {"labels", "task", "y", "target"} & set(parameters)
    task = tl.datasets.load("digits", per_class=2)
    for given in (task, task.train, tl.datasets.load_unlabelled("digits")):
        words = "without labels: give task.train.images"
        refused(words, train, name, None, given)  # no backbone: no work has begun
    before = short.model.get_weights()
    trained = train(name, short, images)
    after, others = short.model.get_weights(), trained.model.get_weights()
    assert all(map(np.array_equal, before, after))
    kernels = ((a, b) for a, b in zip(before, others, strict=True) if a.ndim == 4)
    assert not any(np.allclose(a, b) for a, b in kernels)
    assert trained.features(images[:3]).shape == short.features(images[:3]).shape
    assert np.isfinite(trained.features(images)).all()


@pytest.mark.parametrize("name", ["MobileNet", "VGG16", "DenseNet121"])
def test_changed_pictures_are_scaled_as_the_backbone_scales_them(name, images):
    backbone = tl.backbones.load(name, source=None, input_size=32)
    keras, nothing = import_keras(), import_keras().layers.Identity()
    pictures = keras.Input((32, 32, 3))
    scale = keras.Model(pictures, self_supervised.encoder(backbone, nothing)(pictures))
    found = scale.predict(self_supervised.resized(images[:5], 32), verbose=0)
    wanted = backbone.preprocess(images[:5]).mean((1, 2))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_the_same_seed_gives_the_same(short, images):
    first, again, other = (train("simclr", short, images, seed=s) for s in (1, 1, 2))
    found = first.features(images)
    assert np.array_equal(found, again.features(images))
    assert not np.array_equal(found, other.features(images))


@pytest.mark.parametrize("steps, made", [(2, 2), (30, 50), (200, 200)])
def test_the_rate_runs_over_the_steps_that_are_made(steps, made):
    pace = self_supervised._pace(steps)
    rates = [float(pace(step)) for step in range(made + 1)]
    assert rates.index(max(rates)) == made // 10 and min(rates[:made]) > 0
    assert rates[made] == pytest.approx(0, abs=1e-9)


def test_losses_fall_and_a_stopped_run_goes_on(short, images, tmp_path, monkeypatch):
    options = {"steps": 100, "checkpoints": tmp_path}
    backup = import_keras().callbacks.BackupAndRestore
    keep = backup.on_epoch_end

    def stop(self, epoch, logs=None):
        keep(self, epoch, logs)
        if epoch == 1:
            raise RuntimeError("killed")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(backup, "on_epoch_end", stop)
        train("simclr", short, images, **options)
    again = train("simclr", short, images, **options)
    assert len(again.card["losses"]) == 2  # two of four were done
    card = train("simclr", short, images, steps=100).card
    assert len(card["losses"]) == 4 and card["losses"][-1] < card["losses"][0]
    assert card["then"] == "simclr" and "then" not in short.card


def test_without_variance_features_use_fewer_directions(short, images):
    cured, collapsed = (
        train("vicreg", short, images, steps=50, **options)
        for options in ({}, {"variance": 0, "covariance": 0})
    )
    assert collapsed.card["losses"][-1] < cured.card["losses"][-1]
    ranks = [scores.effective_rank(b.features(images)) for b in (collapsed, cured)]
    assert ranks[0] < ranks[1]


def test_the_command_keeps_weights_that_load(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = "unsupervised faces --method vicreg --steps 2"
    monkeypatch.setattr(sys, "argv", words.split())
    command.main()
    (kept,) = tmp_path.iterdir()  # no checkpoint and no draft is left
    said = capsys.readouterr().out
    assert "2 steps on 100 pictures" in said and f"load_weights('{kept.name}')" in said
    backbone = tl.backbones.load("mobilenet", "imagenet_distilled")
    task = tl.datasets.load("faces")
    before = unsupervised.knn_probe(backbone, task)
    backbone.model.load_weights(kept)
    after = unsupervised.knn_probe(backbone, task)
    assert f"kNN probe {before:.3f} before, {after:.3f} after" in said


def test_unusable_input_is_refused(short, images):
    ways = "augmentations"
    for pictures, options, sentence in (
        (images[:20], {}, "compared 64 at a time, and there are 20"),
        (images / 255, {}, "must lie in 0-255"),
        (images, {"steps": 0}, "whole number from 1 up, not 0"),
        (images, {ways: ["warp"]}, "no augmentation 'warp'. Choose from crop"),
        (images, {ways: []}, "two views are one picture"),
    ):
        refused(sentence, train, "simclr", short, pictures, **options)


@pytest.mark.parametrize("seed", SEEDS)
def test_clouds_far_apart_are_found_and_others_are_put_to_them(seed):
    features, labels = two_clouds(seed)
    features = features.astype("float32")  # as backbones give them
    clusters = unsupervised.kmeans(features[::2], 3, seed=seed)
    assert unsupervised.nmi(labels[::2], clusters.members) == 1
    assert unsupervised.nmi(labels, clusters.predict(features)) == 1
    for cluster in range(3):
        mean = features[::2][clusters.members == cluster].mean(0)
        assert np.allclose(clusters.centres[cluster], mean, atol=1e-4)


def test_small_features_are_clustered_alike_nearest_and_odd_ones_by_their_own_centre():
    features, _ = two_clouds(0, apart=1.0)
    plain, tiny = (unsupervised.kmeans(f, 3) for f in (features, features * 1e-18))
    assert np.array_equal(plain.members, tiny.members)
    assert np.array_equal(tiny.predict(features * 1e-18), tiny.members)
    for k in (1, 0, 2.5, 200):
        words = "whole number from 2 to the 90 pictures"
        refused(words, unsupervised.kmeans, features, k)
    features, _ = two_clouds(1)
    clusters = unsupervised.kmeans(features, 3)
    near = unsupervised.nearest(clusters, features, 4)
    odd = unsupervised.odd_ones_out(clusters, features, 4)
    for cluster in range(3):
        rows = np.flatnonzero(clusters.members == cluster)
        apart = np.linalg.norm(features[rows] - clusters.centres[cluster], axis=1)
        by_distance = list(rows[np.argsort(apart)])
        assert list(near[cluster]) == by_distance[:4]
        assert list(odd[cluster]) == by_distance[::-1][:4]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_silhouette_finds_three_clouds(seed):
    features, _ = two_clouds(seed, apart=12.0)
    table = unsupervised.how_many(features, range(2, 7), seed=seed)
    assert table["k"][table["silhouette"].argmax()] == 3
    assert table["inertia"].is_monotonic_decreasing


@pytest.mark.parametrize("seed", range(20))
def test_clustering_accuracy_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    k, classes = rng.integers(2, 6, 2)
    labels, members = rng.integers(0, classes, 40), rng.integers(0, k, 40)
    orders = itertools.permutations(range(max(k, classes)))
    best = max((np.take(order, members) == labels).sum() for order in orders)
    assert unsupervised.clustering_accuracy(labels, members) == best / 40


def test_scores_know_the_best_and_chance_and_effective_ranks_count_directions():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 400)
    renamed = np.array([7, 2, 9, 4])[labels]
    for score in (scores.nmi, scores.clustering_accuracy):
        assert score(labels, renamed) == pytest.approx(1)
        assert score(labels, rng.integers(0, 4, 400)) < 0.35
        refused("two lists of one length", score, labels, renamed[:-1])
    features, labels = two_clouds(0)
    assert scores.silhouette(features, labels) > 0.5
    refused("there are 1 of 90 pictures", scores.silhouette, features, 0 * labels)
    one = rng.normal(size=(50, 1)) @ rng.normal(size=(1, 8))
    assert scores.effective_rank(one) == pytest.approx(1)
    even = np.vstack([np.eye(4), -np.eye(4)])
    assert scores.effective_rank(even) == pytest.approx(4)


def test_the_knn_probe_counts_neighbours_of_test_pictures(short):
    task = tl.datasets.load("digits", per_class=6)
    ours, theirs = (short.features(s.images) for s in (task.train, task.test))
    right = 0
    for feature, label in zip(theirs, task.test.labels, strict=True):
        near = np.argsort(((ours - feature) ** 2).sum(1), kind="stable")[:5]
        right += np.bincount(task.train.labels[near]).argmax() == label
    found = unsupervised.knn_probe(short, task)
    assert found == pytest.approx(right / len(task.test), abs=0.01)


def test_projections_keep_clouds_apart():
    features, labels = two_clouds(0, apart=12.0)
    for method in ("pca", "tsne"):
        plane = unsupervised.project(features, method)
        assert plane.shape == (90, 2)
        assert scores.silhouette(plane, labels) > 0.5
        assert np.array_equal(plane, unsupervised.project(features, method))
    words = "no projection 'mds'. Choose one of pca"
    refused(words, unsupervised.project, features, "mds")
