"""Check an answer property by property, without ever giving the right one away."""

from __future__ import annotations

import reprlib

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = 5


def describe(answer):
    """The learner's own answer in a few words: its type, size and beginning."""
    kind = {"ndarray": "array"}.get(type(answer).__name__, type(answer).__name__)
    if answer is None or answer is ...:
        return "no answer yet"
    if callable(answer):
        return f"a function or class named {getattr(answer, '__name__', kind)}"
    shape = getattr(answer, "shape", None)
    if shape:
        return f"{_an(kind)} of the shape {tuple(shape)}"
    try:
        beginning = " ".join(_SHORT.repr(answer).split())
    except Exception:  # the learner's own class may have a broken __repr__
        return _an(kind)
    size = f" of length {len(answer)}" if isinstance(answer, (list, dict, set)) else ""
    return f"{_an(kind)}{size}: {beginning}"


def _an(word):
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"


def first_failure(exercise, answer):
    """What the first property that fails says, and what was found; None if all hold."""
    for one in exercise.properties:
        try:
            if bool(one.holds(answer)):
                continue
        except Exception as problem:
            return one.says, _raised(exercise, answer, problem)
        return one.says, _found(one, answer)
    return None


def _found(one, answer):
    try:
        text = one.found(answer) if callable(one.found) else one.found
    except Exception:  # `found` may trip over the type that `holds` refused
        text = None
    return text or f"Found {describe(answer)}."


def _raised(exercise, answer, problem):
    """What to say when a property could not even be tried.

    The exception's own text may hold the right answer (NumPy's assertions print it),
    so it is shown only when it comes from the learner's own function.
    """
    line = _line_in_answer(answer, problem)
    if line is not None:
        return (
            f"Your {answer.__name__} stopped in its line {line} with "
            f"{type(problem).__name__}: {problem}"
        )
    return f"Expected {exercise.expects}, found {describe(answer)}."


def _line_in_answer(answer, problem):
    """The line of the learner's function where the exception came up, or None."""
    code = getattr(answer, "__code__", None)
    trace, line = problem.__traceback__, None
    while code is not None and trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code is code else line
        trace = trace.tb_next
    return None if line is None else line - code.co_firstlineno + 1
