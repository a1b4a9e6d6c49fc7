"""A lesson through nbgrader: handed out, handed in, graded, read from the gradebook."""

import nbformat
import pytest

from tests.instructor.grading import course, nbgrader, points, solutions, submit

ASSIGNMENT = "01_why_transfer"
# The cells that a student has kept: all of the lesson would train for a minute each.
# The first exercise needs Keras, which takes most of the time; who does not solve it
# has thrown out what it begins with, so that it stops.
SET_UP = ("import tlcourse",)
KERAS = (*SET_UP, "import keras\n", "def with_head")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course where three students have handed in a lesson, and all is graded."""
    folder = course(tmp_path_factory.mktemp("desk") / "course")
    nbgrader(folder, "generate_assignment", ASSIGNMENT)
    right = solutions("why")
    submit(folder, "solved", ASSIGNMENT, right, KERAS)
    submit(folder, "unsolved", ASSIGNMENT, {}, SET_UP)
    # It does not parse; it stops; the third is right nevertheless.
    broken = {"why.1": "answer = keras.Model(", "why.2": "raise RuntimeError('?')"}
    submit(folder, "broken", ASSIGNMENT, right | broken, SET_UP)
    nbgrader(folder, "autograde", ASSIGNMENT)
    return folder


def test_the_gradebook_has_a_point_for_each_exercise_that_passes(graded):
    cells = [f"why-{place}-points" for place in (1, 2, 3)]
    expected = {"solved": (1, 1, 1), "unsolved": (0, 0, 0), "broken": (0, 0, 1)}
    assert points(graded, ASSIGNMENT) == {
        student: dict(zip(cells, scores, strict=True))
        for student, scores in expected.items()
    }


def code(graded, step):
    """Give the cells of code of the lesson's copy in a step of nbgrader."""
    path = graded / step / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def test_students_get_the_naive_start_no_solution_and_locked_cells(graded):
    cells = code(graded, "release")
    text = "\n".join(cell.source for cell in cells)
    assert "answer = with_head(backbone.model)  # your code here" in text
    assert "# solution(" not in text and "close_solutions()" in text
    locked = [cell for cell in cells if cell.metadata.get("editable") is False]
    assert [cell.source.count("grade(") for cell in locked] == [1, 1, 1]
    assert (graded / "release" / ASSIGNMENT / "glossary.md").exists()


def test_the_graded_copy_says_what_is_amiss(graded):
    for student, words in (
        ("unsolved", "Nothing unfair is in it"),  # a property that fails
        ("broken", "SyntaxError"),
    ):
        cells = code(graded, f"autograded/{student}")
        assert words in str([cell.outputs for cell in cells])
