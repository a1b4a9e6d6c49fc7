"""All bundled sources on all targets: the table in datasets/README.md."""

import re

import tlcourse as tl
from tests.helpers import load_backbone
from tests.lessons.measured import trained
from tlcourse.resources import where

# A test run repeats the first: a seed of all takes minutes.
SOURCES = (
    "glyphs", "random", "fractals", "photos", "imagenet_distilled",
    "EfficientNet-Lite0", "raw pixels",
)  # fmt: skip
TARGETS = ("digits", "photos", "faces")
PER_CLASS = 10


def measure(seed, source):
    rows = []
    for target in TARGETS:
        if source == "raw pixels":
            task = tl.datasets.load(target, per_class=PER_CLASS, seed=seed)
            found = {"frozen": _pixel_probe(task)}
        else:
            backbone, found = _backbone(source), {}
            for how, name in (("frozen", "features"), ("all trained", "all")):
                plan = getattr(tl.FreezePlan, name)(backbone)
                run = trained(backbone, target, plan, PER_CLASS, seed)
                found[how] = run.test_accuracy
        rows += [
            {"target": target, "source": source, "how": how, "value": value}
            for how, value in found.items()
        ]
    return rows


def _backbone(source):
    if source == "EfficientNet-Lite0":
        return tl.backbones.load("efficientnet_lite0", input_size=64)
    return load_backbone(source)


def _pixel_probe(task):
    flat = [s.images.reshape(len(s), -1) for s in (task.train, task.test)]
    probe = tl.probes.linear_probe().fit(flat[0], task.train.labels)
    return probe.score(flat[1], task.test.labels)


def test_the_table_in_the_readme_and_the_goals(evidence, request):
    table = evidence("choosing.sources_by_targets", measure, parts=SOURCES)
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
    half = (summary["high"] - summary["low"]) / 2
    pairs = zip(summary["mean"], half, strict=True)
    summary["cell"] = [f"{mean:.2f} ± {by:.2f}" for mean, by in pairs]
    summary["what"] = summary["target"] + ", " + summary["how"]
    order = [f"{t}, {how}" for t in TARGETS for how in ("frozen", "all trained")]
    table = summary.pivot(index="source", columns="what", values="cell")[order]
    table = table.loc[summary["source"].unique()].fillna("").reset_index()
    rows = [table.columns, *table.to_numpy()]
    head, *lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---" * len(table.columns) + "|", *lines])
