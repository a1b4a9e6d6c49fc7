"""The exercises and its widget."""

import numpy as np
import pandas
import pytest

import tlcourse as tl
from tlcourse.exercises import checking, lessons
from tlcourse.lessons.why import widget


@pytest.fixture(scope="module")
def runs():
    """The two runs of the lesson, on faces."""
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    random = tl.backbones.load("mobilenet", source=None)
    task = tl.datasets.load("faces", per_class=10)
    return tuple(
        tl.transfer(each, task, plan, epochs=1, show_progress=False)
        for each, plan in (
            (backbone, tl.FreezePlan.features(backbone)),
            (random, tl.FreezePlan.all(random)),
        )
    )


@pytest.fixture(scope="module")
def table():
    accuracy = {"transfer": (0.8, 0.9), "from scratch": (0.5, 0.8)}
    rows = [
        {"strategy": s, "per_class": n, "seed": seed, "accuracy": a + 0.01 * seed}
        for s, both in accuracy.items()
        for n, a in zip((1, 50), both, strict=True)
        for seed in (0, 1)
    ]
    return pandas.DataFrame(rows)


def failure(number, answer):
    return checking.first_failure(lessons.exercise(number), answer)


def solved(number):
    names = {"tl": tl}
    exec(lessons.exercise(number).solution, names)
    return names["answer"]


def naive(summary, strategy, goal):
    return int(summary["per_class"].iloc[0])


def test_fewest_labels():
    assert failure("why.1", naive) is not None
    assert failure("why.1", solved("why.1")) is None
    assert failure("why.1", lambda *_: 9) is not None
    assert failure("why.1", lambda *_: "9") is not None
    assert failure("why.1", 9) is not None


def test_another_source_and_target(runs):
    assert failure("why.2", runs) is not None
    assert failure("why.2", runs[0]) is not None
    answer = solved("why.2")
    assert failure("why.2", answer) is None
    assert failure("why.2", answer[::-1]) is not None


def test_fair_comparisons():
    assert failure("why.3", set("abcd")) is not None
    assert failure("why.3", {"b"}) is not None
    assert failure("why.3", "bd") is not None
    assert failure("why.3", solved("why.3")) is None


def test_the_widget_says_what_transfer_is_worth(table):
    picture = widget.draw(table, 1)
    assert "about 50" in picture.fig.axes[0].get_title(loc="left")
    assert "transfer 0.8" in picture.alt
    many = widget.draw(table, 50)
    assert "more than 50" in many.fig.axes[0].get_title(loc="left")
    assert not np.array_equal(picture.png, many.png)


def test_the_widget_is_a_figure_without_a_browser(table, capsys):
    widget.how_many_labels(table)
    assert "Controls: per class." in capsys.readouterr().out
