"""Methods of domain adaptation: against closed forms, POT, and what must not matter."""

import dataclasses
import inspect

import keras
import numpy as np
import ot
import pytest
import scipy.linalg
import scipy.optimize
import tensorflow as tf
from scipy.spatial.distance import cdist

import tlcourse as tl
from tests.helpers import load_backbone, refused
from tlcourse import adaptation, batchnorm
from tlcourse.adaptation import batchnorm_only, deep, features
from tlcourse.adaptation.layers import GradientReversal
from tlcourse.adaptation.losses import BANDWIDTHS, coral_loss, mmd_loss, ramp
from tlcourse.datasets import Split, Unlabelled

SEEDS = range(5)
ALIGNING = ("subspace_alignment", "coral", "optimal_transport")
ON_FEATURES = ("source_only", "importance_weighting", *ALIGNING, "pseudo_labels")
DEEP = ("deep_coral", "mmd", "dann")
METHODS = (*ON_FEATURES, "adabn", "tent", "fine_tuned", *DEEP)
OPTIONS = {"dimensions", "regularisation", "threshold", "rounds", "epochs", "weight"}


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("glyphs", input_size=32)


@pytest.fixture(scope="module")
def source():
    return tl.datasets.load("digits", per_class=8, domain="fonts").train


@pytest.fixture(scope="module")
def images():
    return tl.datasets.load("digits", per_class=9).train.images


