"""Find a lesson's exercises and quiz by its name, when they are asked for.

A name that does not exist raises a ValueError that names those that do.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from tlcourse.exercises.model import read_quiz


def known():
    """The folders of the lessons that have exercises, a dict by name."""
    roots = importlib.import_module("tlcourse.lessons").__path__
    files = sorted(file for root in roots for file in Path(root).glob("*/checks.py"))
    return {file.parent.name: file.parent for file in files}


def exercises(lesson):
    """The exercises of the lesson of that name, a list in order."""
    _folder(lesson)
    return importlib.import_module(f"tlcourse.lessons.{lesson}.checks").EXERCISES


def exercise(name):
    """The exercise with this name, for example "choosing.1"."""
    lesson = str(name).partition(".")[0]
    by_name = {each.name: each for each in exercises(lesson)}
    if name not in by_name:
        raise ValueError(
            f"There is no exercise {name!r}. The lesson {lesson} has {_and(by_name)}."
        )
    return by_name[name]


def quiz(lesson):
    """The questions of a lesson's quiz, a list."""
    return read_quiz((_folder(lesson) / "quiz.md").read_text("utf-8"))


def _folder(lesson):
    folders = known()
    if lesson not in folders:
        raise ValueError(
            f"No lesson {lesson!r} has exercises. Lessons with exercises: "
            f"{_and(folders)}."
        )
    return folders[lesson]


def _and(names):
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
