"""What the lesson says of scores, noise, size and speed."""

import functools

import numpy as np
import pandas
import pytest

import tlcourse as tl
from tests.helpers import interval, load_backbone
from tests.lessons.measured import flat
from tlcourse import transferability

PER_CLASS = 20
# A data set and its domain.
TARGETS = {
    "apples, orchard": ("apples", "orchard"),
    "apples, studio": ("apples", "studio"),
    "digits": ("digits", None),
    "photos": ("photos", None),
    "faces": ("faces", None),
}
PARTS = ("faces", *(name for name in TARGETS if name != "faces"))  # repeats the first
LITE0, WIDE = "EfficientNetLite0", "random, wide"
SMALL = ("imagenet_distilled", "photos", "fractals", "glyphs", "random")
SCORES = ("knn", "linear_probe", "logme", "gbc", "h_score")


@functools.cache
def lite0():
    return tl.backbones.load("efficientnet_lite0", input_size=96)


def networks(seed):
    """The lesson's candidates by name."""
    yield LITE0, lite0()
    for name in SMALL:
        options = {"seed": seed} if name == "random" else {}
        yield name, load_backbone(name, **options)
    yield WIDE, load_backbone("random", alpha=1.25, seed=seed)


def measure(seed, target):
    """Scores of all candidates, and the test accuracy that each then reaches."""
    name, domain = TARGETS[target]
    task = tl.datasets.load(name, per_class=PER_CLASS, domain=domain, seed=seed)
    rows = []
    for source, network in [*networks(seed), ("pixels", None)]:
        view = network.features if network else flat
        train, test = view(task.train.images), view(task.test.images)
        scores = SCORES if source != "pixels" else SCORES[:2]
        found = {
            score: transferability.FROM_FEATURES[score](train, task.train.labels)
            for score in scores
        }
        head = tl.probes.linear_probe().fit(train, task.train.labels)
        found["accuracy"] = head.score(test, task.test.labels)
        if network:
            found["parameters"] = network.parameters
        rows += [
            {"target": target, "source": source, "what": what, "value": float(value)}
            for what, value in found.items()
        ]
    return rows


@pytest.fixture(scope="module")
def table(evidence):
    kept = evidence("choosing.scores", measure, parts=PARTS)
    keys = ["target", "source", "seed"]
    return kept.pivot(index=keys, columns="what", values="value").sort_index()


def costs_of(networks):
    """Accuracy lost by following a rule, averaged over the targets, by seed."""
    rows = {}
    for key, group in networks.groupby(["target", "seed"]):
        accuracy = group["accuracy"]
        took = {s: accuracy[group[s].idxmax()] for s in (*SCORES, "parameters")}
        took["lite0"] = accuracy.get((key[0], LITE0, key[1]), np.nan)
        took["any"] = accuracy.mean()
        rows[key] = {rule: accuracy.max() - value for rule, value in took.items()}
    return pandas.DataFrame(rows).T.groupby(level=1).mean()


@pytest.fixture(scope="module")
def costs(table):
    return costs_of(table.drop("pixels", level="source"))


def by_seed(table, target, what="accuracy"):
    """Rows seeds, columns sources."""
    return table.loc[target][what].unstack("source")


def test_on_apples_lite0_leads_and_weak_sources_lose_to_pixels(table):
    apples = by_seed(table, "apples, orchard")
    others = apples.drop(columns=LITE0)
    assert (apples[LITE0] > others.max(axis=1) + 0.1).all()
    probe = by_seed(table, "apples, orchard", "linear_probe")
    for source in ("photos", "glyphs", "random", WIDE):
        for scores in (apples, probe):
            assert interval(scores["pixels"] - scores[source])[0] > 0
    for scores in (apples, probe):  # an order among the last
        assert interval(scores["fractals"] - scores["glyphs"])[0] > 0


def test_on_digits_glyphs_lead_and_pixels_beat_lite0_and_the_scores_say_so(table):
    for what in ("accuracy", "linear_probe", "knn"):
        digits = by_seed(table, "digits", what)
        assert (digits.idxmax(axis=1) == "glyphs").all()
        assert interval(digits["pixels"] - digits[LITE0])[0] > 0
    digits = by_seed(table, "digits")
    assert interval(digits[WIDE] - digits[LITE0])[0] > 0


