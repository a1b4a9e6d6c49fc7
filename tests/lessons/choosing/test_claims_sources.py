"""All bundled sources on all targets: the table in datasets/README.md."""

import functools
import re

import numpy as np
import pytest

import tlcourse as tl
from tlcourse.resources import where

SOURCES = (None, "glyphs", "fractals", "photos", "imagenet_distilled")
TARGETS = ("digits", "photos", "faces")
PER_CLASS = 10


@functools.cache
def backbone(source):
    return tl.backbones.load("mobilenet", source=source)


def measure(seed):
    tasks = {
        target: tl.datasets.load(target, per_class=PER_CLASS, seed=seed)
        for target in TARGETS
    }
    rows = []
    for source in SOURCES:
        plans = {
            "frozen": tl.FreezePlan.features(backbone(source)),
            "all trained": tl.FreezePlan.all(backbone(source)),
        }
        for how, plan in plans.items():
            for target, task in tasks.items():
                run = tl.transfer(
                    backbone(source), task, plan, seed=seed,
                    validate=False, show_progress=False,
                )  # fmt: skip
                row = {"target": target, "source": source or "random", "how": how}
                rows.append({**row, "value": run.test_accuracy})
    for target, task in tasks.items():
        row = {"target": target, "source": "raw pixels", "how": "frozen"}
        rows.append({**row, "value": _pixel_probe(task)})
    return rows


def _pixel_probe(task):
    flat = [s.images.reshape(len(s), -1) for s in (task.train, task.test)]
    probe = tl.probes.linear_probe().fit(flat[0], task.train.labels)
    return probe.score(flat[1], task.test.labels)


@pytest.fixture
def table(evidence):
    return evidence("choosing.sources_by_targets", measure)


def test_the_table_in_the_readme_and_the_goals(table, request):
    summary = tl.tables.summarise(table, ["target", "source", "how"], "value")
    readme = where("datasets") / "README.md"
    if request.config.getoption("--renew"):
        text = readme.read_text(encoding="utf-8")
        new = f"<!-- table -->\n{_markdown(summary)}\n<!-- end of table -->"
        pattern = r"<!-- table -->.*<!-- end of table -->"
        readme.write_text(re.sub(pattern, new, text, flags=re.S), encoding="utf-8")
    assert _markdown(summary) in readme.read_text(encoding="utf-8")

    mean = summary.set_index(["target", "source", "how"])["mean"].sort_index()
    assert mean["digits", "glyphs", "frozen"] >= 0.90
    assert mean["digits", "glyphs", "all trained"] >= 0.93
    best = mean[mean.index.get_level_values("source") != "raw pixels"]
    assert best["faces", :, "frozen"].max() >= 0.92
    assert best["photos", :, "frozen"].max() >= 0.62
    for target in TARGETS:
        from_scratch = mean[target, "random", "all trained"]
        fine_tuned = mean[target, :, "all trained"].max()
        assert fine_tuned >= from_scratch + 0.15, target


def _markdown(summary):
    """The table as Markdown: a row a source, a column a target and training."""
    columns = [(t, how) for t in TARGETS for how in ("frozen", "all trained")]
    head = [f"{target}, {how}" for target, how in columns]
    lines = [
        "| source | " + " | ".join(head) + " |",
        "|---|" + "---|" * len(head),
    ]
    cells = summary.set_index(["source", "target", "how"])
    for source in summary["source"].unique():
        values = []
        for column in columns:
            key = (source, *column)
            values.append(_cell(cells.loc[key]) if key in cells.index else "")
        lines.append(f"| {source} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def _cell(row):
    half = (row["high"] - row["low"]) / 2
    return f"{row['mean']:.2f} ± {np.round(half, 2):.2f}"
