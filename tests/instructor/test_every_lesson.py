"""Every lesson, whole and solved, through nbgrader: all points. Once a week in CI.

It takes about a minute a lesson: `make test-instructor-all`.
"""

import pytest

from tests.instructor.grading import course, nbgrader, points, solutions, submit
from tlcourse.lessons import NUMBERS, notebook


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return course(tmp_path_factory.mktemp("desk") / "course")


@pytest.mark.parametrize("lesson", NUMBERS)
def test_a_solved_lesson_gets_all_its_points(folder, lesson):
    assignment, right = notebook(lesson).stem, solutions(lesson)
    nbgrader(folder, "generate_assignment", assignment)
    submit(folder, "solved", assignment, right)
    nbgrader(folder, "autograde", assignment)
    given = points(folder, assignment)["solved"]
    assert len(given) == len(right) and set(given.values()) == {1.0}, given
    nbgrader(folder, "generate_feedback", assignment)
    page = folder / "feedback" / "solved" / assignment / f"{assignment}.html"
    assert f"{len(right)}.0" in page.read_text("utf-8")
