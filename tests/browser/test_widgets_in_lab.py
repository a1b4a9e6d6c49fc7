"""The quiz, the checks and a static-first widget, used by mouse and keyboard in Lab."""

import pytest

from tests.helpers import write_lesson
from tests.test_exercises import CHECKS, QUIZ

CELLS = [
    """
    import time, tlcourse.lessons
    tlcourse.lessons.__path__.append("lessons_of_the_test")
    from tlcourse.exercises import check, hint, quiz, solution
    check("trial.1", [1])
    """,
    'quiz("trial")',
    """
    import tlcourse as tl
    from tlcourse import plots
    drawn = []
    def draw(size, kind):
        drawn.append(size)
        open("drawn.txt", "w").write(str(len(drawn)))
        time.sleep(0.5 if kind == "slow" else 0.0)
        if size == 4:
            raise ValueError("four is too many")
        table = [{"source": n, "mean": 1, "low": 1, "high": 1} for n in range(size)]
        return plots.bars(table, alt=f"{size} bars, {kind}.")
    tl.widgets.StaticFirst(draw, size=[1, 2, 3, 4, 5], kind=["quick", "slow"]).show()
    """,
    'solution("trial.1")',
]


@pytest.fixture
def page(lesson_of, lab):
    folder = lab.files / "lessons_of_the_test"
    folder.mkdir(exist_ok=True)
    if not (folder / "trial").exists():
        write_lesson(folder, CHECKS, QUIZ)
    return lesson_of(*CELLS)


def test_an_error_in_a_cell_is_seen_here(lesson_of):
    assert "ZeroDivisionError: division by zero" in lesson_of("1 / 0").errors()


def test_check_quiz_by_keyboard_and_mouse_and_solution(page):
    assert page.errors() == ""
    text = page.outputs()
    assert "✗ Exercise trial.1 is not there yet." in text
    assert "Question 1 of 3" in text and "c) never 3" in text
    assert "Why 2." not in text  # no answer before a choice
    page.button("a)", 0).focus()
    page.page.keyboard.press("Enter")
    page.wait_for_text("Wrong 1.")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Space")
    page.wait_for_text("Why 1.")
    alerts = page.page.locator('[role="alert"]')
    assert alerts.count() == 1 and "Right" in alerts.inner_text()
    title = page.button("b)", 0).get_attribute("title")
    assert title == "Question 1, answer b: yes 1"
    page.click("b)", 1)
    page.wait_for_text("b) Right: yes 2")
    page.wait_for_text("Why 2.")
    folded = page.page.locator("details", has_text="Solution of exercise trial.1")
    code = folded.locator("code").first  # more stands in its explanation
    assert not code.is_visible()
    folded.locator("summary").click()
    assert code.inner_text() == "answer = [0.5, 0.6, 0.8125]"


def test_static_first_changes_in_place_queues_nothing_and_says_what_failed(page, lab):
    press = page.page.keyboard.press
    before = page.pictures()
    assert [alt for _, alt in before] == ["1 bars, quick."]
    page.page.locator('[role="slider"]').focus()
    press("ArrowRight")
    after = page.wait_for_other_pictures(before)
    assert [alt for _, alt in after] == ["2 bars, quick."]
    assert after[0][0] != before[0][0]
    press("Tab")  # to the slider's number, and from there to the next control
    press("Tab")
    kind = page.page.get_by_label("kind", exact=True)
    assert kind.evaluate("select => select === document.activeElement")
    kind.select_option("slow")
    page.page.locator('img[alt="2 bars, slow."]').wait_for(timeout=15_000)
    page.page.locator('[role="slider"]').focus()
    drawn = int((lab.files / "drawn.txt").read_text())
    for key in ["ArrowRight"] * 3 + ["ArrowLeft"] * 3 + ["ArrowRight"] * 3:
        press(key)
    page.page.locator('img[alt="5 bars, slow."]').wait_for(timeout=15_000)
    page.page.wait_for_timeout(1500)  # a queue would go on drawing now
    assert [alt for _, alt in page.pictures()] == ["5 bars, slow."]
    assert int((lab.files / "drawn.txt").read_text()) - drawn <= 3  # of nine changes
    press("ArrowLeft")
    page.wait_for_text("ValueError: four is too many")
    press("ArrowLeft")
    page.page.locator('img[alt="3 bars, slow."]').wait_for(timeout=15_000)
    assert "four is too many" not in page.outputs()


MODEL = """
    import tlcourse as tl
    import keras
    pictures = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(4, 3, name="first")(pictures)
    maps = keras.layers.BatchNormalization(name="norm")(maps)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(pictures, keras.layers.Dense(2, name="head")(pooled))
    model.compile("sgd", "mse")
    tl.widgets.freeze(model)
    """
FLAGS = "print('flags:', [layer.trainable for layer in model.layers if layer.weights])"


def test_toggles_set_the_flags_of_the_learners_own_model(lesson_of):
    page = lesson_of(MODEL, FLAGS, "model.compile('sgd', 'mse')")
    assert page.errors() == "" and "flags: [True, True, True]" in page.outputs()
    assert "Compile again" not in page.outputs()
    toggle = page.page.locator("button.widget-toggle-button").first
    assert toggle.inner_text() == "✎ first"
    toggle.focus()
    page.page.keyboard.press("Space")
    page.wait_for_text("❄ first")
    page.wait_for_text("⚠ Compile again before you fit.")
    page.wait_for_text('model.get_layer("first").trainable = False')
    assert toggle.inner_text() == "❄ first"
    title = toggle.get_attribute("title")
    assert title == "first, 112 weights, frozen. Press to train it."
    for place, words in ((1, "flags: [False, True, True]"), (2, "")):
        page.page.locator(".jp-CodeCell").nth(place).locator(".jp-InputPrompt").click()
        page.page.keyboard.press("Control+Enter")
        page.wait_until_idle()
        page.wait_for_text(words)
    again = page.page.get_by_text("⚠ Compile again")
    again.first.wait_for(state="detached", timeout=15_000)
