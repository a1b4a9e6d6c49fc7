"""Find a lesson's exercises by its number and load them when they are asked for."""

from __future__ import annotations

import importlib
import pkgutil
import re


def known():
    """The numbers of the lessons that have exercises, as a sorted list of str."""
    package = importlib.import_module("tlcourse.exercises")
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    found = (re.fullmatch(r"lesson_(\d\d)", name) for name in names)
    return sorted(match[1] for match in found if match)


def _and(names):
    names = list(names)
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def load(lesson):
    """The module with the exercises and the quiz of a lesson.

    Parameters
    ----------
    lesson : str or int
        Its number, "01" or 1.

    Returns
    -------
    module
        With EXERCISES and QUIZ.

    Raises
    ------
    ValueError
        If there is no such lesson; the message names those that exist.
    """
    number = str(lesson).strip()
    number = number.zfill(2) if number.isdigit() else number
    numbers = known()
    if number not in numbers:
        have = _and(numbers) or "none yet"
        raise ValueError(
            f"No lesson {lesson!r} has exercises. Lessons with exercises: {have}."
        )
    return importlib.import_module(f"tlcourse.exercises.lesson_{number}")


def exercise(number):
    """The exercise with this number, for example "01.2".

    Raises
    ------
    TypeError
        If the number is no string: 1.1 and 1.10 are the same number.
    ValueError
        If there is no such exercise; the message names those that exist.
    """
    if not isinstance(number, str):
        raise TypeError(
            f'Write the number of the exercise in quotes, as in "01.1", not {number!r}.'
        )
    lesson, _, place = number.strip().partition(".")
    exercises = load(lesson).EXERCISES
    wanted = f"{lesson.zfill(2)}.{place}"
    for each in exercises:
        if each.number == wanted:
            return each
    raise ValueError(
        f"There is no exercise {number!r}. Lesson {lesson.zfill(2)} has "
        f"{_and(each.number for each in exercises) or 'none'}."
    )
