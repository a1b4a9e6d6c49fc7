"""check, hint, solution and quiz, with a small lesson of the test's own."""

import sys

import numpy as np
import pytest

import tlcourse.exercises as exercises
import tlcourse.lessons
from tests.helpers import refused, write_lesson
from tlcourse.exercises import check, hint, lessons, quiz, solution
from tlcourse.exercises.model import Choice, Exercise, Property, Question
from tlcourse.exercises.quizzing import answer_buttons

CHECKS = """
import numpy as np
from tlcourse.exercises.model import Exercise, Property

SECRET = 0.8125

EXERCISES = [
    Exercise(
        name="trial.1",
        title="One accuracy per size",
        expects="a list of three accuracies",
        properties=[
            Property(
                "It has one accuracy per size",
                lambda answer: len(answer) == 3,
                found=lambda answer: f"Yours has {len(answer)}.",
            ),
            Property("Each lies from 0 to 1", lambda a: all(0 <= x <= 1 for x in a)),
            Property(
                "The last is what the run printed",
                lambda a: np.testing.assert_allclose(a[-1], SECRET) is None,
            ),
        ],
        hints=["Count them.", "Look at `run.history`.", "Take the last."],
        solution="answer = [0.5, 0.6, 0.8125]",
        explanation="The last is `0.8125`.",
    ),
    Exercise(
        name="trial.2",
        title="A function",
        expects="a function of one number that doubles it",
        properties=[Property("It doubles 4", lambda f: f(4) == 8)],
        hints=["One.", "Two.", "Three."],
        solution="def answer(x):\\n    return 2 * x if x < 9 else x + x",
    ),
]
"""
QUIZ = "\n".join(
    f"## Question {n}?\n\n- [ ] no {n}\n\n  Wrong {n}.\n\n"
    f"- [x] yes {n}\n\n  Why {n}.\n\n- [ ] `never` {n}\n\n  Never {n}.\n"
    for n in (1, 2, 3)
)


@pytest.fixture
def trial_lesson(tmp_path, monkeypatch):
    """A real lesson beside the course's own, for one test."""
    write_lesson(tmp_path, CHECKS, QUIZ)
    monkeypatch.setattr(tlcourse.lessons, "__path__", [str(tmp_path)])
    monkeypatch.setattr(exercises, "_hints_given", {})
    yield
    sys.modules.pop("tlcourse.lessons.trial.checks", None)


@pytest.fixture
def said_by(trial_lesson, capsys):
    """What is displayed by a function of the course, which gives back nothing."""

    def said(function, *values, **options):
        assert function(*values, **options) is None
        return capsys.readouterr().out

    return said


def test_check_names_the_first_property_that_fails_until_all_hold(said_by):
    said = said_by(check, "trial.1", [0.5, 2.0])
    assert said.count("trial.1 is not there yet") == 1  # and not displayed twice
    assert "✗" in said and "one accuracy per size" in said and "Yours has 2." in said
    assert "from 0 to 1" not in said
    assert 'hint("trial.1")' in said and "3 hints left" in said
    said = said_by(check, "trial.1", [0.5, 0.6, 2.0])
    assert "Each lies from 0 to 1" in said and "[0.5, 0.6, 2.0]" in said
    said = said_by(check, "trial.1", [0.5, 0.6, 0.7])  # NumPy's would print the answer
    assert "0.8125" not in said and "Expected a list of three accuracies" in said
    said = said_by(check, "trial.1", [0.5, 0.6, 0.8125])
    assert "✓ Exercise trial.1 passes: all 3 properties hold." in said


def test_an_answer_of_the_wrong_type_and_the_learners_own_exception(said_by):
    for answer, words in (
        (None, "no answer yet"),
        (..., "no answer yet"),
        (0.5, "a float: 0.5"),
        (len, "a function or class named len"),
        (np.zeros((3, 2)), "an array of the shape (3, 2)"),
    ):
        said = said_by(check, "trial.1", answer)
        assert "✗" in said and words in said and "Traceback" not in said
    said = said_by(check, "trial.2", lambda x: np.array([8, 8]))  # an ambiguous truth
    assert "Expected a function of one number" in said

    def answer(x):
        doubled = 2 * x
        return doubled + missing  # noqa: F821

    said = said_by(check, "trial.2", answer)
    assert "Your answer stopped in its line 3 with NameError" in said