def two_clouds(seed, n=200, m=150, d=6):
    rng = np.random.default_rng(seed)
    ours = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)
    theirs = rng.normal(size=(m, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)
    return ours, theirs


def same(ours, theirs):
    return all(map(np.array_equal, ours, theirs))


@pytest.mark.parametrize("seed", SEEDS)
def test_coral_has_both_moments_equals_the_closed_form_and_bears_few_examples(seed):
    ours, theirs = two_clouds(seed)
    coloured = features.recolour(ours, theirs, regularisation=0)
    assert np.allclose(coloured.mean(0), theirs.mean(0), atol=1e-6)
    assert np.allclose(np.cov(coloured.T), np.cov(theirs.T), atol=1e-6)
    for regularisation in (0, 1):
        extra = regularisation * np.eye(6)
        whiten = scipy.linalg.inv(scipy.linalg.sqrtm(np.cov(ours.T) + extra))
        colour = scipy.linalg.sqrtm(np.cov(theirs.T) + extra)
        expected = (ours - ours.mean(0)) @ whiten.real @ colour.real + theirs.mean(0)
        assert np.allclose(features.recolour(ours, theirs, regularisation), expected)
    ours, theirs = two_clouds(seed, n=5, m=4, d=20)  # fewer than features
    assert np.isfinite(features.recolour(ours, theirs)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_transport_has_its_marginals_equals_pot_and_unblurred_is_cheapest(seed):
    ours, theirs = two_clouds(seed, n=40, m=25)
    cost = cdist(ours, theirs, "sqeuclidean")
    cost /= cost.mean()
    plan = features.sinkhorn(cost, 0.1)
    assert np.allclose(plan.sum(1), 1 / 40, rtol=1e-6)
    assert np.allclose(plan.sum(0), 1 / 25, rtol=1e-6)
    assert (plan >= 0).all()
    expected = ot.sinkhorn(ot.unif(40), ot.unif(25), cost, 0.1, stopThr=1e-12)
    assert np.allclose(plan, expected, atol=1e-8)
    cost = cdist(*two_clouds(seed, n=12, m=12))
    plan = features.sinkhorn(cost / cost.mean(), 0.002, most=20000)
    cheapest = cost[scipy.optimize.linear_sum_assignment(cost)].mean()
    assert np.isfinite(plan).all()
    assert cheapest - 1e-6 <= (plan * cost).sum() < 1.01 * cheapest


def test_importance_weights_favour_what_looks_like_the_target():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0, 1, (400, 2)), rng.normal(1, 1, (300, 2))
    weights = features.importance_weights(ours, theirs)
    assert weights.mean() == pytest.approx(1)
    assert np.corrcoef(weights, ours.sum(1))[0, 1] > 0.7
    alike = features.importance_weights(ours, rng.normal(0, 1, (300, 2)))
    # As many examples as would be worth as much if all counted the same (Kish, 1965).
    sizes = [each.sum() ** 2 / (each**2).sum() for each in (weights, alike)]
    assert 1 < sizes[0] < 0.8 * 400 and 0.9 * 400 < sizes[1] < 400


def mmd_by_formula(ours, theirs):
    both = np.concatenate([ours, theirs])
    unit = cdist(both, both, "sqeuclidean").mean()

    def mean(first, second):
        away = cdist(first, second, "sqeuclidean") / unit
        return np.mean([np.exp(-away / width) for width in BANDWIDTHS])

    return mean(ours, ours) + mean(theirs, theirs) - 2 * mean(ours, theirs)


def mmd_of(ours, theirs):
    return float(mmd_loss(ours.astype("float32"), theirs.astype("float32")))


def test_mmd_and_deep_coral_equal_their_formulas_and_are_zero_for_equal_samples():
    ours, theirs = two_clouds(0, n=12, m=9)
    assert mmd_of(ours, theirs) == pytest.approx(mmd_by_formula(ours, theirs), abs=1e-5)
    assert mmd_of(ours, ours) == pytest.approx(0, abs=1e-6)
    assert mmd_of(ours, ours[::-1]) == pytest.approx(0, abs=1e-6)
    ours, theirs = (x.astype("float32") for x in two_clouds(0))
    gap = np.cov(ours.T) - np.cov(theirs.T)
    expected = (gap**2).sum() / (4 * 6**2)
    assert float(coral_loss(ours, theirs)) == pytest.approx(expected, rel=1e-4)
    assert float(coral_loss(ours, ours)) == 0


def p_value(ours, theirs, rng, draws=99):
    """By permutation: how often chance parts the same examples as far or further."""
    both, n = np.concatenate([ours, theirs]), len(ours)
    found = mmd_of(ours, theirs)
    shuffled = [rng.permutation(both) for _ in range(draws)]
    more = sum(mmd_of(each[:n], each[n:]) >= found for each in shuffled)
    return (1 + more) / (1 + draws)


def test_mmd_agrees_with_a_permutation_test():
    alike, apart = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        ours, theirs = rng.normal(size=(2, 40, 3))
        alike.append(p_value(ours, theirs, rng))
        apart.append(p_value(ours, theirs + 1, rng))
    assert min(alike) > 0.01 and np.median(alike) > 0.1  # no shift, none found
    assert max(apart) == 0.01  # the least that 99 draws can give


def test_the_reversal_flips_the_gradient_exactly_and_is_ramped():
    inputs = tf.Variable(np.random.default_rng(0).normal(size=(5, 3)))
    weights = np.random.default_rng(1).normal(size=(5, 3))
    for strength in (0.0, 0.3, 1.0):
        with tf.GradientTape(persistent=True) as tape:
            through = tf.cast(inputs, "float32")
            plain = tf.reduce_sum(weights * tf.cast(through, "float64"))
            turned = GradientReversal()(through, strength=strength)
            reversed_ = tf.reduce_sum(weights * tf.cast(turned, "float64"))
        assert np.array_equal(through, turned)
        expected = -np.float32(strength) * tape.gradient(plain, through).numpy()
        assert np.array_equal(tape.gradient(reversed_, through).numpy(), expected)
    strengths = [float(ramp(progress)) for progress in np.linspace(0, 1, 11)]
    assert strengths[0] == 0 and strengths == sorted(strengths)
    assert strengths[1] == pytest.approx(2 / (1 + np.exp(-1)) - 1)
    assert strengths[-1] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", ON_FEATURES)
def test_labels_and_an_equal_target_change_nothing(name, backbone, source, images):
    method, found = getattr(adaptation, name), []
    task = tl.datasets.load("digits", per_class=6)
    labels = task.train.labels
    for given in (labels, np.random.default_rng(0).permutation(labels)):
        train = Split(task.train.images, given)
        target = Unlabelled(dataclasses.replace(task, train=train))
        found.append(method(backbone, source, target.images).predict(task.val.images))
        assert target.looks == 0
    assert np.array_equal(*found)
    plain = adaptation.source_only(backbone, source, source.images)
    little_blur = {"regularisation": 0.01} if name == "optimal_transport" else {}
    model = method(backbone, source, source.images, **little_blur)
    if name == "subspace_alignment":  # it keeps fewer directions, whatever the target
        aligned = model.features(source.images)
        assert np.allclose(aligned, model.source_features, atol=1e-4)
        return
    if name == "coral":
        mean, spread = plain.source_features.mean(0), plain.source_features.std(0)
        scaled = (plain.features(images) - mean) / np.where(spread == 0, 1, spread)
        assert np.allclose(model.features(images), scaled, atol=1e-4)
        assert np.allclose(plain.predict(images), model.predict(images), atol=1e-3)
    # Transport blurs, weights are estimated, and one's own answers are learnt again:
    # the probabilities move a little, the answers to the source's pictures don't.
    said = model.predict(source.images).argmax(1)
    assert np.array_equal(said, plain.predict(source.images).argmax(1))


def test_no_step_is_source_only_adabn_a_head_on_statistics(backbone, source, images):
    for same, name, nothing in (
        (adaptation.source_only, "pseudo_labels", {"rounds": 0}),
        (adaptation.adabn, "tent", {"epochs": 0}),
    ):
        plain = same(backbone, source, images).predict(images)
        model = getattr(adaptation, name)(backbone, source, images, **nothing)
        assert np.array_equal(plain, model.predict(images)), name
    model = adaptation.adabn(backbone, source, source.images)
    own = batchnorm.with_statistics(backbone, source.images)
    plain = adaptation.source_only(own, source, source.images)
    assert np.allclose(model.predict(images), plain.predict(images), atol=1e-6)


@pytest.fixture(scope="module")
def trained(short, source, images):
    return adaptation.fine_tuned(short, source, images, seed=3, epochs=2)


@pytest.mark.parametrize("name", DEEP)
def test_a_copy_moves_and_weight_0_adapts_nothing(name, short, source, images, trained):
    method, options = getattr(adaptation, name), {"seed": 3, "epochs": 2}
    plain = trained.predict(images)
    if name == "dann":  # without a weight no method has a part of its own
        model = method(short, source, images, weight=0, **options)
        assert np.array_equal(model.predict(images), plain)
    before = short.model.get_weights()
    model = method(short, source, images, **options)
    assert same(before, short.model.get_weights())
    assert not any(map(np.array_equal, before, model.backbone.model.get_weights()))
    chances = model.predict(images)
    assert chances.shape == (90, 10) and np.allclose(chances.sum(1), 1)
    assert not np.allclose(chances, plain, atol=1e-3)


def test_training_repeats_and_fine_tuned_sees_no_target(short, source, images, trained):
    first, again = (
        adaptation.dann(short, source, images, seed=1, epochs=1).predict(images)
        for _ in range(2)
    )
    assert np.array_equal(first, again)
    model = adaptation.fine_tuned(short, source, 255 - images[:20], seed=3, epochs=2)
    assert np.array_equal(model.predict(images), trained.predict(images))


@pytest.mark.parametrize("name", DEEP)
def test_the_encoder_always_gets_the_tasks_gradient(name, short, source, images):
    ours, theirs = short.preprocess(source.images), short.preprocess(images)

    def gradient(weight):
        keras.utils.set_random_seed(0)
        body = batchnorm.copied_model(short)
        network = deep._network(body, 10, name, weight, steps=10)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        with tf.GradientTape() as tape:
            task = loss(source.labels, network([ours, theirs]))
        return tape.gradient(task, body.trainable_variables)

    with_it, without = gradient(1e3), gradient(0)
    assert all(np.abs(each).max() > 0 for each in with_it)
    pairs = zip(with_it, without, strict=True)
    assert all(np.allclose(ours, theirs, atol=1e-5) for ours, theirs in pairs)


def test_statistics_are_those_of_the_images_and_averages_of_parts(backbone, images):
    def of(pictures):
        changed = batchnorm.with_statistics(backbone, pictures).model
        return changed, batchnorm.batchnorms(changed)

    before, kept = backbone.model.get_weights(), batchnorm.batchnorms(backbone.model)
    changed, (first, *others) = of(images)
    body = keras.Model(changed.input, first.input)
    maps = body.predict(backbone.preprocess(images), verbose=0)
    assert np.allclose(first.moving_mean, maps.mean((0, 1, 2)), atol=1e-4)
    assert np.allclose(first.moving_variance, maps.var((0, 1, 2)), rtol=1e-3)
    assert same(before, backbone.model.get_weights())
    assert [b.momentum for b in (first, *others)] == [b.momentum for b in kept]
    many = np.concatenate([images, 255 - images])  # more than go through at once
    given = (many, many[::2], many[1::2])
    whole, *parts = (of(each)[1][0].moving_mean.numpy() for each in given)
    assert np.allclose(whole, np.mean(parts, axis=0), atol=1e-5)


def test_tent_makes_answers_surer_by_batchnorm_alone(short, source, images):
    plain = adaptation.adabn(short, source, images)
    model = adaptation.tent(short, source, images, epochs=5)
    given = (None, None, None, images)
    assert adaptation.certainty(model, *given) > adaptation.certainty(plain, *given)
    batchnorms = {layer.name for layer in batchnorm.batchnorms(short.model)}
    for old, new in zip(short.model.layers, model.backbone.model.layers, strict=True):
        if old.weights:
            kept = same(old.get_weights(), new.get_weights())
            assert kept == (old.name not in batchnorms)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_head_becomes_a_dense_layer_and_back(classes):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 5)), np.arange(60) % classes
    head = adaptation.adapted.fit_head(x, y)
    kernel, bias = batchnorm_only._kernel_and_bias(head, 5)
    expected = head.predict_proba(x)
    assert np.allclose(scipy.special.softmax(x @ kernel + bias, axis=1), expected)
    again = deep._classifier(kernel, bias)
    assert np.allclose(again.predict_proba(x), expected)


