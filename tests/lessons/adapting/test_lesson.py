"""The exercises, widget and figures, and the code that it writes out."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
import threadpoolctl
from PIL import Image

import tlcourse as tl
from tlcourse import adaptation
from tlcourse.adaptation.features import recolour
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.adapting import figures, widget

NOTEBOOK = notebook("adapting")


@pytest.fixture(autouse=True)
def one_thread():
    with threadpoolctl.threadpool_limits(1):  # small matrices: two threads wait
        yield


def cells():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def failure(number, answer):
    return checking.first_failure(lessons.exercise(number), answer)


# --- exercises ------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["adapting.1", "adapting.2"])
def test_the_naive_start_fails_and_the_solution_passes(number):
    [start] = [cell for cell in cells() if f'check("{number}"' in cell]
    scope = {"np": np, "check": lambda number, answer: None}
    exec(start, scope)
    assert failure(number, scope["answer"]) is not None
    scope = {}
    exec(lessons.exercise(number).solution, scope)
    assert failure(number, scope["answer"]) is None


def whitened_only(source, target):
    white = np.linalg.cholesky(np.linalg.inv(np.cov(source, rowvar=False)))
    return (source - source.mean(0)) @ white + target.mean(0)


def spread_only(source, target):
    scaled = (source - source.mean(0)) / source.std(0) * target.std(0)
    return scaled + target.mean(0)


def some_of_the_target(source, target):
    rows = np.random.default_rng(0).permutation(np.tile(np.arange(250), 2))[:300]
    cloud = target[rows]
    return spread_by(cloud, np.cov(cloud, rowvar=False), target)


def spread_by(cloud, ours, target):
    back = np.linalg.inv(np.linalg.cholesky(ours)).T
    there = np.linalg.cholesky(np.cov(target, rowvar=False)).T
    return (cloud - cloud.mean(0)) @ back @ there + target.mean(0)


def turned(source, target):
    moved = own_solution()(source, target)
    values, vectors = np.linalg.eigh(np.cov(target, rowvar=False))
    mirror = vectors * [-1, 1, 1, 1, 1, 1] @ vectors.T
    return (moved - moved.mean(0)) @ mirror + moved.mean(0)


def writes_into_it(source, target):
    moved = own_solution()(source, target)
    source -= source.mean(0)
    return moved


def own_solution():
    scope = {}
    exec(lessons.exercise("adapting.1").solution, scope)
    return scope["answer"]


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda source, target: target, "come back as (n, d)"),
        (lambda source, target: source, "mean is the target's"),
        (whitened_only, "covariance is the target's"),
        (spread_only, "covariance is the target's"),
        (some_of_the_target, "same linear map"),
        (turned, "nothing moves"),
        (writes_into_it, "as before"),
    ],
)
def test_wrong_corals_are_named(answer, words):
    assert words in failure("adapting.1", answer)[0]


def test_the_courses_own_coral_and_another_root_pass():
    assert (
        failure("adapting.1", lambda s, t: recolour(s, t, regularisation=1e-9)) is None
    )
    assert failure("adapting.1", lambda s, t: spread_by(s, np.cov(s.T), t)) is None


@pytest.mark.parametrize("answer", ["0.7", None, True, -0.1, 1.0, float("nan")])
def test_what_is_no_threshold_is_refused(answer):
    assert "number" in failure("adapting.2", answer)[0]


@pytest.mark.parametrize("answer", [0, 0.99])
def test_too_low_and_too_high_thresholds_are_named(answer):
    says, found = failure("adapting.2", answer)
    assert "gain" in says and "looked at the target's labels" in found


def test_a_range_of_thresholds_passes():
    for answer in (0.7, np.float64(0.8)):
        assert failure("adapting.2", answer) is None


# --- the code of the lesson -----------------------------------------------------------


def test_self_training_is_the_same_as_the_package_has():
    [source] = [cell for cell in cells() if "def self_train" in cell]
    scope = {"np": np, "pd": pd, "tl": tl}
    exec(source, scope)
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    printed = tl.datasets.load("digits", domain="fonts", per_class=20).train
    written = tl.datasets.load_unlabelled("digits")
    table = scope["self_train"](backbone, printed, written, 0.8, rounds=2)
    for rounds, found in enumerate(table["accuracy"]):
        model = adaptation.pseudo_labels(
            backbone, printed, written.images, threshold=0.8, rounds=rounds
        )
        assert written.accuracy(model) == pytest.approx(found, abs=0.01)


def test_the_gradient_comes_back_reversed(capsys):
    [source] = [cell for cell in cells() if "custom_gradient" in cell]
    exec(source, {})
    assert "gradient [-1.5 -1.5]" in capsys.readouterr().out


def test_no_method_of_the_lesson_is_given_a_task():
    calls = [
        call
        for cell in cells()
        for call in re.findall(r"adaptation\.(?!choose|compare)\w+\(([^()]*)\)", cell)
    ]
    assert len(calls) > 4
    assert not any("reveal" in call.split(",")[-1] for call in calls)


# --- the widget -----------------------------------------------------------------------


def test_at_strength_0_the_change_does_not_matter():
    found = [widget.draw(change, 0).alt for change in widget.camera.CHANGES]
    assert len(set(found)) == 1 and "as taken" in found[0]


def test_the_widget_tells_what_it_measured():
    drawn = widget.draw("blur", 3)
    found = widget.measured("blur", 3, "imagenet_distilled")
    assert list(found) == [*widget.METHODS, "oracle"]
    assert (
        f"CORAL {found['CORAL']:.2f}" in drawn.alt and "blur, strength 3" in drawn.alt
    )


def test_each_change_and_strength_is_a_domain():
    for change in widget.camera.CHANGES:
        for strength in widget.STRENGTHS[1:]:
            name = f"{change}_{strength}"
            assert name in tl.datasets.DOMAINS["photos"]


# --- figures --------------------------------------------------------------------------


def summary(methods=("source_only", "coral", "oracle")):
    means = np.linspace(0.2, 0.9, len(methods))
    return pd.DataFrame(
        {"method": methods, "mean": means, "low": means - 0.1, "high": means + 0.1}
    )


def rounds():
    table = pd.DataFrame(
        {"round": [0, 1], "accuracy": [0.5, 0.4], "sure": [0.6, 0.9], "pair": "a"}
    )
    return pd.concat([table, table.assign(pair="b")])


SCORES = pd.DataFrame(
    {"method": ["x", "y"], "accuracy": [0.5, 0.8], "s": [2.0, 1.0], "t": [0.0, 1.0]}
)
FIGURES = {
    "domain_rows": lambda: figures.domain_rows(
        {"a": np.zeros((4, 8, 8, 3)), "b": np.full((4, 6, 6, 3), 200.0)}
    ),
    "ladder": lambda: figures.ladder({"one": summary(), "two": summary()}, 12),
    "shared_map": lambda: figures.shared_map(
        {"before": np.eye(6, 2), "after": np.eye(6, 2)},
        [0, 1, 2] * 2, [False] * 3 + [True] * 3, ["cat", "brick", "grass"],
    ),
    "shift_lab": lambda: figures.shift_lab(
        np.zeros((3, 8, 8, 3)), ["a", "b", "c"], {"source_only": 0.2, "oracle": 0.9},
        title="Blur",
    ),
    "drift": lambda: figures.drift(rounds()),
    "choices": lambda: figures.choices(SCORES, ["s", "t"]),
    "adversary": lambda: figures.adversary(title="There and back"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_and_described(name):
    picture = FIGURES[name]()
    image = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))
    assert image.std() > 5 and image.shape[1] < 1000
    assert len(picture.alt) > 15 and picture.alt.endswith(".")


def test_figures_say_what_they_show():
    assert "looked at 12 times" in FIGURES["ladder"]().alt
    assert "two: source only 0.20" in FIGURES["ladder"]().alt
    assert (
        "b: sure from 0.60 to 0.90, right from 0.50 to 0.40" in FIGURES["drift"]().alt
    )
    alt = FIGURES["choices"]().alt
    assert "s chooses x, whose accuracy is 0.50, 0.30 below the best" in alt
    assert "t chooses y, whose accuracy is 0.80, 0.00 below the best" in alt


def test_figures_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="as many pictures"):
        figures.domain_rows({"a": np.zeros((4, 8, 8, 3)), "b": np.zeros((3, 8, 8, 3))})
    with pytest.raises(ValueError, match="at least one row"):
        figures.domain_rows({})
    with pytest.raises(ValueError, match="source_only"):
        figures.ladder({"one": summary(("coral", "oracle"))}, 1)
    with pytest.raises(ValueError, match="same methods"):
        figures.ladder({"one": summary(), "two": summary(("source_only", "oracle"))}, 1)
    with pytest.raises(ValueError, match="one label, one domain"):
        figures.shared_map({"a": np.zeros((3, 2))}, [0, 1], [True, False], ["x", "y"])
    with pytest.raises(ValueError, match="no sure"):
        figures.drift(rounds().drop(columns="sure"))
    with pytest.raises(ValueError, match="no u"):
        figures.choices(SCORES, ["u"])