def test_three_hints_and_no_more(said_by):
    for words in ("Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "the last one already"):
        assert words in said_by(hint, "trial.1")
    said = said_by(check, "trial.1", None)
    assert 'solution("trial.1")' in said and "hints left" not in said
    assert "Hint 1 of 3" in said_by(hint, "trial.2")  # each exercise counts its own


@pytest.fixture
def shown(monkeypatch):
    """Every note that is displayed, in a list."""
    notes = []
    for module in (exercises, sys.modules["tlcourse.exercises.display"]):
        original = module.show

        def keep(note, original=original):
            notes.append(note)
            original(note)

        monkeypatch.setattr(module, "show", keep)
    return notes


def test_notes_have_html_and_text_escape_answers_and_fold_the_solution(said_by, shown):
    said_by(check, "trial.1", [1])
    bundle = shown[-1]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "✗" in bundle["text/html"] and "✗" in bundle["text/plain"]
    assert "<code>hint(&quot;trial.1&quot;)</code>" in bundle["text/html"]
    assert "`" not in bundle["text/plain"]
    said_by(check, "trial.1", "<b>")
    assert "<b>" not in shown[-1].markup
    said = said_by(solution, "trial.2")
    assert "return" not in said and 'solution("trial.2", folded=False)' in said
    markup = shown[-1].markup
    assert markup.startswith("<details><summary>") and "x &lt; 9" in markup
    said = said_by(solution, "trial.2", folded=False)
    assert "return 2 * x if x < 9" in said
    assert shown[-1].markup.startswith("<details open>")


def test_quiz_shows_questions_without_answers_and_takes_letters_that_fit(said_by):
    said = said_by(quiz, "trial")
    for words in ("Question 1 of 3", "Question 3 of 3", "a) no 1", "c) `never` 3"):
        assert words in said
    assert "Why" not in said and "Wrong" not in said and "VBox" not in said
    assert 'quiz("trial", "abc")' in said
    said = said_by(quiz, "trial", "bac")
    assert "✓ b) Right: yes 1\nWhy 1." in said and "Never 3." in said
    assert "✗ a) Not quite: no 2\nWrong 2." in said
    for letters in ("ab", "abcd", "", "abd"):
        words = "one letter for each|none of the choices"
        refused(words, quiz, "trial", letters)


def test_a_click_explains_the_choice(trial_lesson):
    question = lessons.quiz("trial")[0]
    whole, said = answer_buttons("trial", 1, question)
    row = whole.children[0].children
    assert [button.description for button in row] == ["a)", "b)", "c)"]
    assert row[1].tooltip == "Question 1, answer b: yes 1"
    row[0].click()
    assert "✗ a) Not quite: no 1" in said.value and "Wrong 1." in said.value
    row[1].click()
    assert "✓ b) Right: yes 1" in said.value and "Wrong 1." not in said.value
    assert 'role="alert"' in said.value


def test_unknown_names_get_a_sentence(trial_lesson):
    refused(r"no exercise 'trial.3'.*trial.1 and trial.2", check, "trial.3", 1)
    for ask, name in ((hint, "pears.1"), (quiz, "x"), (solution, 1.1)):
        lesson = str(name).partition(".")[0]
        refused(f"No lesson '{lesson}' has exercises.*trial", ask, name)


GOOD = {
    "name": "why.1",
    "title": "T",
    "expects": "a number",
    "properties": [Property("It is", bool)],
    "hints": ["a", "b", "c"],
    "solution": "answer = 1",
}


def test_a_badly_written_exercise_or_question_is_refused():
    for changes, words in (
        ({"name": "1.1"}, "lesson.place"),
        ({"hints": ["a", "b"]}, "needs 3 hints and has 2"),
        ({"hints": ["a", "b", " "]}, "a hint is empty"),
        ({"properties": []}, "at least one Property"),
        ({"solution": ""}, "its solution is empty"),
    ):
        refused(words, Exercise, **GOOD | changes)
    choice, right = Choice("no", "because"), Choice("yes", "because", right=True)
    for choices, words in (
        ([choice, right], "3 or 4 choices and has 2"),
        ([right, choice, right], "exactly one right choice and has 2"),
    ):
        refused(words, Question, "Why?", choices)
    refused("explanation of the choice 'no' is empty", Choice, "no", "")