def test_compare_counts_every_look(backbone):
    target = tl.datasets.load_unlabelled("digits", shares=[0.1] * 10)

    def draw(seed):
        return tl.datasets.load("digits", 5, domain="fonts", seed=seed).train

    given = (backbone, draw, target, {"coral": adaptation.coral}, [0, 1])
    table = adaptation.compare(*given, show_progress=False)
    assert table["method"].tolist() == 2 * ["source_only", "coral", "oracle"]
    assert table["seed"].tolist() == [0, 0, 0, 1, 1, 1]
    assert target.looks == 6 + 2  # each score, and the labels of each oracle
    plain = adaptation.source_only(backbone, draw(1), target.images)
    assert table["accuracy"][3] == target.accuracy(plain)


def test_choose_takes_no_label_and_one_domain_has_a_way_back(backbone, source, images):
    methods = {"plain": adaptation.source_only, "coral": adaptation.coral}
    table, models = adaptation.choose(methods, backbone, source, images)
    assert table["method"].tolist() == ["plain", "coral"]
    assert list(table.columns[1:]) == list(adaptation.VALIDATORS)
    assert table["source_validation"].between(0.5, 1).all()
    assert table["certainty"].between(-np.log(10), 0).all()
    chances = models["plain"].predict(images)
    plain = adaptation.source_only(backbone, source, images)
    assert np.array_equal(chances, plain.predict(images))
    minus_entropy = np.mean([(row * np.log(row)).sum() for row in chances])
    assert table["certainty"][0] == pytest.approx(minus_entropy)

    def score(target_images):
        method, given = adaptation.source_only, (backbone, source, target_images)
        return adaptation.reverse_validation(method(*given), method, *given)

    noise = np.random.default_rng(0).uniform(0, 255, images.shape).astype("float32")
    assert score(source.images) > 0.9 and score(noise) < 0.6


