"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import functools

import pandas as pd

import tlcourse as tl
from tests.helpers import Later, load_backbone, solved


@functools.cache
def runs():
    """The two runs of the lesson, on faces."""
    task = tl.datasets.load("faces", per_class=10)
    backbone, random = load_backbone("imagenet_distilled"), load_backbone("random")
    plans = tl.FreezePlan.features(backbone), tl.FreezePlan.all(random)
    return tuple(
        tl.transfer(each, task, plan, epochs=1, show_progress=False)
        for each, plan in zip((backbone, random), plans, strict=True)
    )


def table():
    """Accuracies as the lesson measures them, of two draws."""
    accuracy = {"transfer": (0.8, 0.9), "from scratch": (0.5, 0.8)}
    rows = [
        {"strategy": s, "per_class": n, "seed": seed, "accuracy": a + 0.01 * seed}
        for s, both in accuracy.items()
        for n, a in zip((1, 50), both, strict=True)
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows)


def names():
    transferred, from_scratch = runs()
    return {
        "tl": tl,
        "summary": tl.tables.summarise(table(), ["strategy", "per_class"]),
        "transferred": transferred,
        "from_scratch": from_scratch,
    }


WRONG = {
    "why.1": {
        "always 9": (lambda *_: 9, "minds the goal", "gives 9 and 9"),
        "text": (lambda *_: "9", "one whole number", "gives '9'"),
        "no function": (9, "one whole number", "found an int: 9"),
    },
    "why.2": {
        "one run": (Later(lambda: runs()[0]), "two runs"),
        "exchanged": (Later(lambda: solved("why.2", tl=tl)[::-1]), "The first comes"),
    },
    "why.3": {
        "one of two": ({"b"}, "Nothing fair is missing"),
        "text": ("bd", "a set of letters"),
    },
}
