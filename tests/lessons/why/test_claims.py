"""What the lesson says: what transfer is worth in labels, and what it costs."""

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import load_backbone

SIZES = (1, 2, 5, 10, 20, 50)


def measure(seed):
    backbone, scratch = map(load_backbone, ("imagenet_distilled", "random"))
    strategies = {
        "transfer": (backbone, tl.FreezePlan.features(backbone)),
        "from scratch": (scratch, tl.FreezePlan.all(scratch)),
    }
    table = tl.study.compare(strategies, "faces", SIZES, [seed], show_progress=False)
    rows = table[["strategy", "per_class", "trainable", "accuracy"]]
    return rows.rename(columns={"accuracy": "value"}).to_dict("records")


@pytest.fixture
def table(evidence):
    return evidence("why.labels", measure)


def test_transfer_wins_with_few_labels_and_with_many(table):
    mean = tl.tables.summarise(table, ["strategy", "per_class"], "value")
    mean = mean.set_index(["strategy", "per_class"])["mean"]
    gain = mean["transfer"] - mean["from scratch"]
    assert (gain > 0).all()
    assert (gain.loc[:10] > 0.1).all()
    # With transfer two labels a class do more than fifty without, one about as much.
    assert mean["transfer", 2] > mean["from scratch", 50] + 0.02
    assert mean["transfer", 1] > mean["from scratch", 50] - 0.05
    # Near chance with one label, and wider intervals than with transfer while few.
    assert mean["from scratch", 1] < 0.65
    # In each draw on its own, too, up to ten labels.
    wide = table.pivot_table("value", ["per_class", "seed"], "strategy")
    assert (wide["transfer"] > wide["from scratch"]).loc[:10].all()


def test_the_gain_is_worth_labels(table):
    summary = tl.tables.summarise(table, ["strategy", "per_class"], "value")
    worth = tl.tables.labels_worth(summary, "transfer", "from scratch")
    factor = worth["needed"] / worth["per_class"]
    assert (factor.iloc[:3] >= 4).all()  # 1, 2 and 5 labels count at least fourfold


def test_only_the_head_is_trained(table):
    counts = table.groupby("strategy")["trainable"].unique().map(np.ravel)
    assert counts["transfer"].tolist() == [(256 + 1) * 2]
    assert counts["from scratch"][0] > 400 * counts["transfer"][0]


def test_digits_gain_from_letters():
    """Exercise why.2: another target, another source."""
    kept = tl.evidence("choosing.sources_by_targets")
    value = kept.set_index(["target", "source", "how", "seed"])["value"].sort_index()
    letters = value["digits", "glyphs", "frozen"]
    assert (letters - value["digits", "random", "all trained"]).min() > 0.3
