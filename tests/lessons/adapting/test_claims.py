"""What the lesson says of adaptation, over five draws of the source."""

import dataclasses
import gc

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import defined, interval, load_backbone, short_backbone
from tlcourse import adaptation, batchnorm
from tlcourse.quiet import import_keras

RESTS_ON = (
    "adaptation/adapted", "adaptation/features", "adaptation/self_training",
    "adaptation/batchnorm_only", "adaptation/layers", "adaptation/losses",
    "adaptation/deep", "adaptation/model_choice",
)  # fmt: skip
METHODS = {
    "importance": adaptation.importance_weighting,
    "subspace": adaptation.subspace_alignment,
    "CORAL": adaptation.coral,
    "transport": adaptation.optimal_transport,
    "pseudo_labels": adaptation.pseudo_labels,
    "AdaBN": adaptation.adabn,
    "Tent": adaptation.tent,
}
CAMERA, APPLES = "another camera", "studio to orchard"
PRINTED, WRITTEN = "printed to handwritten", "handwritten to printed"
PAIRS = {  # data set, domain and labels per class of the source, domain of the target
    CAMERA: ("photos", "as_taken", 20, "white_balance_3"),
    APPLES: ("apples", "studio", 20, "orchard"),
    PRINTED: ("digits", "fonts", 50, "handwritten"),
    WRITTEN: ("digits", "handwritten", 50, "fonts"),
}


def the_backbone(pair):
    if pair == APPLES:
        return tl.backbones.load(input_size=96)  # EfficientNet-Lite0
    return load_backbone("imagenet_distilled" if pair == CAMERA else "glyphs")


def domains(pair, seed):
    """A draw of the source's training pictures, and the target with its labels.

    Of the orchard's pictures as many as of the studio's, as in the lesson.
    """
    data, domain, per_class, other = PAIRS[pair]
    source = tl.datasets.load(data, per_class, domain, seed).train
    return source, tl.datasets.load(
        data, per_class if pair == APPLES else None, other, seed
    )


def right(chances, labels):
    return float((chances.argmax(1) == labels).mean())


def measure_ladder(seed, pair):
    backbone, (source, target) = the_backbone(pair), domains(pair, seed)
    images, test = target.train.images, target.test
    plain = adaptation.source_only(backbone, source, images)
    moved = defined("adapting", "as_in")["as_in"]
    same_mean = moved(test.images, images, source.images)
    found = {
        "source_only": right(plain.predict(test.images), test.labels),
        "channel_mean": right(plain.predict(same_mean), test.labels),
    }
    for name, method in METHODS.items():
        model = method(backbone, source, images, seed=seed)
        found[name] = right(model.predict(test.images), test.labels)
        del model
        gc.collect()
    oracle = adaptation.source_only(backbone, target.train, images)
    found["oracle"] = right(oracle.predict(test.images), test.labels)
    return [{"pair": pair, "method": k, "value": v} for k, v in found.items()]


SHIFTS = {  # pair with the backbone, domain, share of each class in the target
    "photos": (CAMERA, "as_taken", [1.0] * 3 + [0.1] * 7),
    "apples": (APPLES, "orchard", [1.0, 0.1] * 4),  # one of each pair of like colour
}


def measure_shares(seed, data):
    """Nothing but the proportions of the classes differs."""
    estimated = defined("adapting", "estimated_shares")["estimated_shares"]
    pair, domain, rarer = SHIFTS[data]
    backbone = the_backbone(pair)
    source = tl.datasets.load(data, 20, domain, seed).train
    target = tl.datasets.load_unlabelled(data, domain, rarer).reveal()
    images, test = target.train.images, target.test
    head = adaptation.source_only(backbone, source, images)
    equal = np.full(len(target.classes), 1 / len(target.classes))
    chances, answers = head.predict(test.images), head.predict(images)
    true = np.bincount(target.train.labels) / len(target.train.labels)
    shares = {
        "source_only": equal,
        "EM": estimated(answers, equal),
        "true_shares": true,
    }
    found = {k: right(chances * v / equal, test.labels) for k, v in shares.items()}
    for name in ("CORAL", "transport"):
        model = METHODS[name](backbone, source, images, seed=seed)
        found[name] = right(model.predict(test.images), test.labels)
    rows = [{"method": k, "measured": "accuracy", "value": v} for k, v in found.items()]
    shares["counting"] = np.bincount(answers.argmax(1), minlength=len(equal))
    shares["counting"] = shares["counting"] / len(answers)
    rows += [
        {"method": k, "measured": "off", "value": float(np.abs(v - true).sum())}
        for k, v in shares.items()
    ]
    return [{"data": data, **row} for row in rows]


