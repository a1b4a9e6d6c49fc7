"""Find a lesson's exercises and quiz by its name, when they are asked for."""

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
    """The exercises of a lesson, in order.

    Parameters
    ----------
    lesson : str
        Its name, "choosing".

    Returns
    -------
    list of Exercise

    Raises
    ------
    ValueError
        If there is no such lesson; the message names those that exist.
    """
    _folder(lesson)
    return importlib.import_module(f"tlcourse.lessons.{lesson}.checks").EXERCISES


def quiz(lesson):
    """The questions of a lesson's quiz, a list; errors as `exercises`."""
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


def exercise(name):
    """The exercise with this name, for example "choosing.1".

    Raises
    ------
    ValueError
        If there is no such exercise; the message names those that exist.
    """
    lesson = str(name).partition(".")[0]
    there = exercises(lesson)
    for each in there:
        if each.name == name:
            return each
    raise ValueError(
        f"There is no exercise {name!r}. The lesson {lesson} has "
        f"{_and([each.name for each in there])}."
    )
