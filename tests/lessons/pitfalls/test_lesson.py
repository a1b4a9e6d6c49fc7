"""The code that the lesson writes out, its checklist, and what its prose counts on."""

import re

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tests.helpers import cells, defined, load_backbone, solved
from tlcourse.lessons.pitfalls import checks, widget


def test_the_balance_of_pitfalls_2_is_what_the_widget_repeats():
    rows = checks._rows(solved("pitfalls.2", np=np, pd=pd))
    groups = 2 * checks._LABELS[rows] + checks._MARKED[rows]
    assert np.bincount(groups).tolist() == [9] * 4


# --- the lesson's own lines -----------------------------------------------------------


def test_ece_is_zero_where_sureness_is_right_and_one_where_all_is_wrong():
    ece = defined("pitfalls", "ece")["ece"]
    sure = np.tile([0.75, 0.25], (400, 1))
    right = (np.arange(400) % 4 == 3).astype(int)  # three of four are class 0
    assert ece(sure, right) == pytest.approx(0)
    certain = np.tile([1.0, 0.0], (50, 1))
    assert ece(certain, np.ones(50, int)) == pytest.approx(1)
    half = np.concatenate([sure, np.tile([1.0, 0.0], (400, 1))])
    labels = np.concatenate([right, np.ones(400, int)])
    assert ece(half, labels) == pytest.approx(0.5)


def test_a_temperature_finds_the_factor_that_was_put_in():
    scope = defined("pitfalls", "cooled", "best_temperature")
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 5))
    chances = scope["cooled"](np.exp(logits), 1)
    labels = (chances.cumsum(1) > rng.uniform(size=(4000, 1))).argmax(1)
    overdone = scope["cooled"](chances, 1 / 3)
    found = scope["best_temperature"](overdone, labels)
    assert found == pytest.approx(3, rel=0.1)
    again = scope["cooled"](overdone, found)
    assert (again.argmax(1) == overdone.argmax(1)).all()


def test_the_mark_and_whom_it_goes_with():
    scope = defined("pitfalls", "mark", "goes_with")
    images = np.zeros((4, 25, 25, 3), "float32")
    marked = scope["mark"](images, np.array([True, False, True, False]))
    assert not images.any() and (marked[[1, 3]] == 0).all()
    assert (marked[0] == 255).sum() == 3 * 3 * 3 and marked[0, -1].max() == 0
    labels = np.arange(40) % 2
    for strength in (None, 0.5, 0.9, 1.0):
        bears = scope["goes_with"](labels, strength)
        assert (bears == widget.goes_with(labels, strength)).all()
        shares = [bears[labels == label].mean() for label in (0, 1)]
        told = [0, 0] if strength is None else [1 - strength, strength]
        assert shares == pytest.approx(told)


def test_each_line_of_the_checklist_runs():
    prose = cells("pitfalls", "markdown")
    [table] = [cell for cell in prose if "| Ask | Line |" in cell]
    lines = re.findall(r"\| `(.+?)` \|", table)
    assert len(lines) == 7
    rng = np.random.default_rng(0)
    scope = defined("pitfalls", "ece", "slices")
    labels = np.arange(40) % 2
    task = tl.datasets.load("faces")
    digits = tl.datasets.load("digits", per_class=2)

    class Stub:  # features, a head, a run and a network in one
        history = {"val_loss": [2.0, 1.0, 3.0]}

        def features(self, images):
            return images[:, ::8, ::8, 0].reshape(len(images), -1)

        def predict(self, images):
            if images.ndim == 2:
                return np.zeros(len(images), int)
            return np.tile([0.7, 0.3], (len(images), 1))

        def score(self, features, labels):
            return 0.5

    size = len(task.test)
    scope |= {  # in place: the lesson's functions look here
        "np": np, "tl": tl,
        "features": rng.normal(size=(40, 8)), "random": rng.normal(size=(40, 8)),
        "pixels": rng.normal(size=(40, 8)), "labels": labels, "faces": task,
        "accuracy": pd.DataFrame({"glyphs": [0.5], "random": [0.25]}),
        "old_head": Stub(), "network": Stub(), "old": digits, "run": Stub(),
        "photos": task, "head": Stub(),
        "vectors": {("marked", "test", m): np.zeros((size, 4)) for m in (False, True)},
    }  # fmt: skip
    found = [eval(line, scope) for line in lines]
    assert all(np.isscalar(value) for value in found)
    assert found[2] == 0.25 and found[4] == 2 and found[6] == 0


# --- words ----------------------------------------------------------------------------


def test_the_counts_in_the_prose():
    prose = " ".join(" ".join(cells("pitfalls", "markdown")).split())
    assert "took 74 more labels" in prose and len(tl.datasets.load("photos").val) == 74
    assert "the fifty training pictures" in prose
    assert len(tl.datasets.load("photos", per_class=5).train) == 50
    backbone = load_backbone("imagenet_distilled")
    assert "a few thousand weights" in prose
    assert 2000 < (backbone.model.output.shape[-1] + 1) * 10 < 4000
