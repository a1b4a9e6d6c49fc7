"""The widget of the lesson."""

import functools

import pytest

import tlcourse as tl
from tlcourse.lessons.adapting import widget

pytestmark = pytest.mark.usefixtures("one_thread")

SHOW, FIRST = widget.shift_lab, "Photo patches: blur, strength 3 of"
CONTROLS = "change, strength."
PICTURES = [functools.partial(widget.draw, "blur", strength) for strength in (0, 3)]
REFUSED = []


def test_at_strength_0_the_change_does_not_matter():
    found = [widget.draw(change, 0).alt for change in widget.camera.CHANGES]
    assert len(set(found)) == 1 and "as taken" in found[0]


def test_the_widget_tells_what_it_measured():
    drawn = widget.draw("blur", 3)
    found = widget.measured("blur", 3, "imagenet_distilled")
    assert list(found) == [*widget.METHODS, "oracle"]
    assert f"CORAL {found['CORAL']:.2f}" in drawn.alt
    assert "blur, strength 3" in drawn.alt


def test_each_change_and_strength_is_a_domain():
    for change in widget.camera.CHANGES:
        for strength in widget.STRENGTHS[1:]:
            assert f"{change}_{strength}" in tl.datasets.DOMAINS["photos"]
