"""Every stored lesson in JupyterLab: it opens clean, its widget and its quiz answer.

nbval runs every cell; here run those that the widget needs, and in two lessons all.
"""

import ast
import json
import re
import symtable

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.helpers import CACHED_WEIGHTS, LESSONS
from tlcourse.exercises import lessons as exercises

# One shows every kind of output, the other uses its source in plain Keras as well.
WHOLE = ("00_start_here", "02_feature_extraction")
OUTPUT = ".jp-OutputArea-output"
WIDGET = re.compile(r"\bwidget\.|\bwidgets\.try_text\(")
BUNDLED, IMAGENET = (
    json.dumps(f'source = "{name}"')[1:-1]
    for name in ("imagenet_distilled", "imagenet")
)


@pytest.fixture
def other_source(tmp_path):
    """A function that gives a lesson with ImageNet as its source, if Keras has it."""

    def changed(path):
        if not CACHED_WEIGHTS.is_dir() or path.stem == "00_start_here":  # takes a file
            return path
        text = path.read_text("utf-8")
        if BUNDLED not in text:  # it has one source, or compares several
            return path
        copy = tmp_path / path.name
        copy.write_text(text.replace(BUNDLED, IMAGENET), "utf-8")
        return copy

    return changed


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_in_the_browser(lesson, other_source, path):
    page = lesson(other_source(path))
    assert "Error displaying widget" not in page.outputs()  # as it is stored
    if path.stem in WHOLE:
        page.run_all()
    else:
        page.run_cells(needed_cells(path))
    assert page.errors() == ""
    pictures = page.pictures()
    assert pictures and all(alt not in ("", "Image") for _, alt in pictures)
    assert move_a_control(page)
    page.wait_for_other_pictures(pictures)
    answer_the_quiz(page)
    if path.stem == "00_start_here":
        solve_the_first_exercise(page, path)
        first_choices = sum(each.choices[0].right for each in exercises.quiz("start"))
        row = page.page.locator(f"{OUTPUT} tr", has_text="00 Start here").inner_text()
        assert "1 of 2" in row and f"{first_choices} of 3" in row, row


def needed_cells(path):
    """Find the code cells without which a lesson's widget and its quiz don't run.

    These are the set-up, the quiz and the widget's cell; and, from there upwards, for
    each name that one of them uses, the cell that binds it last.
    """
    sources = code_cells(path)
    (widget,) = [k for k, text in enumerate(sources) if WIDGET.search(text)]
    (quiz,) = [k for k, text in enumerate(sources) if text.startswith("quiz(")]
    needed, wanted = {0, widget, quiz}, set()
    for place in range(widget, 0, -1):
        bound, used = names(sources[place])
        if place == widget or bound & wanted:
            needed.add(place)
            wanted = (wanted | used) - bound
    return sorted(needed)


def code_cells(path):
    """The text of each code cell of a notebook."""
    notebook = json.loads(path.read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return ["".join(cell["source"]) for cell in cells]


def names(source):
    """The names that a cell binds, a set, and those that it or its functions need."""
    plain = TransformerManager().transform_cell(source)  # without IPython's own syntax
    tables = [symtable.symtable(plain, "cell", "exec")]
    bound = {
        name.get_name()
        for name in tables[0].get_symbols()
        if name.is_assigned() or name.is_imported()
    }
    used = set()
    for table in tables:  # grows while it is read: functions, and functions in them
        tables += table.get_children()
        used |= {
            name.get_name()
            for name in table.get_symbols()
            if name.is_referenced() and (name.is_global() or table is tables[0])
        }
    nodes = [node for node in ast.walk(ast.parse(plain)) if isinstance(node, ast.Name)]
    deleted = {node.id for node in nodes if isinstance(node.ctx, ast.Del)}
    return bound - deleted, used | deleted


def move_a_control(page):
    """Move the first control of the lesson's widget; False if there is none."""
    slider = page.page.locator(f'{OUTPUT} [role="slider"]')
    choice = page.page.locator(f"{OUTPUT} .widget-dropdown select")
    other = page.page.locator(
        f"{OUTPUT} .widget-toggle-buttons button:not(.mod-active), "
        f'{OUTPUT} .widget-checkbox input[type="checkbox"]'
    )
    typed = page.page.locator(f'{OUTPUT} .widget-text input[type="text"]')
    if typed.count():
        typed.first.fill("A dull film that I loved")
        typed.first.press("Enter")
    elif slider.count():
        now = slider.first.get_attribute("aria-valuenow")
        most = slider.first.get_attribute("aria-valuemax")
        slider.first.focus()
        page.page.keyboard.press("ArrowLeft" if now == most else "ArrowRight")
    elif choice.count():
        chosen = choice.first.evaluate("select => select.selectedIndex")
        choice.first.select_option(index=0 if chosen else 1)
    elif other.count():
        other.first.click()
    return slider.count() + choice.count() + other.count() + typed.count() > 0


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


def solve_the_first_exercise(page, path):
    """Put the solution in the exercise's cell, and look again at what was done."""
    sources = code_cells(path)
    (exercise,) = [k for k, text in enumerate(sources) if 'check("start.1"' in text]
    (drawing,) = [k for k, text in enumerate(sources) if "my_progress()" in text]
    cell = page.page.locator(".jp-CodeCell").nth(exercise)
    cell.locator(".cm-content").click()
    page.page.keyboard.press("Control+a")
    solution = exercises.exercise("start.1").solution
    page.page.keyboard.insert_text(f'{solution}\ncheck("start.1", answer)')
    page.run_cells([exercise, drawing], first=len(sources) + 1)
    page.screenshot("what_was_done")
