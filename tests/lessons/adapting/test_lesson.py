"""The code that the lesson writes out."""

import re

import pytest

import tlcourse as tl
from tests.helpers import cells, defined, the_cell
from tlcourse import adaptation

pytestmark = pytest.mark.usefixtures("one_thread")


def test_self_training_is_the_same_as_the_package_has(backbone):
    self_train = defined("adapting", "self_train")["self_train"]
    printed = tl.datasets.load("digits", domain="fonts", per_class=20).train
    written = tl.datasets.load_unlabelled("digits")
    table = self_train(backbone, printed, written, 0.8, rounds=2)
    for rounds, found in enumerate(table["accuracy"]):
        model = adaptation.pseudo_labels(
            backbone, printed, written.images, threshold=0.8, rounds=rounds
        )
        assert written.accuracy(model) == pytest.approx(found, abs=0.01)


def test_the_gradient_comes_back_reversed(capsys):
    exec(the_cell("adapting", "custom_gradient"), {})
    assert "gradient [-1.5 -1.5]" in capsys.readouterr().out


def test_no_method_of_the_lesson_is_given_a_task():
    method = r"adaptation\.(?!choose|compare)\w+\(([^()]*)\)"
    calls = re.findall(method, "\n".join(cells("adapting")))
    assert len(calls) > 4
    assert not any("reveal" in call.split(",")[-1] for call in calls)
