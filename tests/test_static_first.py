"""The base of the widgets and the quiz, without a kernel and in a real one.

These run under ipywidgets 8 and, in the pass on Colab's versions, under 7.7.1.
"""

import json
import time

import ipywidgets
import pytest

from tests.helpers import refused, write_lesson
from tests.notebooks.stored import main, without_views
from tests.test_exercises import CHECKS, QUIZ
from tlcourse.widgets import StaticFirst
from tlcourse.widgets.static_first import VIEW, control

KERNEL_CELL = """
    import time
    from tlcourse import plots
    from tlcourse.widgets import StaticFirst

    def draw(size, kind):
        time.sleep(0.4 if kind == "slow" else 0)
        if size == 4:
            raise ValueError("four is <b>too</b> many.")
        rows = [{"source": n, "mean": 1, "low": 1, "high": 1} for n in range(size)]
        return plots.bars(rows, alt=f"{size} bars, {kind}.")

    explorer = StaticFirst(draw, size=[1, 2, 3, 4, 5], kind=["quick", "slow"])
    explorer.show()
"""


class Words:
    """A picture in words."""

    def __init__(self, size):
        self.alt = f"{size} bars"

    def __repr__(self):
        return self.alt


def test_picture_first_then_controls_as_text(capsys):
    StaticFirst(Words, size=[1, 2]).show()
    said = capsys.readouterr().out
    assert said == "1 bars\nControls: size. Run this cell to use them.\n"


def test_without_a_kernel_a_change_draws_at_once():
    explorer = StaticFirst(Words, size=[1, 2])
    explorer.show()
    explorer.controls["size"].value = 2
    assert explorer.picture.alt == "2 bars" and explorer.values == {"size": 2}
    said = explorer.message.value
    assert 'role="status"' in said and "2 bars" in said


def test_what_goes_wrong_is_said_in_a_sentence():
    def draw(size):
        if size == 2:
            raise ValueError("two is\n<too> many.")
        return Words(size)

    explorer = StaticFirst(draw, size=[1, 2, 3])
    explorer.show()
    explorer.controls["size"].value = 2
    said = explorer.message.value
    assert "✗" in said and "ValueError: two is &lt;too&gt; many)" in said
    assert 'role="alert"' in said and explorer.picture.alt == "1 bars"
    explorer.controls["size"].value = 3
    assert "✗" not in explorer.message.value and explorer.picture.alt == "3 bars"


def test_a_first_picture_that_fails_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        StaticFirst(lambda size: size / 0, size=[1]).show()


def test_controls_from_plain_options():
    ready = ipywidgets.IntSlider(value=3, description="depth")
    assert control("depth", ready) is ready
    assert isinstance(control("on", True), ipywidgets.Checkbox)
    for numbers in ([1, 2, 5], range(3)):
        assert isinstance(control("n", numbers), ipywidgets.SelectionSlider)
    drop_down = control("plan", {"features": 1, "all": 2})
    assert isinstance(drop_down, ipywidgets.Dropdown) and drop_down.value == 1
    assert drop_down.description == "plan"
    refused("'plan' needs at least one option", control, "plan", [])


def test_stored_lessons_lose_their_live_views(tmp_path, capsys):
    data = {VIEW: {"model_id": "1"}, "text/plain": ["Controls"]}
    output = {"output_type": "display_data", "data": data, "metadata": {VIEW: {}}}
    book = {"cells": [{"outputs": [output]}, {}], "metadata": {"widgets": {}}}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(book))
    main([path])
    assert "1 live views removed" in capsys.readouterr().out
    book = json.loads(path.read_text())
    assert book["metadata"] == {} and without_views(book) == 0
    assert book["cells"][0]["outputs"][0]["data"] == {"text/plain": ["Controls"]}


def updates(found):
    """The descriptions of the pictures that replaced the old one."""
    return [
        message["content"]["data"]["text/plain"]
        for message in found
        if message["msg_type"] == "update_display_data"
    ]


def model(kernel, name):
    return kernel.value(f"explorer.controls[{name!r}].model_id")


def test_two_outputs_an_update_in_place_and_a_sentence_for_the_reader(kernel):
    (kind, picture), (_, controls) = kernel.run(KERNEL_CELL)
    assert kind == "display_data" and picture["data"]["text/plain"] == "1 bars, quick."
    assert picture["metadata"]["image/png"]["alt"] == "1 bars, quick."
    place = picture["transient"]["display_id"]
    assert set(controls["data"]) == {VIEW, "text/plain"}
    assert controls["data"]["text/plain"].startswith("Controls: size, kind.")
    size = model(kernel, "size")
    found = kernel.messages(kernel.move(size, index=1))
    assert updates(found) == ["2 bars, quick."]
    [update] = [m for m in found if m["msg_type"] == "update_display_data"]
    assert update["content"]["transient"]["display_id"] == place
    kernel.messages(kernel.move(size, index=3))
    said, end = "", time.monotonic() + 30
    # On a busy machine the first drawing was slow, and this one waits for a rest.
    while "✗" not in said and time.monotonic() < end:
        said = kernel.value("explorer.message.value")
    assert "ValueError: four is &lt;b&gt;too&lt;/b&gt; many)" in said


def test_slow_drawings_wait_for_the_hand_to_rest(kernel):
    kernel.run(KERNEL_CELL)
    kind, size = model(kernel, "kind"), model(kernel, "size")
    kernel.messages(kernel.move(kind, index=1))  # from now on a drawing takes 0.4 s
    for index in (1, 2, 1, 2, 1, 2, 4):
        kernel.move(size, index=index)
    drawn, end = [], time.monotonic() + 30
    while "5 bars, slow." not in drawn and time.monotonic() < end:
        drawn += updates(kernel.messages("", False, seconds=1))
    drawn += updates(kernel.messages("", False, seconds=1))
    assert drawn[-1] == "5 bars, slow." and len(drawn) <= 3  # 1, or more under load


def test_a_quiz_and_a_check_in_a_kernel(kernel, tmp_path):
    write_lesson(tmp_path, CHECKS, QUIZ)
    outputs = kernel.run(
        f"""
        import tlcourse.exercises as exercises, tlcourse.lessons
        tlcourse.lessons.__path__.append({str(tmp_path)!r})
        exercises.quiz("trial")
        """
    )
    assert [kind for kind, _ in outputs] == ["display_data"] * 7
    static, live = outputs[0][1]["data"], outputs[1][1]["data"]
    assert set(static) == {"text/html", "text/plain"}
    assert "Question 1?" in static["text/html"]
    assert VIEW in live and "run this cell" in live["text/plain"]
    assert "Why" not in json.dumps(outputs[:7])  # answers stay out of a stored quiz
    [(_, once)] = kernel.run("exercises.check('trial.1', 3)")
    assert set(once["data"]) == {"text/html", "text/plain"}  # displayed once, as a note
