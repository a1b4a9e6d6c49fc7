"""What the lesson says of methods on frozen features, over five draws of the source."""

import functools

import numpy as np
import pandas
import pytest

import tlcourse as tl
from tests.helpers import load_backbone
from tests.lessons.measured import SEEDS
from tlcourse import adaptation
from tlcourse.lessons.adapting import checks as exercise
from tlcourse.lessons.adapting import widget

RARER = [1.0] * 3 + [0.1] * 7
FAST = {
    "importance": adaptation.importance_weighting,
    "subspace": adaptation.subspace_alignment,
    "coral": adaptation.coral,
    "transport": adaptation.optimal_transport,
    "pseudo_labels": adaptation.pseudo_labels,
}
METHODS = {**FAST, "adabn": adaptation.adabn}
PAIRS = {  # backbone, data set, domain and labels per class of the source, target
    "camera": ("imagenet_distilled", "photos", None, 20, "white_balance_3"),
    "digits": ("glyphs", "digits", "fonts", 50, None),
    "blur": ("imagenet_distilled", "photos", None, 20, "blur_2"),
    "same camera": ("imagenet_distilled", "photos", None, 20, None),
}


def parts(pair, seed, shares=None):
    """Backbone, source and target of a pair of domains."""
    source, data, domain, per_class, other = PAIRS[pair]
    task = tl.datasets.load(data, domain=domain, per_class=per_class, seed=seed)
    target = tl.datasets.load_unlabelled(data, domain=other, shares=shares)
    return load_backbone(source), task, target


@functools.cache
def compared(pair, names, rare=False):
    """Mean accuracy on the target by method."""
    backbone, _, target = parts(pair, 0, RARER if rare else None)
    methods = {name: METHODS[name] for name in names}

    def source(seed):
        return parts(pair, seed)[1].train

    given = (backbone, source, target, methods, SEEDS)
    table = adaptation.compare(*given, show_progress=False)
    return table.groupby("method")["accuracy"].mean()


def test_statistics_heal_another_camera_and_importance_and_subspaces_do_not():
    found = compared("camera", tuple(METHODS))
    gap = found["oracle"] - found["source_only"]
    closed = (found - found["source_only"]) / gap
    assert gap > 0.6
    assert closed["coral"] > 0.6 and closed["adabn"] > 0.6
    assert abs(closed["adabn"] - closed["coral"]) < 0.15
    assert closed["transport"] > 0.4
    assert found["pseudo_labels"] < found["source_only"] + 0.03
    assert found["importance"] < found["source_only"]
    assert found["subspace"] < found["source_only"] + 0.05


def test_only_self_training_turns_print_into_handwriting():
    backbone, task, _ = parts("digits", 0)
    head = adaptation.source_only(backbone, task.train, task.test.images)
    own = (head.predict(task.test.images).argmax(1) == task.test.labels).mean()
    found = compared("digits", tuple(FAST))
    assert own > 0.98 and found["oracle"] > 0.98 and found["source_only"] < 0.82
    assert found["coral"] < found["source_only"] - 0.01
    assert found["transport"] < found["source_only"] + 0.03
    assert found["pseudo_labels"] > found["source_only"] + 0.06
    assert found["pseudo_labels"] == found.drop("oracle").max()
    assert found["importance"] < found["source_only"]
    assert found["subspace"] < found["source_only"] + 0.05


@pytest.mark.parametrize("pair", ["same camera", "digits"])
def test_rarer_classes_break_alignment(pair):
    names = tuple(FAST) if pair == "digits" else ("coral", "transport")
    whole, rare = compared(pair, names), compared(pair, ("coral", "transport"), True)
    assert rare["source_only"] > whole["source_only"] - 0.04
    for method, loss in (("coral", 0.05), ("transport", 0.1)):
        assert rare[method] < whole[method] - loss
        assert rare[method] < rare["source_only"] - loss


@pytest.mark.parametrize("pair", ["blur", "digits"])
def test_self_training_is_surer_and_worse_after_a_poor_start_better_after_a_good(pair):
    rows = []
    for seed in SEEDS:
        backbone, task, target = parts(pair, seed)
        given = (backbone, task.train, target.images)
        for steps in (0, 6):
            model = adaptation.pseudo_labels(*given, threshold=0.7, rounds=steps)
            sure = model.predict(target.images).max(1).mean()
            rows.append((target.accuracy(model), sure))
    right, sure = np.reshape(rows, (len(SEEDS), 2, 2)).T  # rows: before and after
    assert (sure[1] > sure[0] + 0.1).all()
    gain = right[1].mean() - right[0].mean()
    assert gain < -0.02 if pair == "blur" else gain > 0.06


def test_a_threshold_may_be_too_low_or_too_high():
    gains = {threshold: [] for threshold in (0.0, 0.7, 0.99)}
    for seed in SEEDS:
        backbone, task, target = parts("digits", seed)
        given = (backbone, task.train, target.images)
        without = target.accuracy(adaptation.source_only(*given))
        for threshold, found in gains.items():
            model = adaptation.pseudo_labels(*given, threshold=threshold)
            found.append(target.accuracy(model) - without)
    low, middle, high = map(np.mean, gains.values())
    assert middle > exercise.GAIN > max(low, high)


def regrets(pair):
    """Mean accuracy lost by each score's choice."""
    rows = []
    for seed in SEEDS:
        backbone, task, target = parts(pair, seed)
        methods = {"source_only": adaptation.source_only}
        methods |= {k: FAST[k] for k in ("coral", "transport", "pseudo_labels")}
        given = (methods, backbone, task.train, target.images)
        table, models = adaptation.choose(*given, seed=seed)
        truth = np.array([target.accuracy(models[name]) for name in table["method"]])
        best = {score: table[score].argmax() for score in adaptation.VALIDATORS}
        assert table["method"][best["source_validation"]] == "source_only"
        assert table["method"][best["certainty"]] == "transport"
        rows.append({score: truth.max() - truth[row] for score, row in best.items()})
    return pandas.DataFrame(rows).mean()


def test_each_score_is_wrong_somewhere():
    camera, digits = regrets("camera"), regrets("digits")
    assert camera["source_validation"] > 0.4 and digits["source_validation"] > 0.05
    assert camera["certainty"] > 0.1 and digits["certainty"] > 0.03
    assert camera["reverse_validation"] < 0.03 and digits["reverse_validation"] > 0.05


def test_methods_agree_where_nothing_changes_and_a_weak_tint_costs_more_than_a_blur():
    taken, blur, tint, strong_blur, noise = (
        widget.measured(change, strength, "imagenet_distilled")
        for change, strength in (
            (None, 0), ("blur", 1), ("white_balance", 1), ("blur", 5), ("noise", 5)
        )
    )  # fmt: skip
    assert taken["source_only"] == taken["oracle"]
    assert abs(taken["CORAL"] - taken["oracle"]) < 0.01
    assert abs(taken["pseudo_labels"] - taken["oracle"]) < 0.02
    assert taken["subspace"] < taken["oracle"] - 0.02
    assert blur["source_only"] > blur["oracle"] - 0.03
    assert tint["source_only"] < tint["oracle"] - 0.3 < tint["CORAL"]
    for strong in (strong_blur, noise):  # it takes from the oracle, too
        assert strong["oracle"] < taken["oracle"] - 0.1
