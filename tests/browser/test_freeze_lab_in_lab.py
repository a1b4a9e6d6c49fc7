"""The freeze lab in JupyterLab: toggle, count, train, stop, compare, take the code."""

import contextlib
import os
import re

import playwright.sync_api
import pytest

SET_UP = """
    import tlcourse as tl
    from tlcourse.lessons.freezing import widget
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    task = tl.datasets.load("digits", per_class=10, seed=0)
"""
BLOCK, ROWS = ".tl-block", "table.tl-runs tbody tr"
TRAINED = re.compile(r"✎ ([\d,]+) of")


@pytest.fixture
def open_lab(lesson_of):
    """A function that opens JupyterLab with a lab that has run."""

    def opened(epochs=10):
        lab = f"lab = widget.FreezeLab(backbone, task, epochs={epochs})\nlab"
        page = lesson_of(SET_UP, lab)
        if os.environ.get("SCREENSHOTS"):  # the whole lab in one picture
            width = int(os.environ.get("WIDTH", 1200))
            page.page.set_viewport_size({"width": width, "height": 1900})
        assert page.errors() == ""
        return page

    return opened


def trained(page):
    """How many parameters the lab says it would train."""
    [count] = TRAINED.findall(page.page.locator(".tl-counts").inner_text())
    return int(count.replace(",", ""))


def wait_for_trained(page, other_than):
    page.page.wait_for_function(
        "before => !document.querySelector('.tl-counts').innerText.includes(before)",
        arg=f"✎ {other_than:,} of",
        timeout=15_000,
    )
    return trained(page)


def block(page, name):
    return page.page.locator(BLOCK, has_text=re.compile(rf"\b{name}\b"))


def runs(page):
    """The rows of the table of runs."""
    return [row.split("\t") for row in page.page.locator(ROWS).all_inner_texts()]


def wait_for_runs(page, count, seconds=120):
    page.page.locator(ROWS).nth(count - 1).wait_for(timeout=seconds * 1000)
    wait_for_enabled(page, "Train", seconds)


def wait_for_enabled(page, label, seconds=60):
    page.page.wait_for_function(
        "label => [...document.querySelectorAll('button.widget-button')].some("
        "b => b.textContent.trim() === label && !b.disabled)",
        arg=label,
        timeout=seconds * 1000,
    )


def tab_to(page, words):
    """Press Tab until what has the focus says these words; few times will do."""
    said = []
    for _ in range(20):
        page.page.keyboard.press("Tab")
        said.append(page.page.evaluate("document.activeElement.innerText"))
        if words in said[-1] and len(said[-1]) < len(words) + 20:
            return
    raise AssertionError(f"Tab does not reach {words!r}, but {said}.")


def wait_for_progress(page, state="visible", seconds=60):
    progress = page.page.locator(".tl-lab progress")
    progress.wait_for(state=state, timeout=seconds * 1000)


def begin_training(page):
    page.click("Train")
    wait_for_progress(page)


def test_toggle_train_once_by_a_double_click_compare_copy(open_lab):
    page = open_lab()
    before, [(_, alt)] = trained(page), page.pictures()
    assert page.page.locator(BLOCK).count() == 14
    assert "block13 (69.9 k parameters, frozen)" in alt
    page.screenshot("1_start")
    block(page, "block13").click()
    after = wait_for_trained(page, before)
    assert after > before
    toggle = block(page, "block13")
    assert "✎" in toggle.inner_text() and "trains" in toggle.get_attribute("title")
    # The static figure follows once the hand rests.
    page.page.locator('img[alt*="block13 (69.9 k parameters, trainable)"]').wait_for()
    page.button("Train").dblclick()
    wait_for_runs(page, 1)
    page.page.wait_for_timeout(3000)  # a second training would end in this time
    assert len(runs(page)) == 1
    wait_for_enabled(page, "Train")
    block(page, "block13").click()
    assert wait_for_trained(page, after) == before
    page.click("Train")
    wait_for_runs(page, 2)
    first, second = runs(page)
    assert first[1] == "last 1 of 14" and second[1] == "none"
    assert first[5] == f"{after:,}" and second[5] == f"{before:,}"
    alts = [alt for _, alt in page.pictures()]
    assert any("Run 2" in alt and "10 of 10 epochs" in alt for alt in alts)
    assert any("Two scatter plots" in alt and "run 2" in alt for alt in alts)
    page.screenshot("2_compared")
    assert "test accuracy" not in page.page.locator(".tl-lab").inner_text()
    page.click("Open the test split")
    page.wait_for_text("The test split was opened once")
    page.page.get_by_role("button", name="Show the Keras code").click()
    page.page.locator(".tl-code pre").wait_for()
    page.screenshot("3_code")
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.get_by_role("button", name="Copy the code").click()
    page.page.get_by_role("button", name="Copied").wait_for()
    copied = page.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("import keras") and "model.fit(" in copied
    compile(copied, "copied", "exec")
    assert page.errors() == ""


def test_stop_ends_a_training_of_hours_and_that_of_a_lab_which_ran_again(open_lab):
    page = open_lab(epochs=100_000)
    begin_training(page)
    page.page.locator('.tl-lab img[alt*="of 100000 epochs"]').wait_for(timeout=60_000)
    before = trained(page)  # clicks are answered meanwhile
    block(page, "stem").click()
    wait_for_trained(page, before)
    page.click("Stop")
    wait_for_runs(page, 1, seconds=30)
    page.wait_for_text("stopped after")
    assert 1 <= int(runs(page)[0][6]) < 100_000
    begin_training(page)
    page.page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.page.keyboard.press("Control+Enter")
    wait_for_progress(page, "detached")
    wait_for_enabled(page, "Train")
    page.click("Train")
    page.wait_for_text("A training is running already")
    page.click("Stop")  # the one that the old lab began
    for _ in range(6):  # it ends with its epoch; until then Train is refused
        page.page.wait_for_timeout(1500)
        page.click("Train")
        with contextlib.suppress(playwright.sync_api.TimeoutError):
            wait_for_progress(page, seconds=10)
            break
    page.click("Stop")
    wait_for_runs(page, 1, seconds=30)


def test_by_keyboard_alone(open_lab):
    page = open_lab(epochs=100_000)
    press, before = page.page.keyboard.press, trained(page)
    # From the slider on, Tab leads through all controls.
    page.page.locator('.tl-lab [role="slider"]').first.focus()
    press("ArrowLeft")
    one = wait_for_trained(page, before)
    tab_to(page, "block13")
    press("Space")
    assert wait_for_trained(page, one) == before
    press("Space")
    assert wait_for_trained(page, before) == one
    tab_to(page, "adapt")
    press("Enter")
    page.wait_for_text("BatchNorm statistics follow")
    for _ in range(6):
        press("Tab")
        if page.page.evaluate("document.activeElement.role") == "slider":
            break
    press("ArrowRight")
    press("ArrowRight")
    page.wait_for_text("Learning rates: head 0.0003")
    tab_to(page, "Train")
    press("Enter")
    wait_for_progress(page)
    press("Tab")  # Train is disabled by now, and Stop the next
    press("Enter")
    wait_for_runs(page, 1, seconds=30)
    tab_to(page, "Show the Keras code")
    press("Space")
    page.page.locator(".tl-code pre").wait_for()
    assert page.page.locator(".cm-content", has_text="FreezeLab").count() == 1
    assert page.errors() == ""
