"""check, hint, solution and quiz, with a small lesson of the test's own.

The second half goes through every lesson's own exercises: each solution runs and
passes its check, each naive answer is refused without an error, nothing is given away.
"""

import re
import sys

import numpy as np
import pytest

import tlcourse.exercises as exercises
from tlcourse.exercises import check, hint, lessons, quiz, solution
from tlcourse.exercises.model import Choice, Exercise, Property, Question

LESSON = """
import numpy as np
from tlcourse.exercises.model import Choice, Exercise, Property, Question

SECRET = 0.8125

EXERCISES = [
    Exercise(
        number="97.1",
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
        number="97.2",
        title="A function",
        expects="a function of one number that doubles it",
        properties=[Property("It doubles 4", lambda f: f(4) == 8)],
        hints=["One.", "Two.", "Three."],
        solution="def answer(x):\\n    return 2 * x if x < 9 else x + x",
    ),
]
QUIZ = [
    Question(
        f"Question {n}?",
        [
            Choice("no", f"Wrong {n}."),
            Choice("yes", f"Why {n}.", right=True),
            Choice("`never`", f"Never {n}."),
        ],
    )
    for n in (1, 2, 3)
]
"""


@pytest.fixture
def lesson_97(tmp_path, monkeypatch):
    """A real lesson module beside the course's own, for one test."""
    (tmp_path / "lesson_97.py").write_text(LESSON)
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    monkeypatch.setattr(exercises, "_hints_given", {})
    yield
    sys.modules.pop("tlcourse.exercises.lesson_97", None)


def test_check_names_the_first_property_that_fails(lesson_97, capsys):
    assert check("97.1", [0.5, 2.0]) is None
    said = capsys.readouterr().out
    assert said.count("97.1 is not there yet") == 1  # and not displayed twice
    assert "✗" in said and "one accuracy per size" in said and "Yours has 2." in said
    assert "from 0 to 1" not in said
    assert 'hint("97.1")' in said and "3 hints left" in said


def test_check_goes_on_to_the_next_property(lesson_97, capsys):
    check("97.1", [0.5, 0.6, 2.0])
    said = capsys.readouterr().out
    assert "Each lies from 0 to 1" in said and "[0.5, 0.6, 2.0]" in said


def test_check_passes(lesson_97, capsys):
    check("97.1", [0.5, 0.6, 0.8125])
    assert "✓ Exercise 97.1 passes: all 3 properties hold." in capsys.readouterr().out


def test_an_exception_in_a_property_gives_nothing_away(lesson_97, capsys):
    check("97.1", [0.5, 0.6, 0.7])  # NumPy's assertion would print the answer
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
def test_an_answer_of_the_wrong_type(lesson_97, capsys, answer, words):
    check("97.1", answer)
    said = capsys.readouterr().out
    assert "✗" in said and words in said and "Traceback" not in said


def test_an_answer_whose_truth_is_ambiguous(lesson_97, capsys):
    check("97.2", lambda x: np.array([8, 8]))
    assert "Expected a function of one number" in capsys.readouterr().out


def test_the_learners_own_exception_is_shown(lesson_97, capsys):
    def answer(x):
        doubled = 2 * x
        return doubled + missing  # noqa: F821

    check("97.2", answer)
    said = capsys.readouterr().out
    assert "Your answer stopped in its line 3 with NameError" in said


