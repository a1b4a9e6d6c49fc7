"""The exercises, its heat map, and what its prose counts on."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import tlcourse as tl
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.freezing import checks as own
from tlcourse.lessons.freezing import figures
from tlcourse.quiet import import_keras

NOTEBOOK = notebook("freezing")


def cells(kind="code"):
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == kind
    ]


def failure(number, answer):
    return checking.first_failure(lessons.exercise(number), answer)


# --- exercises ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def names():
    """What the exercises take from the lesson."""
    near, far = (
        tl.backbones.load("mobilenet", source=s) for s in ("glyphs", "fractals")
    )
    return {"tl": tl, "np": np, "keras": import_keras(), "near": near, "far": far}


@pytest.mark.parametrize("number", ["freezing.1", "freezing.2", "freezing.3"])
def test_the_naive_start_fails_and_the_solution_passes(names, number):
    [start] = [cell for cell in cells() if f'check("{number}"' in cell]
    scope = {**names, "check": lambda number, answer: None}
    exec(start, scope)
    assert failure(number, scope["answer"]) is not None
    scope = dict(names)
    exec(lessons.exercise(number).solution, scope)
    assert failure(number, scope["answer"]) is None


def test_plans_that_miss_the_goal_of_04_1(names):
    far, near = names["far"], names["near"]
    plan = tl.FreezePlan
    assert "one FreezePlan" in failure("freezing.1", far)[0]
    assert "source glyphs" in failure("freezing.1", plan.features(near))[1]
    assert "from scratch" in failure("freezing.1", plan.scratch(far))[1]
    says, found = failure("freezing.1", plan.last(far, 8))
    assert "40,000" in says and "trains" in found
    says, found = failure("freezing.1", plan.features(far))
    assert "validation accuracy" in says and re.search(r"0\.[1-4]\d", found)


def test_what_04_1_counts_is_what_the_run_trains(names):
    far = names["far"]
    plan = tl.FreezePlan.blocks(far, [block.name for block in far.blocks[:8]])
    assert own._trained(plan) == own._far_run(plan)[0].trainable_parameters
    assert own._trained(plan) <= own.MOST_TRAINED


def test_plans_that_miss_a_goal_of_04_2(names):
    near, far, plan = names["near"], names["far"], tl.FreezePlan
    assert "FreezePlan" in failure("freezing.2", 3)[0]
    assert "glyphs" in failure("freezing.2", plan.all(far))[0]
    assert "every block" in failure("freezing.2", plan.features(near))[0]
    says, found = failure("freezing.2", plan.all(near))
    assert "old head" in says and "it reads 0." in found
    too_slow = plan.all(near, body_rate=1e-5, head_rate=1e-5)
    assert "validation accuracy" in failure("freezing.2", too_slow)[0]


def test_a_schedule_passes_04_2(names):
    near, plan = names["near"], tl.FreezePlan
    slow = plan.all(near, body_rate=1e-4, head_rate=1e-2)
    assert failure("freezing.2", [plan.features(near), slow]) is None


def nothing(base):
    pass


def frozen_first(base):
    for layer in base.layers:
        if "batch" in layer.name:
            layer.trainable = False
    base.trainable = True  # undoes the loop


def half(base):
    base.trainable = True
    for layer in base.layers[:4]:
        layer.trainable = False


@pytest.mark.parametrize("answer", [nothing, frozen_first, half])
def test_wrong_preparations_of_04_3(answer):
    assert failure("freezing.3", answer) is not None


def test_a_preparation_may_return_the_base(names):
    scope = dict(names)
    exec(lessons.exercise("freezing.3").solution, scope)

    def answer(base):
        scope["answer"](base)
        return base

    assert failure("freezing.3", answer) is None


# --- the heat map ---------------------------------------------------------------------


def summary(**columns):
    rows = [
        {"source": source, "per_class": size, "blocks": k, "mean": mean}
        for source in ("glyphs", "fractals")
        for size in (2, 10)
        for k, mean in ((0, 0.95), (14, 0.25))
    ]
    table = pd.DataFrame(rows).assign(**columns)
    return table.assign(low=table["mean"] - 0.05, high=table["mean"] + 0.05)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_each_cell_holds_its_mean_and_interval():
    picture = figures.heat_map(summary(), panels="source")
    assert [axes.get_title(loc="left") for axes in picture.fig.axes] == [
        "glyphs",
        "fractals",
    ]
    for axes in picture.fig.axes:
        assert texts(axes) == ["0.95", "± 0.05", "0.25", "± 0.05"] * 2
        assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "14"]
    assert "fractals, per class 10: 0.95 at 0, 0.25 at 14" in picture.alt


def test_numbers_stand_out_from_their_cell():
    [axes] = figures.heat_map(summary()[:4]).fig.axes
    dark, _, light, _ = (text.get_color() for text in axes.texts[:4])
    assert dark == "white" and light != "white"
    shades = [np.mean(patch.get_facecolor()[:3]) for patch in axes.patches]
    assert shades[0] < 0.5 < shades[1]


def test_a_single_run_has_no_interval():
    table = summary()[:4].assign(low=np.nan, high=np.nan)
    assert texts(figures.heat_map(table).fig.axes[0]) == ["0.95", "0.25"] * 2


def test_a_missing_cell_stays_empty():
    assert len(figures.heat_map(summary()[:3]).fig.axes[0].patches) == 3


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no blocks"):
        figures.heat_map(summary().drop(columns="blocks"))


# --- the lesson -----------------------------------------------------------------------


def test_the_words_about_blocks_and_parameters(names):
    near, prose = names["near"], "\n".join(cells("markdown"))
    assert "Two blocks of fourteen are free" in prose and len(near.blocks) == 14
    last_two = sum(block.parameters for block in near.blocks[-2:])
    assert 0.45 < last_two / near.parameters < 0.55  # about half
    trained = tl.FreezePlan.last(near, 8).summary()["trained"].sum()
    first = tl.FreezePlan.blocks(near, [b.name for b in near.blocks[:8]])
    assert 4.5 < trained / first.summary()["trained"].sum() < 5.6  # five times
