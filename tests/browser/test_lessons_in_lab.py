"""Every lesson in JupyterLab: it opens clean, runs, its widget and its quiz answer.

Where Keras's ImageNet weights are cached, the lesson runs with them here, by the one
word that it names; nbval runs it with the bundled source.
"""

import json
from pathlib import Path

import pytest

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
OUTPUT = ".jp-OutputArea-output"
BUNDLED, IMAGENET = (
    json.dumps(f'source = "{name}"')[1:-1]
    for name in ("imagenet_distilled", "imagenet")
)


@pytest.fixture
def other_source(imagenet, tmp_path):
    """A function that gives a lesson with ImageNet as its source, if it is cached."""

    def changed(path):
        if not imagenet:
            return path
        text = path.read_text("utf-8")
        assert text.count(BUNDLED) == 1, "a lesson names its source in one line"
        copy = tmp_path / path.name
        copy.write_text(text.replace(BUNDLED, IMAGENET), "utf-8")
        return copy

    return changed


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_in_the_browser(lesson, other_source, path):
    page = lesson(other_source(path))
    assert "Error displaying widget" not in page.outputs()  # as it is stored
    page.run_all()
    assert page.errors() == ""
    pictures = page.pictures()
    assert pictures and all(alt not in ("", "Image") for _, alt in pictures)
    assert move_a_control(page)
    page.wait_for_other_pictures(pictures)
    answer_the_quiz(page)


def move_a_control(page):
    """Move the first control of the lesson's widget; False if there is none."""
    slider = page.page.locator(f'{OUTPUT} [role="slider"]')
    if slider.count():
        at_end = slider.first.get_attribute(
            "aria-valuenow"
        ) == slider.first.get_attribute("aria-valuemax")
        slider.first.focus()
        page.page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
        return True
    choice = page.page.locator(f"{OUTPUT} .widget-dropdown select")
    if choice.count():
        chosen = choice.first.evaluate("select => select.selectedIndex")
        choice.first.select_option(index=0 if chosen else 1)
        return True
    other = page.page.locator(
        f"{OUTPUT} .widget-toggle-buttons button:not(.mod-active), "
        f'{OUTPUT} .widget-checkbox input[type="checkbox"]'
    )
    if other.count():
        other.first.click()
        return True
    return False


def answer_the_quiz(page):
    """Click the first choice of each question and wait for what explains it."""
    questions = page.page.get_by_text("Question ", exact=False).filter(has_text="of 3.")
    assert questions.count() >= 3
    for place in range(3):
        page.click("a)", place)
        answers = page.page.locator(f'{OUTPUT} [role="alert"]')
        answers.nth(place).wait_for(timeout=15_000)
    said = answers.all_inner_texts()
    assert all("Right:" in text or "Not quite:" in text for text in said)