CHOSEN = {"source_only": adaptation.source_only} | {
    name: METHODS[name] for name in ("CORAL", "transport", "pseudo_labels")
}


def measure_choice(seed, pair):
    """What scores without a label of the target say of methods, and the truth."""
    backbone, (source, target) = the_backbone(pair), domains(pair, seed)
    given = (backbone, source, target.train.images)
    table, models = adaptation.choose(CHOSEN, *given, seed=seed)
    table["accuracy"] = [
        right(models[name].predict(target.test.images), target.test.labels)
        for name in table["method"]
    ]
    long = table.melt("method", var_name="measured").to_dict("records")
    return [{"pair": pair, **row, "value": float(row["value"])} for row in long]


def measure_statistics(seed, pair):
    """BatchNorm with the statistics of one domain, of each, or as pre-trained."""
    backbone, (source, target) = the_backbone(pair), domains(pair, seed)
    images, test = target.train.images, target.test
    statistics = {
        "pre-training": backbone,
        "source": batchnorm.with_statistics(backbone, source.images),
        "target": batchnorm.with_statistics(backbone, images),
    }
    models = {
        name: adaptation.source_only(each, source, images)
        for name, each in statistics.items()
    }
    own = dataclasses.replace(models["source"], backbone=statistics["target"])
    models["each its own"] = own  # AdaBN
    found = {k: right(v.predict(test.images), test.labels) for k, v in models.items()}
    return [{"pair": pair, "statistics": k, "value": v} for k, v in found.items()]


@pytest.fixture
def ladder(evidence):
    table = evidence("adapting.ladder", measure_ladder, parts=tuple(PAIRS))
    return table.set_index(["pair", "method", "seed"])["value"]


def ahead(values, one, other):
    """Both ends of the interval of a lead, paired by draw."""
    return interval(values[one].to_numpy() - values[other].to_numpy())


def test_one_line_undoes_a_white_balance_better_than_any_method(ladder):
    found = ladder[CAMERA]
    for method in METHODS:
        assert ahead(found, "channel_mean", method)[0] > 0.03
    for method in ("CORAL", "transport", "AdaBN", "Tent"):
        assert ahead(found, method, "source_only")[0] > 0.2


def test_alignment_helps_from_studio_to_orchard_where_the_line_does_not(ladder):
    found = ladder[APPLES]
    assert ahead(found, "channel_mean", "source_only")[1] < 0.05
    for method in ("CORAL", "transport", "Tent"):
        assert ahead(found, method, "source_only")[0] > 0.05
    assert ahead(found, "oracle", "CORAL")[0] > 0.05


def test_between_digits_adaptation_hurts_more_often_than_it_helps(ladder):
    found = ladder[PRINTED]
    assert found["source_only"].mean() < 0.82 and found["oracle"].mean() > 0.98
    assert ahead(found, "pseudo_labels", "source_only")[0] > 0.04
    for method in ("subspace", "importance", "AdaBN"):
        assert ahead(found, method, "source_only")[1] < 0
    found = ladder[WRITTEN]
    for method in ("transport", "AdaBN"):
        assert ahead(found, method, "source_only")[1] < 0


