"""What the lesson says of scores and fine-tuning, measured over 5 seeds and kept."""

import pandas
import pytest

import tlcourse as tl
from tests.helpers import interval, load_backbone
from tests.lessons.measured import trained
from tlcourse import transferability

TARGETS = ("digits", "tissue")  # a test run repeats the first
SOURCES = ("glyphs", "fractals", "photos", "imagenet_distilled", "random")
USEFUL = ("logme", "knn", "linear_probe")
PER_CLASS = 10


def measure(seed, target):
    """Scores, and test accuracy of all blocks fine-tuned, 10 labels per class."""
    rows = []
    for source in SOURCES:
        backbone = load_backbone(source)
        task = tl.datasets.load(target, per_class=PER_CLASS, seed=seed)
        features = backbone.features(task.train.images)
        found = {
            name: score(features, task.train.labels)
            for name, score in transferability.FROM_FEATURES.items()
        }
        plan = tl.FreezePlan.all(backbone)
        run = trained(backbone, target, plan, PER_CLASS, seed)
        found["accuracy"] = run.test_accuracy
        rows += [
            {"target": target, "source": source, "what": what, "value": float(value)}
            for what, value in found.items()
        ]
    return rows


@pytest.fixture(scope="module")
def table(evidence):
    kept = evidence("choosing.fine_tuned", measure, parts=TARGETS)
    keys = ["target", "seed", "source"]
    return kept.pivot(index=keys, columns="what", values="value").reset_index()


def test_three_scores_predict_the_order_and_the_baselines_the_best_or_close(table):
    taus, lost = {}, {}
    for key, group in table.groupby(["target", "seed"]):
        taus[key] = transferability.agreement(group)
        best = group["accuracy"].max()
        lost[key] = {
            score: best - group["accuracy"][group[score].idxmax()] for score in USEFUL
        }
    taus, lost = (
        pandas.DataFrame(found).T.groupby(level=1).mean() for found in (taus, lost)
    )  # means over the targets, by seed
    for score in USEFUL:
        assert interval(taus[score])[0] > 0.5
    assert (lost[["knn", "linear_probe"]].mean() < 0.02).all()


def test_on_digits_fractals_are_last_by_score_not_fine_tuned_and_glyphs_best(table):
    digits = table[table["target"] == "digits"]
    for score in USEFUL:
        worst = digits.loc[digits.groupby("seed")[score].idxmin(), "source"]
        assert (worst == "fractals").all()
    accuracy = digits.pivot(index="seed", columns="source", values="accuracy")
    assert interval(accuracy["fractals"] - accuracy["random"])[0] > 0.1
    for other in accuracy.drop(columns="glyphs"):
        assert interval(accuracy["glyphs"] - accuracy[other])[0] > 0
