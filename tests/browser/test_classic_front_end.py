"""Colab's versions in a browser: ipywidgets 7.7.1, in the front end belonging to it.

Colab's own front end cannot be had elsewhere. The classic notebook runs the same
JavaScript of the widgets, of widgetsnbextension 3.6. One widget is tried in CI; with
WEEKLY=1, as in .github/workflows/weekly.yml, the others are, and every lesson runs from
top to bottom.
"""

import os
import re
import shutil
import time

import nbformat
import pytest

from tests.helpers import LESSONS

weekly = pytest.mark.skipif("WEEKLY" not in os.environ, reason="runs once a week")
FREEZE_LAB = """
import tlcourse as tl
from tlcourse.lessons.freezing import widget
backbone = tl.backbones.load("mobilenet", source="glyphs")
task = tl.datasets.load("digits", per_class=10, seed=0)
widget.FreezeLab(backbone, task, epochs=2)
"""
TRY_TEXT = """
import tlcourse as tl
def answer(texts):
    return [0.9 if "love" in text else 0.2 for text in texts]
tl.widgets.try_text({"finds love": answer}, "I love this film")
"""
RUNNING = (
    "() => !Jupyter.notebook.kernel || !Jupyter.notebook.kernel.is_connected() || "
    "[...document.querySelectorAll('.input_prompt')]"
    ".some(p => p.innerText.includes('*'))"
)


class ClassicPage:
    """A notebook in the classic front end, and what a reader does with it."""

    def __init__(self, page, server, name):
        self.page = page
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{server.url}/nbclassic/notebooks/{name}")
        page.wait_for_function(
            "() => window.Jupyter && Jupyter.notebook && Jupyter.notebook.kernel "
            "&& Jupyter.notebook.kernel.info_reply.status",
            timeout=90_000,
        )
        # It asks the kernel for widgets of before, and hides those that are made
        # meanwhile: two questions of ours come after its own.
        for _ in range(2):
            page.evaluate(
                "() => new Promise("
                "done => Jupyter.notebook.kernel.comm_info(null, () => done()))"
            )

    def run_all(self, seconds=600):
        """Run every cell, and wait until the last is done."""
        self.page.evaluate("Jupyter.notebook.execute_all_cells()")
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(f"() => !({RUNNING})()", timeout=seconds * 1000)

    def errors(self):
        """What cells wrote as they failed or warned."""
        found = self.page.locator(".output_error, .output_stderr")
        return "\n".join(found.all_inner_texts())

    def screenshot(self, name):
        """For who wants to look: SCREENSHOTS=folder."""
        if os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=f"{os.environ['SCREENSHOTS']}/{name}.png")


@pytest.fixture
def opened(classic, browser):
    """A function that opens a notebook, a path or a cell's code, in a page."""
    pages = []

    def open_it(what):
        if isinstance(what, str):
            cells = [nbformat.v4.new_code_cell(what.strip())]
            kernel = {"name": "python3", "display_name": "Python 3"}
            book = nbformat.v4.new_notebook(
                cells=cells, metadata={"kernelspec": kernel}
            )
            name = f"cells_{time.monotonic_ns()}.ipynb"
            nbformat.write(book, classic.files / name)
        else:
            name = what.name
            shutil.copy(what, classic.files / name)
        pages.append(ClassicPage(browser.new_page(), classic, name))
        return pages[-1]

    yield open_it
    for page in pages:
        page.page.evaluate("Jupyter.notebook.session.delete()")
        page.page.close()


def test_a_text_is_typed_into_the_widget_of_lesson_12(opened):
    page = opened(TRY_TEXT)
    page.run_all()
    field = page.page.locator(".output input[type=text]")
    field.fill("This film is dull")
    field.press("Enter")
    picture = page.page.locator(".output img[alt*='each of 4 words']")
    page.page.wait_for_function(
        "() => document.querySelector('.output img').alt.includes('20%')",
        timeout=15_000,
    )
    assert picture.count() == 1  # in the old one's place
    page.screenshot("classic_try_text")
    assert page.errors() == ""
    version = page.page.evaluate(
        "() => new Promise(done => "
        "require(['@jupyter-widgets/base'], "
        "base => done(base.JUPYTER_WIDGETS_VERSION)))"
    )
    assert version.startswith("1.")  # of ipywidgets 7; in 8 it is 2.0


@weekly
def test_the_freeze_lab_of_lesson_04_toggles_and_trains(opened):
    page = opened(FREEZE_LAB)
    page.run_all()
    assert page.errors() == ""
    counts = page.page.locator(".tl-counts")
    before = counts.inner_text()
    page.page.locator(".tl-block", has_text=re.compile(r"\bblock13\b")).click()
    page.page.wait_for_function(
        "before => document.querySelector('.tl-counts').innerText !== before",
        arg=before,
        timeout=15_000,
    )
    page.page.locator("button.widget-button", has_text="Train").first.click()
    page.page.locator("table.tl-runs tbody tr").first.wait_for(timeout=60_000)
    page.screenshot("classic_freeze_lab")
    assert page.errors() == ""


@weekly
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_from_top_to_bottom(path, opened):
    page = opened(path)
    page.run_all(seconds=1200)
    assert page.page.locator(".output_error").all_inner_texts() == []
    assert page.errors() == ""
    # A widget that could not be shown says so, or leaves nothing.
    for view in page.page.locator(".jupyter-widgets-view").all():
        assert view.is_visible()
    page.screenshot(f"classic_{path.stem}")