def test_near_a_good_source_any_other_statistics_cost_accuracy(evidence):
    pairs = (CAMERA, PRINTED, WRITTEN)
    table = evidence("adapting.statistics", measure_statistics, parts=pairs)
    value = table.set_index(["pair", "statistics", "seed"])["value"]
    for pair in (PRINTED, WRITTEN):
        for other in ("source", "target", "each its own"):
            assert ahead(value[pair], "pre-training", other)[0] > 0
    assert ahead(value[CAMERA], "each its own", "pre-training")[0] > 0.3


def test_other_proportions_break_alignment_and_em_corrects_them(evidence):
    table = evidence("adapting.shares", measure_shares, parts=tuple(SHIFTS))
    value = table.set_index(["data", "measured", "method", "seed"])["value"]
    value = value.sort_index()
    for data in SHIFTS:
        found = value[data, "accuracy"]
        for method in ("CORAL", "transport"):
            assert ahead(found, method, "source_only")[1] < -0.05
        off = value[data, "off"].groupby("method").mean()
        assert off["EM"] < 0.15 and off["source_only"] > 0.8
    assert ahead(value["apples", "accuracy"], "EM", "source_only")[0] > 0.03
    low, high = ahead(value["photos", "accuracy"], "true_shares", "source_only")
    assert low < 0 < high  # not even the truth gains


def test_each_score_without_labels_is_wrong_somewhere(evidence):
    pairs = (CAMERA, PRINTED, APPLES)
    table = evidence("adapting.choice", measure_choice, parts=pairs)
    lesson = defined("adapting", "regret")["regret"]
    found = {
        (pair, score): np.mean(
            [lesson(rows, score) for _, rows in draws.groupby("seed")]
        )
        for pair, draws in table.groupby("pair")
        for score in adaptation.VALIDATORS
    }
    assert found[CAMERA, "source_validation"] > 0.4
    assert found[APPLES, "source_validation"] > 0.15
    assert found[CAMERA, "certainty"] > 0.1
    assert found[CAMERA, "reverse_validation"] < 0.02
    assert found[APPLES, "reverse_validation"] < 0.02
    assert found[PRINTED, "reverse_validation"] > 0.05
    certain = table[table["measured"] == "certainty"]
    best = certain.loc[certain.groupby(["pair", "seed"])["value"].idxmax()]
    assert set(best["method"]) == {"transport"}


# --- the lesson's DANN and the helper -------------------------------------------------


def measure_open(seed):
    """Four steps of both; probabilities for pictures that neither has seen."""
    keras, short = import_keras(), short_backbone()
    task = tl.datasets.load("digits", 9, seed=seed)
    source = tl.datasets.load("digits", 8, "fonts", seed).train
    pictures = (source.images, task.train.images, task.val.images)
    x_source, x_target, unseen = map(short.preprocess, pictures)
    names = ("Reversal", "dann", "batches")
    lesson = defined("adapting", *names, x_target=x_target)
    keras.utils.set_random_seed(seed)  # for the order of the batches
    both = (
        lesson["batches"]((x_source, source.labels), seed),
        lesson["batches"](x_target, seed + 1),
    )
    domains = np.repeat([[0.0], [1.0]], 32, axis=0)
    data = lesson["tf"].data.Dataset.zip(*both)
    data = data.map(lambda a, b: ((a[0], b), {"class": a[1], "domain": domains}))
    keras.utils.set_random_seed(seed)
    base = batchnorm.copied_model(short)
    network, model = lesson["dann"](base, classes=10, steps=4)
    network.fit(data, steps_per_epoch=4, shuffle=False, verbose=0)
    batchnorm.set_statistics(base, x_target)
    said = keras.ops.softmax(model.predict(unseen, verbose=0))
    helper = adaptation.dann(short, source, pictures[1], epochs=2, seed=seed)
    gap = np.abs(said - helper.predict(pictures[2]))
    gc.collect()
    return [{"steps": 4, "value": float(gap.max())}]


def test_dann_in_plain_keras_is_the_helper(evidence):
    table = evidence("adapting.open", measure_open)
    assert table["value"].max() < 1e-3
