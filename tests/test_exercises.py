"""check, hint, solution and quiz, with a small lesson of the test's own.

The lessons' own exercises are tested in tests/lessons/test_exercises.py.
"""

import sys

import numpy as np
import pytest

import tlcourse.exercises as exercises
import tlcourse.lessons
from tests.helpers import write_lesson
from tlcourse.exercises import check, hint, lessons, quiz, solution
from tlcourse.exercises.model import Choice, Exercise, Property, Question

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
    f"""
## Question {n}?

- [ ] no

  Wrong {n}.

- [x] yes

  Why {n}.

- [ ] `never`

  Never {n}.
"""
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


def test_check_names_the_first_property_that_fails(trial_lesson, capsys):
    assert check("trial.1", [0.5, 2.0]) is None
    said = capsys.readouterr().out
    assert said.count("trial.1 is not there yet") == 1  # and not displayed twice
    assert "✗" in said and "one accuracy per size" in said and "Yours has 2." in said
    assert "from 0 to 1" not in said
    assert 'hint("trial.1")' in said and "3 hints left" in said


def test_check_goes_on_to_the_next_property(trial_lesson, capsys):
    check("trial.1", [0.5, 0.6, 2.0])
    said = capsys.readouterr().out
    assert "Each lies from 0 to 1" in said and "[0.5, 0.6, 2.0]" in said


def test_check_passes(trial_lesson, capsys):
    check("trial.1", [0.5, 0.6, 0.8125])
    assert (
        "✓ Exercise trial.1 passes: all 3 properties hold." in capsys.readouterr().out
    )


def test_an_exception_in_a_property_gives_nothing_away(trial_lesson, capsys):
    check("trial.1", [0.5, 0.6, 0.7])  # NumPy's assertion would print the answer
    said = capsys.readouterr().out
    assert "0.8125" not in said and "Expected a list of three accuracies" in said


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "no answer yet"),
        (..., "no answer yet"),
        (0.5, "a float: 0.5"),
        (len, "a function or class named len"),
        (np.zeros((3, 2)), "an array of the shape (3, 2)"),
    ],
)
def test_an_answer_of_the_wrong_type(trial_lesson, capsys, answer, words):
    check("trial.1", answer)
    said = capsys.readouterr().out
    assert "✗" in said and words in said and "Traceback" not in said


def test_an_answer_whose_truth_is_ambiguous(trial_lesson, capsys):
    check("trial.2", lambda x: np.array([8, 8]))
    assert "Expected a function of one number" in capsys.readouterr().out


def test_the_learners_own_exception_is_shown(trial_lesson, capsys):
    def answer(x):
        doubled = 2 * x
        return doubled + missing  # noqa: F821

    check("trial.2", answer)
    said = capsys.readouterr().out
    assert "Your answer stopped in its line 3 with NameError" in said


def test_three_hints_and_no_more(trial_lesson, capsys):
    for words in ("Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "the last one already"):
        hint("trial.1")
        assert words in capsys.readouterr().out
    check("trial.1", None)
    said = capsys.readouterr().out
    assert 'solution("trial.1")' in said and "hints left" not in said
    hint("trial.2")  # each exercise counts its own
    assert "Hint 1 of 3" in capsys.readouterr().out


def test_solution_is_folded_and_says_how_to_read_it(trial_lesson, capsys, shown):
    solution("trial.2")
    said = capsys.readouterr().out
    assert "return" not in said and 'solution("trial.2", folded=False)' in said
    markup = shown[-1].markup
    assert markup.startswith("<details><summary>") and "x &lt; 9" in markup
    solution("trial.2", folded=False)
    assert "return 2 * x if x < 9" in capsys.readouterr().out
    assert shown[-1].markup.startswith("<details open>")


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


def test_notes_have_html_and_text(trial_lesson, shown):
    check("trial.1", [1])
    bundle = shown[-1]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "✗" in bundle["text/html"] and "✗" in bundle["text/plain"]
    assert "<code>hint(&quot;trial.1&quot;)</code>" in bundle["text/html"]
    assert "`" not in bundle["text/plain"]


def test_learners_text_is_escaped(trial_lesson, shown):
    check("trial.1", "<b>")
    assert "<b>" not in shown[-1].markup


def test_quiz_shows_questions_and_no_answers(trial_lesson, capsys):
    assert quiz("trial") is None
    said = capsys.readouterr().out
    for words in ("Question 1 of 3", "Question 3 of 3", "a) no", "c) `never`"):
        assert words in said
    assert "Why" not in said and "Wrong" not in said and "VBox" not in said
    assert 'quiz("trial", "abc")' in said


def test_quiz_without_buttons(trial_lesson, capsys):
    quiz("trial", "bac")
    said = capsys.readouterr().out
    for words in (
        "✓ b) Right: yes\nWhy 1.",
        "✗ a) Not quite: no\nWrong 2.",
        "Never 3.",
    ):
        assert words in said


@pytest.mark.parametrize("answers", ["ab", "abcd", "", "abd"])
def test_quiz_refuses_letters_that_do_not_fit(trial_lesson, answers):
    with pytest.raises(ValueError, match="one letter for each|none of the choices"):
        quiz("trial", answers)


def test_a_click_explains_the_choice(trial_lesson):
    from tlcourse.exercises.quizzing import answer_buttons

    question = lessons.quiz("trial")[0]
    whole, said = answer_buttons(1, question)
    row = whole.children[0].children
    assert [button.description for button in row] == ["a)", "b)", "c)"]
    assert row[1].tooltip == "Question 1, answer b: yes"
    row[0].click()
    assert "✗ a) Not quite: no" in said.value and "Wrong 1." in said.value
    row[1].click()
    assert "✓ b) Right: yes" in said.value and "Wrong 1." not in said.value
    assert 'role="alert"' in said.value


def test_unknown_names_get_a_sentence(trial_lesson):
    with pytest.raises(ValueError, match=r"no exercise 'trial.3'.*trial.1 and trial.2"):
        check("trial.3", 1)
    with pytest.raises(ValueError, match="No lesson 'pears' has exercises.*trial"):
        hint("pears.1")
    with pytest.raises(ValueError, match="No lesson 'x' has exercises"):
        quiz("x")
    with pytest.raises(ValueError, match="No lesson '1' has exercises"):
        solution(1.1)


def _exercise(**changes):
    fields = {
        "name": "why.1",
        "title": "T",
        "expects": "a number",
        "properties": [Property("It is", bool)],
        "hints": ["a", "b", "c"],
        "solution": "answer = 1",
    }
    return Exercise(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "1.1"}, "lesson.place"),
        ({"hints": ["a", "b"]}, "needs 3 hints and has 2"),
        ({"hints": ["a", "b", " "]}, "a hint is empty"),
        ({"properties": []}, "at least one Property"),
        ({"solution": ""}, "its solution is empty"),
    ],
)
def test_a_badly_written_exercise_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        _exercise(**changes)


def test_a_badly_written_question_is_refused():
    choice, right = Choice("no", "because"), Choice("yes", "because", right=True)
    with pytest.raises(ValueError, match="3 or 4 choices and has 2"):
        Question("Why?", [choice, right])
    with pytest.raises(ValueError, match="exactly one right choice and has 2"):
        Question("Why?", [right, choice, right])
    with pytest.raises(ValueError, match="explanation of the choice 'no' is empty"):
        Choice("no", "")
