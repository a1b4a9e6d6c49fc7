"""A lesson through nbgrader: handed out, handed in, graded, read from the gradebook."""

import nbformat
import pytest

from tests.instructor.grading import course, nbgrader, points, solutions, submit

ASSIGNMENT = "01_why_transfer"
# What the exercises need of the lesson. The rest trains for half a minute a student.
NEEDED = ("import tlcourse", "import keras\n", "def with_head")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course where three students have handed in lesson 01, and all is graded."""
    folder = course(tmp_path_factory.mktemp("desk") / "course")
    nbgrader(folder, "generate_assignment", ASSIGNMENT)
    work = {
        "solved": solutions("why"),
        "unsolved": {},
        # It does not parse; it stops; the third is right nevertheless.
        "broken": {
            "why.1": "answer = keras.Model(",
            "why.2": "raise RuntimeError('no idea')",
            "why.3": solutions("why")["why.3"],
        },
    }
    for student, answers in work.items():
        given = {"why.2": "def answer(history):\n    return len(history['loss'])"}
        submit(folder, student, ASSIGNMENT, given | answers, NEEDED)
    nbgrader(folder, "autograde", ASSIGNMENT)
    nbgrader(folder, "generate_feedback", ASSIGNMENT)
    return folder


def test_the_gradebook_has_a_point_for_each_exercise_that_passes(graded):
    given = points(graded, ASSIGNMENT)
    cells = [f"why-{place}-points" for place in (1, 2, 3)]
    expected = {"solved": (1, 1, 1), "unsolved": (0, 0, 0), "broken": (0, 0, 1)}
    assert given == {
        student: dict(zip(cells, scores, strict=True))
        for student, scores in expected.items()
    }


def test_students_get_the_naive_start_no_solution_and_a_locked_cell(graded):
    path = graded / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    text = "\n".join(cell.source for cell in code)
    assert "answer = with_head(backbone.model)" in text and "# solution(" not in text
    assert "NotImplementedError" not in text and "close_solutions()" in text
    locked = [cell for cell in code if cell.metadata.get("editable") is False]
    assert [cell.source.count("grade(") for cell in locked] == [1, 1, 1]
    assert (path.parent / "glossary.md").exists()


def test_feedback_says_which_property_fails(graded):
    for student, words in (
        ("solved", "all 6 properties hold"),
        ("unsolved", "It gives a number for each class of the exercise"),
        ("broken", "SyntaxError"),
    ):
        page = graded / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"
        assert words in page.read_text("utf-8")
