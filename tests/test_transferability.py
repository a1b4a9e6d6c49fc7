"""Transferability scores: against slow, literal readings of their papers' formulas."""

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pandas
import pytest
import scipy.optimize
import scipy.stats
from sklearn.covariance import LedoitWolf

import tlcourse as tl
from tests.helpers import load_backbone, refused
from tlcourse import transferability as tr

SEEDS = range(5)


def problem(seed, n=60, d=12, classes=3, apart=1.0):
    """Random features whose class means lie apart."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    means = rng.normal(size=(classes, d)) * apart
    return means[labels] + rng.normal(size=(n, d)), labels


def chances(seed, n=60, source_classes=7, classes=3):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    likely = rng.dirichlet(np.ones(source_classes), size=n)
    likely[np.arange(n), labels] += 1  # source class i goes with target class i
    return likely / likely.sum(1, keepdims=True), labels


def literal_logme(features, labels):
    """Maximise the density of the labels with the weights integrated out."""
    n, scores = len(labels), []
    gram = features @ features.T
    for label in np.unique(labels):
        y = (labels == label).astype(float)

        def worse(logs, y=y):
            alpha, beta = np.exp(logs)
            covariance = np.eye(n) / beta + gram / alpha
            sign, logdet = np.linalg.slogdet(covariance)
            fit = y @ np.linalg.solve(covariance, y)
            return (n * np.log(2 * np.pi) + logdet + fit) / 2 / n

        starts = itertools.product((-2, 2, 6, 10), (-1, 2, 4))
        options = {"method": "Nelder-Mead", "tol": 1e-10}
        found = [scipy.optimize.minimize(worse, s, **options).fun for s in starts]
        scores.append(-min(found))
    return np.mean(scores)


def literal_h_score(features, labels):
    shrunk = LedoitWolf().fit(features)
    means = np.array([features[labels == label].mean(0) for label in labels])
    between = np.cov(means.T, bias=True)
    inverse = np.linalg.inv(shrunk.covariance_)
    return (1 - shrunk.shrinkage_) * np.trace(inverse @ between)


def literal_gbc(features, labels):
    centred = features - features.mean(0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    points = centred @ vectors[:, ::-1][:, :64]
    parts = [points[labels == label] for label in np.unique(labels)]
    floor, score = 1e-4 * points.var(), 0
    for ours, theirs in itertools.permutations(parts, 2):
        covariances = [np.diag(part.var(0) + floor) for part in (ours, theirs)]
        both = sum(covariances) / 2
        shift = ours.mean(0) - theirs.mean(0)
        distance = shift @ np.linalg.inv(both) @ shift / 8
        dets = [np.linalg.det(m) for m in (both, *covariances)]
        distance += np.log(dets[0] / np.sqrt(dets[1] * dets[2])) / 2
        score -= np.exp(-distance)
    return score


def literal_knn(features, labels, k=5):
    right = 0
    for i in range(len(labels)):
        distances = [np.linalg.norm(features[i] - x) for x in features]
        distances[i] = np.inf
        votes = [labels[j] for j in np.argsort(distances)[:k]]
        right += max(sorted(set(votes)), key=votes.count) == labels[i]
    return right / len(labels)


def literal_leep(likely, labels):
    conditional = [likely[labels == label].sum(0) / likely.sum(0) for label in labels]
    return np.log((conditional * likely).sum(1)).mean()


def literal_nce(likely, labels):
    pairs = list(zip(likely.argmax(1), labels, strict=True))
    guesses = Counter(guess for guess, _ in pairs)
    return np.mean([np.log(pairs.count(pair) / guesses[pair[0]]) for pair in pairs])


@pytest.mark.parametrize("n, d", [(60, 12), (30, 100), (40, 40)])
@pytest.mark.parametrize("apart", [0.0, 1.0])
def test_logme_is_the_largest_evidence(n, d, apart):
    given = problem(0, n, d, apart=apart)
    assert tr.logme(*given) == pytest.approx(literal_logme(*given), abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_follow_their_papers(seed):
    given, asked = problem(seed), chances(seed)
    assert tr.h_score(*given) == pytest.approx(literal_h_score(*given))
    assert tr.gbc(*given) == pytest.approx(literal_gbc(*given))
    assert tr.knn(*given) == pytest.approx(literal_knn(*given))
    assert tr.leep(*asked) == pytest.approx(literal_leep(*asked))
    assert tr.nce(*asked) == pytest.approx(literal_nce(*asked))
    given = problem(seed, n=150, d=90)  # gbc reads the first 64 components
    assert tr.gbc(*given) == pytest.approx(literal_gbc(*given))
    given = problem(seed, n=30, d=100)  # fewer images than features
    assert tr.h_score(*given) == pytest.approx(literal_h_score(*given))
    # Unregularised, it would be classes - 1 = 2 for anything.
    assert tr.h_score(*problem(seed, n=30, d=100, apart=0)) < tr.h_score(*given) < 1.99


def test_probe_and_neighbours_never_see_what_they_are_scored_on():
    rng = np.random.default_rng(0)
    noise, labels = rng.normal(size=(60, 100)), np.arange(60) % 2
    fitted = tl.probes.linear_probe().fit(noise, labels).score(noise, labels)
    assert fitted > 0.9 and tr.linear_probe(noise, labels) < 0.75
    labels, rng = np.repeat([0, 1], 20), np.random.default_rng(0)
    assert tr.knn(rng.normal(9 * labels[:, None], 1), labels) == 1
    noise = tr.knn(rng.normal(size=(400, 3)), np.arange(400) % 2)
    assert 0.4 < noise < 0.6  # an image that counted itself would lift it


FEATURES, PROBABILITIES = tr.FROM_FEATURES.items(), tr.FROM_PROBABILITIES.items()
from_features = pytest.mark.parametrize("name, score", FEATURES)
every = pytest.mark.parametrize("name, score", [*FEATURES, *PROBABILITIES])


def given_to(name, seed=3):
    return (problem if name in tr.FROM_FEATURES else chances)(seed)


@every
def test_the_order_of_images_and_the_names_of_classes_do_not_matter(name, score):
    rows, labels = given_to(name)
    order = np.random.default_rng(0).permutation(len(labels))
    if name == "linear_probe":  # its parts are drawn from the order
        order = np.arange(len(labels))
    renamed = np.array([40, 7, 1000])[labels]
    again = score(rows[order], renamed[order])
    tolerance = 0.05 if name == "linear_probe" else 1e-6
    assert again == pytest.approx(score(rows, labels), abs=tolerance)


@from_features
def test_scale_rotation_and_empty_columns_of_features_do_not_matter(name, score):
    rows, labels = problem(4)
    for factor in (1e-9, 1e4):
        expected = pytest.approx(score(rows, labels), abs=1e-4)
        assert score(rows * factor, labels) == expected
    if name != "linear_probe":
        rows, labels = problem(5, n=40, d=80)
        rotation = scipy.stats.special_ortho_group.rvs(80, random_state=0)
        assert score(rows @ rotation, labels) == pytest.approx(score(rows, labels))
    if name in ("logme", "knn"):
        rows, labels = problem(6)
        wider = np.hstack([rows, np.zeros_like(rows)])
        assert score(wider, labels) == pytest.approx(score(rows, labels))


@pytest.mark.parametrize("name, score", PROBABILITIES)
def test_order_empty_ones_and_halves_of_source_classes_do_not_matter(name, score):
    likely, labels = chances(0)
    expected = pytest.approx(score(likely, labels))
    assert score(likely[:, ::-1], labels) == expected
    assert score(np.hstack([likely, np.zeros((len(likely), 2))]), labels) == expected
    if name == "leep":
        halves = np.hstack([likely[:, :1] / 2, likely[:, :1] / 2, likely[:, 1:]])
        assert score(halves, labels) == expected


@every
@pytest.mark.parametrize("seed", SEEDS)
def test_shuffled_labels_score_lower(name, score, seed):
    rows, labels = given_to(name, seed)
    shuffled = np.random.default_rng(seed).permutation(labels)
    assert score(rows, shuffled) < score(rows, labels)


def test_perfect_answers_reach_the_best_score_and_what_says_nothing_a_number():
    labels = np.arange(20) % 2
    for name, score in FEATURES:
        worst = score(np.ones((20, 5)), labels)
        assert np.isfinite(worst), name
        assert worst < score(*problem(0, n=20, d=5, classes=2, apart=5)), name
    labels = np.arange(30) % 3
    sure = np.eye(3)[labels]
    assert tr.leep(sure, labels) == tr.nce(sure, labels) == 0
    assert tr.knn(sure, labels) == tr.linear_probe(sure, labels) == 1
    assert 1.8 < tr.h_score(sure, labels) <= 2  # classes - 1, shrunk
    assert tr.gbc(sure, labels) == pytest.approx(0, abs=1e-6)


@every
def test_what_cannot_be_scored_is_refused(name, score):
    rows, labels = given_to(name)
    wrong = [
        (rows, labels[:-1], "one row and one label an image"),
        (rows[:, 0], labels, "one row and one label an image"),
        (np.where(rows == rows.max(), np.nan, rows), labels, "NaN or infinite"),
        (rows, np.zeros_like(labels), "at least two classes"),
    ]
    if name in ("gbc", "knn", "linear_probe"):
        wrong.append((np.eye(3), [0, 0, 1], "per_class=2"))
    if name in tr.FROM_PROBABILITIES:
        wrong.append((*problem(0), "not features"))
    for *given, words in wrong:
        refused(words, score, *given)


@pytest.fixture(scope="module")
def sources():
    names = ("glyphs", "fractals", "photos", "imagenet_distilled", "random")
    return {name: load_backbone(name) for name in names}


@pytest.mark.parametrize("target", ["glyphs", "fractals"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_target_made_like_a_source_ranks_that_source_first(sources, target, seed):
    task = tl.datasets.load(target, per_class=5, seed=seed)
    few = task.train.labels < 10  # so that a score takes no seconds
    train = tl.datasets.Split(task.train.images[few], task.train.labels[few])
    task = dataclasses.replace(task, train=train)
    table = tr.rank(sources, task, scores=[*tr.FROM_FEATURES])
    for name in tr.FROM_FEATURES:
        assert table[name].idxmax() == target, name


@pytest.mark.parametrize("target", ["glyphs", "fractals", "photos"])
def test_leep_and_nce_find_it_too_by_the_heads_of_the_sources(sources, target):
    heads = {name: sources[name] for name in ("glyphs", "fractals", "photos")}
    if target == "photos":
        split = tl.datasets.Split(*tr.photos.crops(np.random.default_rng(9), 400))
    else:
        split = tl.datasets.load(target, per_class=5).test
    asked = {n: tr.source_probabilities(b, split.images) for n, b in heads.items()}
    for score in tr.FROM_PROBABILITIES.values():
        scores = {name: score(likely, split.labels) for name, likely in asked.items()}
        assert max(scores, key=scores.get) == target
    if target == "glyphs":
        assert asked[target].shape == (len(split), len(set(split.labels)))
        assert asked[target].sum(1) == pytest.approx(1)
        assert (asked[target].argmax(1) == split.labels).mean() > 0.8
    for name in ("imagenet_distilled", "random"):
        given = (sources[name], split.images)
        refused("no classes of its own", tr.source_probabilities, *given)


def test_rank_scores_and_tries(sources):
    task = tl.datasets.load("digits", per_class=10)
    table = tr.rank(sources, task, tl.FreezePlan.features, epochs=5)
    others = ["parameters", "seconds", "accuracy", "seconds_to_train"]
    assert list(table.columns) == [*tr.SCORES, *others]
    assert set(table.index) == set(sources)
    assert table["logme"].is_monotonic_decreasing
    assert table.index[0] == table["accuracy"].idxmax() == "glyphs"
    features = sources["glyphs"].features(task.train.images)
    assert table.loc["glyphs", "knn"] == tr.knn(features, task.train.labels)
    plan = tl.FreezePlan.features(sources["glyphs"])
    run = tl.transfer(sources["glyphs"], task, plan, 5)
    assert table.loc["glyphs", "accuracy"] == run.test_accuracy
    told = tr.agreement(table)
    assert told["logme"] > 0.5 and -1 <= told["gbc"] <= 1
    assert told[["leep", "nce", "parameters"]].isna().all()  # lacking, or all tie


def test_rank_looks_at_the_training_split_alone_and_refuses_before_it_begins(sources):
    task = tl.datasets.load("faces", per_class=5)
    blank = tl.datasets.Split(task.test.images * 0, task.test.labels * 0)
    other = dataclasses.replace(task, val=blank, test=blank)
    scores = [*tr.FROM_FEATURES]
    one, two = (tr.rank(sources, t, scores=scores)[scores] for t in (task, other))
    pandas.testing.assert_frame_equal(one, two)
    refused("no backbones", tr.rank, {}, task)
    words = "no score 'luck'.*choose from logme"
    refused(words, tr.rank, sources, task, scores=["luck"])


def test_agreement_is_one_for_the_true_order_and_minus_one_turned_round():
    truth = np.array([0.9, 0.7, 0.5, 0.2])
    table = pandas.DataFrame({"accuracy": truth, "logme": truth * 3, "knn": -truth})
    told = tr.agreement(table)
    assert told["logme"] == pytest.approx(1) and told["knn"] == pytest.approx(-1)
    refused("give rank a plan", tr.agreement, table[["logme"]])
    refused("at least three", tr.agreement, table[:2])