def test_source_validation_asks_the_adapted_model_for_what_it_was_not_given(source):
    given, asked = [], []

    class AlwaysThree:
        def predict(self, images):
            asked.append(images)
            return np.eye(10)[np.full(len(images), 3)]

    def method(backbone, rest, target_images, *, seed):
        given.append(rest)
        return AlwaysThree()

    images = source.images
    score = adaptation.source_validation(None, method, None, source, images)
    assert score == pytest.approx(0.1)
    [rest], [held_out] = given, asked
    assert len(rest.images) + len(held_out) == len(images) and len(held_out) == 30
    known = {image.tobytes() for image in rest.images}
    assert not any(image.tobytes() in known for image in held_out)
    assert np.bincount(rest.labels).tolist() == [5] * 10
    alone = Split(images[:10], np.arange(10))
    refused(
        "at least two of a class",
        adaptation.source_validation, None, method, None, alone, images,
    )  # fmt: skip


def test_domains_may_differ_in_classes_and_in_size(backbone, source, images):
    some = Split(source.images[source.labels != 3], source.labels[source.labels != 3])
    chances = adaptation.source_only(backbone, some, images).predict(images)
    assert chances.shape == (90, 10) and not chances[:, 3].any()
    larger = np.repeat(np.repeat(images, 2, 1), 2, 2)
    model = adaptation.coral(backbone, source, larger)
    assert model.predict(larger).shape == (90, 10)


@pytest.mark.parametrize("name", METHODS)
def test_no_target_label_and_no_unusable_input_is_taken(name, source, images):
    method, task = getattr(adaptation, name), tl.datasets.load("digits", per_class=2)
    parameters = [*inspect.signature(method).parameters]
    assert parameters[:4] == ["backbone", "source", "target_images", "seed"]
    assert set(parameters[4:]) <= OPTIONS
    one_class = Split(source.images[:5], np.zeros(5, int))
    fewer = Split(source.images, source.labels[:-1])
    for given, sentence in (
        ((task, images), "give a split of a task, such as task.train, not Task"),
        ((source, tl.datasets.load_unlabelled("digits")), "not Unlabelled"),
        ((source, task.train), "without labels: give target.images, not Split"),
        ((one_class, images), "are of one class"),
        ((fewer, images), "80 images in the source but labels of shape .79"),
        ((source, images[:1]), "at least two"),
        ((source, images / 255), "must lie in 0-255"),
    ):
        refused(sentence, method, None, *given)  # no backbone: no work can have begun
    if name == "pseudo_labels":
        wrong = {"threshold": 90}
        refused("between 0 and 1, not 90", method, None, source, images, **wrong)