def test_four_scores_cost_little_lite0_more_size_as_much_as_drawing_lots(costs):
    for score in ("linear_probe", "knn", "logme", "gbc"):
        assert interval(costs[score])[1] < 0.02
        assert interval(costs["lite0"] - costs[score])[0] > 0
        assert interval(costs["h_score"] - costs[score])[0] > 0
    assert interval(costs["lite0"])[1] < 0.05
    for rule in ("parameters", "any"):
        assert interval(costs[rule] - costs["h_score"])[0] > 0.1
    low, _ = interval(costs["parameters"] - costs["any"])
    assert low > -0.05  # no better


def test_among_networks_that_are_alike_scores_cost_more(table):
    alike = table.drop(["pixels", LITE0, "imagenet_distilled"], level="source")
    harder = costs_of(alike)
    for score in ("linear_probe", "knn", "logme"):
        assert 0.005 < harder[score].mean() < 0.025
        assert interval(harder["gbc"] - harder[score])[0] > 0
    assert round(harder["gbc"].mean(), 2) == 0.07


# The fixed point of the public code. What is forgotten: the terms of the logarithm in
# the directions that no picture spans.
def fixed_point(features, y, forget):
    n, d = features.shape
    left, s, _ = np.linalg.svd(features, full_matrices=False)
    s, z, alpha, beta = s**2, (left.T @ y) ** 2, 1.0, 1.0
    for _ in range(11):
        t = alpha / beta
        gamma, size = (s / (s + t)).sum(), (s * z / (s + t) ** 2).sum()
        error = (z * (t / (s + t)) ** 2).sum() + y @ y - z.sum()
        alpha, beta = gamma / (size + 1e-5), (n - gamma) / (error + 1e-5)
    log_det = np.log(alpha + beta * s).sum()
    log_det += 0 if forget else (d - len(s)) * np.log(alpha)
    fit = beta * error + alpha * size
    return (d * np.log(alpha) + n * np.log(beta / 2 / np.pi) - log_det - fit) / 2 / n


@pytest.mark.parametrize("seed", range(5))
def test_noise_gives_h_score_more_and_the_published_logme_enormous_scores(seed):
    rng, labels = np.random.default_rng(seed), np.repeat(np.arange(8), 20)
    found, published = {}, {}
    for d in (16, 128, 1280):
        noise = rng.normal(size=(160, d))
        found[d] = {
            name: transferability.FROM_FEATURES[name](noise, labels) for name in SCORES
        }
        published[d], exact = (
            fixed_point(noise, np.float64(labels == 0), forget)
            for forget in (True, False)
        )
        assert exact < 0.5
        if d <= 160:  # at least as many pictures as features
            assert published[d] == pytest.approx(exact)
    assert published[1280] > 20
    table = pandas.DataFrame(found)
    assert table.loc[["knn", "linear_probe"]].to_numpy().max() < 0.3
    assert table.loc["logme"].max() < 0
    assert table.loc["h_score", 1280] > table.loc["h_score", [16, 128]].max() + 0.3


def test_digits_fractals_are_last_frozen_and_pass_random_weights_once_tuned():
    kept = tl.evidence("choosing.sources_by_targets").query("target == 'digits'")
    value = kept.set_index(["how", "source", "seed"])["value"]
    frozen, tuned = (value[how].unstack("source") for how in ("frozen", "all trained"))
    assert (frozen.idxmin(axis=1) == "fractals").all()
    assert interval(tuned["fractals"] - tuned["random"])[0] > 0.1
    for each in (frozen, tuned):
        assert each.mean().idxmax() == "glyphs"


def test_what_the_lesson_reads_in_the_catalogue():
    models = tl.backbones.catalogue().set_index("model")
    vgg, small = models.loc["VGG16"], models.loc["EfficientNetB0"]
    assert small["top1"] > vgg["top1"] + 0.03
    assert small["parameters"] < vgg["parameters"] / 20
    names = ["MobileNetV3Large", "NASNetMobile", "EfficientNetLite0"]
    assert models["parameters"][names].between(4.5, 5.5).all()