def test_three_hints_and_no_more(lesson_97, capsys):
    for words in ("Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "the last one already"):
        hint("97.1")
        assert words in capsys.readouterr().out
    check("97.1", None)
    said = capsys.readouterr().out
    assert 'solution("97.1")' in said and "hints left" not in said
    hint("97.2")  # each exercise counts its own
    assert "Hint 1 of 3" in capsys.readouterr().out


def test_solution_is_folded_and_says_how_to_read_it(lesson_97, capsys, shown):
    solution("97.2")
    said = capsys.readouterr().out
    assert "return" not in said and 'solution("97.2", folded=False)' in said
    markup = shown[-1].markup
    assert markup.startswith("<details><summary>") and "x &lt; 9" in markup
    solution("97.2", folded=False)
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


def test_notes_have_html_and_text(lesson_97, shown):
    check("97.1", [1])
    bundle = shown[-1]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "✗" in bundle["text/html"] and "✗" in bundle["text/plain"]
    assert "<code>hint(&quot;97.1&quot;)</code>" in bundle["text/html"]
    assert "`" not in bundle["text/plain"]


def test_learners_text_is_escaped(lesson_97, shown):
    check("97.1", "<b>")
    assert "<b>" not in shown[-1].markup


def test_quiz_shows_questions_and_no_answers(lesson_97, capsys):
    assert quiz("97") is None
    said = capsys.readouterr().out
    for words in ("question 1 of 3", "question 3 of 3", "a) no", "c) `never`"):
        assert words in said
    assert "Why" not in said and "Wrong" not in said and "VBox" not in said
    assert 'quiz("97", "abc")' in said


def test_quiz_without_buttons(lesson_97, capsys):
    quiz(97, "bac")
    said = capsys.readouterr().out
    for words in (
        "✓ b) Right: yes\nWhy 1.",
        "✗ a) Not quite: no\nWrong 2.",
        "Never 3.",
    ):
        assert words in said


@pytest.mark.parametrize("answers", ["ab", "abcd", "", "abd"])
def test_quiz_refuses_letters_that_do_not_fit(lesson_97, answers):
    with pytest.raises(ValueError, match="one letter for each|none of the choices"):
        quiz("97", answers)


def test_a_click_explains_the_choice(lesson_97):
    from tlcourse.exercises.quizzing import answer_buttons

    question = lessons.load("97").QUIZ[0]
    whole, said = answer_buttons(1, question)
    row = whole.children[0].children
    assert [button.description for button in row] == ["a)", "b)", "c)"]
    assert row[1].tooltip == "Question 1, answer b: yes"
    row[0].click()
    assert "✗ a) Not quite: no" in said.value and "Wrong 1." in said.value
    row[1].click()
    assert "✓ b) Right: yes" in said.value and "Wrong 1." not in said.value
    assert 'role="alert"' in said.value


def test_unknown_numbers_get_a_sentence(lesson_97):
    with pytest.raises(ValueError, match=r"no exercise '97.3'.*97.1 and 97.2\."):
        check("97.3", 1)
    with pytest.raises(ValueError, match="No lesson '55' has exercises.*97"):
        hint("55.1")
    with pytest.raises(ValueError, match="No lesson 'x' has exercises"):
        quiz("x")
    with pytest.raises(TypeError, match='in quotes, as in "01.1", not 97.1'):
        solution(97.1)


def _exercise(**changes):
    fields = {
        "number": "01.1",
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
        ({"number": "1.1"}, "lesson.place"),
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


# --- every lesson's own exercises and quiz -------------------------------------------

LESSONS = lessons.known()


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_is_complete(number):
    module = lessons.load(number)
    places = [exercise.number for exercise in module.EXERCISES]
    assert places == [f"{number}.{n}" for n in range(1, len(places) + 1)]
    assert len(module.QUIZ) == 3
    longest = [
        max(question.choices, key=lambda choice: len(choice.text)).right
        for question in module.QUIZ
    ]
    assert not all(longest), "the longest choice is always the right one"
    rights = {[c.right for c in q.choices].index(True) for q in module.QUIZ}
    assert len(rights) > 1, "the right choice always has the same letter"


@pytest.mark.parametrize("number", LESSONS)
def test_naive_answers_are_refused_without_an_error(number, capsys):
    for exercise in lessons.load(number).EXERCISES:
        for answer in (None, ..., 0, -1.0, "", [], {}, object()):
            check(exercise.number, answer)
            said = capsys.readouterr().out
            assert "✗" in said or answer in (0, -1.0), (exercise.number, answer)
            for line in re.findall(r"answer = (.+)", exercise.solution):
                assert len(line) < 4 or line not in said, exercise.number


@pytest.mark.parametrize("number", LESSONS)
def test_solutions_are_python(number):
    for exercise in lessons.load(number).EXERCISES:
        compile(exercise.solution, exercise.number, "exec")
        assert re.search(r"^(answer\b|def answer\()", exercise.solution, re.M)
