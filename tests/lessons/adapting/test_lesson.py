"""Figures and widget of the lesson, and the code that it writes out."""

import functools
import re

import numpy as np
import pandas as pd

import tlcourse as tl
from tlcourse.lessons.adapting import figures, widget


def rungs(pair="one", methods=("source_only", "coral", "oracle")):
    means = np.linspace(0.2, 0.9, len(methods))
    ends = {"low": means - 0.1, "high": means + 0.1}
    return pd.DataFrame({"pair": pair, "method": methods, "mean": means, **ends})


def black(count):
    return np.zeros((count, 8, 8, 3))


# As many as the widget has: the figure has no room for the names of two.
REACHED = {"source_only": 0.2, "channel_mean": 0.5, "CORAL": 0.6, "oracle": 0.9}
OTHER_SIZE = np.full((4, 6, 6, 3), 200.0)

FIGURES = {
    "domain_rows": (lambda: figures.domain_rows({"a": black(4), "b": OTHER_SIZE}),),
    "ladder": (
        lambda: figures.ladder(pd.concat([rungs(), rungs("two")])),
        "one: source only 0.20",
        "two: source only 0.20",
    ),
    "bound": (
        lambda: figures.bound(title="Three cases"),
        "best for both 0.40, target error 0.40",
    ),
    "shift_lab": (lambda: figures.shift_lab(black(3), "abc", REACHED, title="Blur"),),
    "adversary": (lambda: figures.adversary(title="There and back"),),
}
SHOW, FIRST = widget.shift_lab, "Photo patches: white balance, strength 3 of"
CONTROLS = "change, strength."
PICTURES = [functools.partial(widget.draw, "blur", strength) for strength in (0, 3)]
REFUSED = [
    ("as many pictures", lambda: figures.domain_rows({"a": black(4), "b": black(3)})),
    ("at least one row", lambda: figures.domain_rows({})),
    ("source_only", lambda: figures.ladder(rungs(methods=("coral", "oracle")))),
    ("same methods", lambda: figures.ladder(
        pd.concat([rungs(), rungs("two", ("source_only", "x", "oracle"))])
    )),
]  # fmt: skip


def test_the_bound_holds_and_alignment_fails_where_proportions_differ():
    numbers = re.findall(r"\d\.\d\d", figures.bound().alt)
    for error, distance, joint, target in np.reshape(numbers, (3, 4)).astype(float):
        assert target <= error + distance + joint + 0.011  # two decimals each
    assert numbers[-4:] == ["0.00", "0.00", "0.40", "0.40"]


def test_the_widget_tells_what_it_measured_on_domains_that_there_are():
    found = [widget.draw(change, 0).alt for change in widget.camera.CHANGES]
    assert len(set(found)) == 1 and "as taken" in found[0]  # strength 0
    drawn = widget.draw("blur", 3)
    found = widget.measured("blur", 3, "imagenet_distilled")
    assert list(found) == ["source_only", "channel_mean", "CORAL", "oracle"]
    assert f"CORAL {found['CORAL']:.2f}" in drawn.alt
    assert "blur, strength 3" in drawn.alt
    for change in widget.camera.CHANGES:
        for strength in widget.STRENGTHS[1:]:
            assert f"{change}_{strength}" in tl.datasets.DOMAINS["photos"]
