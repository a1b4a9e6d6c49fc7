"""What the tests of nbgrader share: a course, submissions, and what the gradebook says.

They run in .venv-instructor, where nbgrader is: `make test-instructor`.
"""

import contextlib
import os
import sys
from pathlib import Path

import nbformat
import pytest

from tests.helpers import ROOT
from tlcourse import cli
from tlcourse.exercises import lessons


def course(folder):
    """Release the lessons into a folder, as an instructor does."""
    assert cli.main(["release", "--out", str(folder), "--without-solutions"]) == 0
    return folder


def nbgrader(folder, command, assignment):
    """Run one of nbgrader's commands in a course's folder, as its command line does.

    In this process: nbgrader takes as long to start as to grade.
    """
    from nbgrader import apps

    app = {
        "generate_assignment": apps.GenerateAssignmentApp,
        "autograde": apps.AutogradeApp,
        "generate_feedback": apps.GenerateFeedbackApp,
    }[command]
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        # It calls alembic by its name, as in an environment that was activated.
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        app.launch_instance([assignment])
    app.clear_instance()  # the next command is another app


def submit(folder, student, assignment, answers, keep=None):
    """Hand in a student's work on the released copy.

    Parameters
    ----------
    answers : dict
        What the student has typed in place of the naive start, by exercise.
    keep : collection of str, optional
        Words: a cell of code that has none of them and is no exercise is thrown out.
    """
    released = folder / "release" / assignment / f"{assignment}.ipynb"
    notebook = nbformat.read(released, as_version=4)
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        name = mark.get("grade_id", "").replace("-", ".")
        if mark.get("solution") and name in answers:
            cell.source = answers[name]
    if keep is not None:
        notebook.cells = [
            cell
            for cell in notebook.cells
            if "nbgrader" in cell.metadata or any(word in cell.source for word in keep)
        ]
    place = folder / "submitted" / student / assignment
    place.mkdir(parents=True)
    nbformat.write(notebook, place / f"{assignment}.ipynb")


def solutions(lesson):
    """Give the solution of every exercise of a lesson, by exercise."""
    return {each.name: each.solution for each in lessons.exercises(lesson)}


def points(folder, assignment):
    """Read from the gradebook each student's points, by exercise."""
    from nbgrader.api import Gradebook

    with contextlib.closing(Gradebook(f"sqlite:///{folder}/gradebook.db")) as book:
        return {
            submission.student.id: {
                grade.cell.name: grade.score
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in book.assignment_submissions(assignment)
        }
