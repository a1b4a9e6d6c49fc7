"""Every lesson's exercises, over the tables in its answers.py, and its quiz."""

import functools
import importlib
import re
from types import ModuleType

import pytest

from tests.helpers import Later, failure, naive_start, solved
from tlcourse.exercises import check, lessons

LESSONS = list(lessons.known())
EXERCISES = [each.name for lesson in LESSONS for each in lessons.exercises(lesson)]
TABLES = {
    lesson: importlib.import_module(f"tests.lessons.{lesson}.answers")
    for lesson in LESSONS
}


@functools.cache
def names_for(lesson):
    return TABLES[lesson].names()


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """An answer may write files."""
    monkeypatch.chdir(tmp_path)


def rows(table, *default):
    return [
        pytest.param(name, row, id=f"{name} {what}")
        for lesson in LESSONS
        for name, answers in getattr(TABLES[lesson], table, *default).items()
        for what, row in answers.items()
    ]


def made(answer):
    return answer.make() if isinstance(answer, Later) else answer


@pytest.mark.parametrize("name", EXERCISES)
def test_the_naive_start_fails_and_the_solution_passes(name):
    names = names_for(name.partition(".")[0])
    assert failure(name, naive_start(name, **names))
    solution = lessons.exercise(name).solution
    assert re.search(r"^(answer\b|def answer\()", solution, re.M)
    if solution.startswith("import"):
        # It imports what it needs, and the lesson's modules are not needed.
        names = {k: v for k, v in names.items() if not isinstance(v, ModuleType)}
    assert failure(name, solved(name, **names)) is None


@pytest.mark.parametrize(("name", "row"), rows("WRONG"))
def test_a_wrong_answer_is_refused_with_its_words(name, row):
    answer, says, *found = row
    said = failure(name, made(answer))
    assert said is not None
    for words, heard in zip((says, *found), said, strict=False):
        assert heard and re.search(words, heard), said


@pytest.mark.parametrize(("name", "answer"), rows("RIGHT", {}))
def test_a_further_right_answer_passes(name, answer):
    assert failure(name, made(answer)) is None


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_complete_and_refuses_naive_answers_without_error(lesson, capsys):
    names = [exercise.name for exercise in lessons.exercises(lesson)]
    assert names == [f"{lesson}.{n}" for n in range(1, len(names) + 1)]
    questions = lessons.quiz(lesson)
    assert len(questions) == 3
    longest = [max(q.choices, key=lambda each: len(each.text)).right for q in questions]
    assert not all(longest), "the longest choice is always the right one"
    rights = {[c.right for c in q.choices].index(True) for q in questions}
    assert len(rights) > 1, "the right choice always has the same letter"
    for exercise in lessons.exercises(lesson):
        for answer in (None, ..., 0, -1.0, "", [], {}, object()):
            check(exercise.name, answer)
            said = capsys.readouterr().out
            assert "✗" in said or answer in (0, -1.0), (exercise.name, answer)
            for line in re.findall(r"answer = (.+)", exercise.solution):
                assert len(line) < 4 or line not in said, exercise.name
