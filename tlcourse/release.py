"""The lessons as copies for students, in a folder that nbgrader works in.

After every exercise stands a locked cell: its points come from the course's own check.
nbgrader itself is not needed here: it reads what this module writes.
"""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path

from tlcourse.resources import draft_of, where

POINTS = 1  # of each exercise
GRADED = """\
# Graded: {points} point when exercise {name} passes. Leave this cell as it is.
from tlcourse.exercises import grade

grade("{name}", answer)"""
CLOSED = """
from tlcourse.exercises import close_solutions

close_solutions()"""
CONFIG = '''\
"""How nbgrader works in this folder; written by `tlcourse release`."""

import os
import tempfile

# What students' copies pass is not the record of who grades them.
os.environ["TLCOURSE_RECORD"] = os.path.join(tempfile.mkdtemp(), "learner.json")

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "tlcourse"
# An exercise begins with a naive start that runs, and students keep it: nbgrader would
# put `raise NotImplementedError()` in its place.
c.ClearSolutions.enabled = False
# Seconds that one cell may take; nbgrader's own 30 are too few for a training.
c.Execute.timeout = 600
'''
README = """\
# The lessons, to hand out and to grade

Each folder in `source/` is an assignment of nbgrader: a lesson and the glossary. Each
exercise gives one point. Run nbgrader in this folder, where this file lies:

    nbgrader generate_assignment 01_why_transfer   # writes release/01_why_transfer
    # give release/01_why_transfer to the students; put what comes back in
    # submitted/STUDENT/01_why_transfer/01_why_transfer.ipynb
    nbgrader autograde 01_why_transfer             # runs each copy: about a minute
    nbgrader generate_feedback 01_why_transfer     # a page per student
    nbgrader export                                # grades.csv

Without nbgrader, give out the folders in `source/` as they are.

Autograding runs the students' code on your computer, with your rights. Use an account
or a container that holds nothing else.
"""


def release(folder, without_solutions=False):
    """Write the students' copies of all lessons, each as an assignment of nbgrader.

    Parameters
    ----------
    folder : str or pathlib.Path
        A new folder, or an empty one.
    without_solutions : bool
        True takes out the lines that open solutions, and makes ``solution`` refuse.
        The installed package still holds the solutions, for whoever looks there.

    Returns
    -------
    list of str
        The names of the assignments.

    Raises
    ------
    FileExistsError
        If there are files in the folder, or a file of its name.
    """
    folder = Path(folder)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FileExistsError(
            f"{folder} is there already, and its files are kept. Name a new folder: "
            "tlcourse release --out FOLDER"
        )
    notebooks = where("notebooks")
    paths = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    with draft_of(folder) as draft:
        for path in paths:
            assignment = draft / "source" / path.stem
            assignment.mkdir(parents=True)
            _write_copy(path, assignment / path.name, without_solutions)
            shutil.copyfile(notebooks / "glossary.md", assignment / "glossary.md")
        (draft / "nbgrader_config.py").write_text(CONFIG, "utf-8")
        (draft / "README.md").write_text(README, "utf-8")
        if folder.exists():
            folder.rmdir()  # it is empty; Windows renames to no folder that exists
    return [path.stem for path in paths]


def _write_copy(path, target, without_solutions):
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [
        copied for cell in notebook.cells for copied in _copies(cell, without_solutions)
    ]
    nbformat.write(notebook, target)


def _copies(cell, without_solutions):
    """Give a cell as students get it and, after an exercise, the cell that grades."""
    cell = copy.deepcopy(cell)
    if cell.cell_type == "markdown":
        # Each assignment lies in a folder of its own.
        cell.source = re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](../\1/\1.ipynb", cell.source)
        return [cell]
    if without_solutions:
        cell.source = re.sub(r"\n# solution\(.*\)", "", cell.source)
        if "from tlcourse.exercises import" in cell.source:
            cell.source += "\n" + CLOSED
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    if grade_id is None:
        return [cell]
    cell.outputs, cell.execution_count = [], None
    return [cell, _graded(grade_id)]


def _graded(grade_id):
    from nbformat.v4 import new_code_cell

    name = grade_id.replace("-", ".")  # nbgrader's own tools refuse a dot

    marks = {
        "schema_version": 3,
        "grade_id": f"{grade_id}-points",
        "grade": True,
        "locked": True,
        "points": POINTS,
        "solution": False,
        "task": False,
    }
    return new_code_cell(
        GRADED.format(points=POINTS, name=name),
        id=f"{grade_id}-points",
        metadata={"nbgrader": marks, "editable": False, "deletable": False},
    )
