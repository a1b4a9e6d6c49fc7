"""Figures and widget of the lesson, and the code that it writes out."""

import functools
import re

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import cells, defined, the_cell
from tlcourse import adaptation
from tlcourse.lessons.adapting import figures, widget


def summary(methods=("source_only", "coral", "oracle")):
    means = np.linspace(0.2, 0.9, len(methods))
    return pd.DataFrame(
        {"method": methods, "mean": means, "low": means - 0.1, "high": means + 0.1}
    )


def ladder(looks=12, **summaries):
    return figures.ladder(summaries, looks)


def black(count):
    return np.zeros((count, 8, 8, 3))


def shared_map(labels=(0, 1, 2) * 2, domains=(False,) * 3 + (True,) * 3):
    points = {"before": np.eye(6, 2), "after": np.eye(6, 2)}
    return figures.shared_map(points, labels, domains, ["cat", "brick", "grass"])


DRIFT = [(0, 0.5, 0.6, "a"), (1, 0.4, 0.9, "a"), (0, 0.5, 0.6, "b"), (1, 0.4, 0.9, "b")]
ROUNDS = pd.DataFrame(DRIFT, columns=["round", "accuracy", "sure", "pair"])
SCORES = pd.DataFrame(
    {"method": ["x", "y"], "accuracy": [0.5, 0.8], "s": [2.0, 1.0], "t": [0.0, 1.0]}
)
# As many as the widget has: the figure has no room for the names of two.
REACHED = {"source_only": 0.2, "BatchNorm": 0.5, "CORAL": 0.6, "oracle": 0.9}
OTHER_SIZE = np.full((4, 6, 6, 3), 200.0)

FIGURES = {
    "domain_rows": (lambda: figures.domain_rows({"a": black(4), "b": OTHER_SIZE}),),
    "ladder": (
        lambda: ladder(one=summary(), two=summary()),
        "looked at 12 times",
        "two: source only 0.20",
    ),
    "shared_map": (shared_map,),
    "shift_lab": (lambda: figures.shift_lab(black(3), "abc", REACHED, title="Blur"),),
    "drift": (
        lambda: figures.drift(ROUNDS),
        "b: sure from 0.60 to 0.90, right from 0.50 to 0.40",
    ),
    "choices": (
        lambda: figures.choices(SCORES, ["s", "t"]),
        "s chooses x, whose accuracy is 0.50, 0.30 below the best",
        "t chooses y, whose accuracy is 0.80, 0.00 below the best",
    ),
    "adversary": (lambda: figures.adversary(title="There and back"),),
}
SHOW, FIRST = widget.shift_lab, "Photo patches: blur, strength 3 of"
CONTROLS = "change, strength."
PICTURES = [functools.partial(widget.draw, "blur", strength) for strength in (0, 3)]
REFUSED = [
    ("as many pictures", lambda: figures.domain_rows({"a": black(4), "b": black(3)})),
    ("at least one row", lambda: figures.domain_rows({})),
    ("source_only", lambda: ladder(one=summary(("coral", "oracle")))),
    ("same methods", lambda: ladder(one=summary(), two=summary(("source_only", "x")))),
    ("one label, one domain", lambda: shared_map([0, 1])),
    ("no sure", lambda: figures.drift(ROUNDS.drop(columns="sure"))),
    ("no u", lambda: figures.choices(SCORES, ["u"])),
]


def test_the_widget_tells_what_it_measured_on_domains_that_there_are():
    found = [widget.draw(change, 0).alt for change in widget.camera.CHANGES]
    assert len(set(found)) == 1 and "as taken" in found[0]  # strength 0
    drawn = widget.draw("blur", 3)
    found = widget.measured("blur", 3, "imagenet_distilled")
    assert list(found) == [*widget.METHODS, "oracle"]
    assert f"CORAL {found['CORAL']:.2f}" in drawn.alt
    assert "blur, strength 3" in drawn.alt
    for change in widget.camera.CHANGES:
        for strength in widget.STRENGTHS[1:]:
            assert f"{change}_{strength}" in tl.datasets.DOMAINS["photos"]


def test_self_training_is_the_same_as_the_package_has(backbone):
    self_train = defined("adapting", "self_train")["self_train"]
    printed = tl.datasets.load("digits", domain="fonts", per_class=20).train
    written = tl.datasets.load_unlabelled("digits")
    table = self_train(backbone, printed, written, 0.8, rounds=2)
    given = (backbone, printed, written.images)
    for rounds, found in enumerate(table["accuracy"]):
        model = adaptation.pseudo_labels(*given, threshold=0.8, rounds=rounds)
        assert written.accuracy(model) == pytest.approx(found, abs=0.01)


def test_the_gradient_comes_back_reversed_and_no_method_is_given_a_task(capsys):
    exec(the_cell("adapting", "custom_gradient"), {})
    assert "gradient [-1.5 -1.5]" in capsys.readouterr().out
    method = r"adaptation\.(?!choose|compare)\w+\(([^()]*)\)"
    calls = re.findall(method, "\n".join(cells("adapting")))
    assert len(calls) > 4
    assert not any("reveal" in call.split(",")[-1] for call in calls)
