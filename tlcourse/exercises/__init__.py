"""Exercises and quizzes: check, hint, solution, quiz; and points for who grades.

>>> from tlcourse.exercises import check, hint, solution, quiz
>>> check("why.1", answer)   # says which property fails, never the answer
>>> hint("why.1")            # the next of three hints
>>> solution("why.1")        # the code, folded
>>> quiz("why")              # three questions; every choice is explained

A name of an exercise or a lesson that does not exist raises a ValueError that names
those that do.

How to write the exercises of a lesson
--------------------------------------
They stand in ``checks.py`` of the lesson's folder, a list `EXERCISES` of `Exercise`,
and import nothing heavy (the file is loaded when the lesson first asks for it). The
quiz stands beside it in ``quiz.md``; see `model.read_quiz`.

* Properties run in order; order them from the type of the answer to its value. They
  take the answer alone. What they say and find must not hold the answer: `found` shows
  the learner's own value.
* `solution` is code that leaves the right answer in a variable named `answer`, so that
  the tests can run and check it; the names it uses come from the lesson.
* In the lesson an exercise cell always runs: ``answer = 0.0  # your code here`` and
  then ``check("why.1", answer)``, which says which property fails and raises nothing.
"""

from tlcourse import record
from tlcourse.exercises import lessons
from tlcourse.exercises.display import Note, box, inline, show

__all__ = ["check", "close_solutions", "grade", "hint", "quiz", "solution"]

_hints_given = {}
_closed = []  # holds the word of `close_solutions`, once it was called


def check(name, answer):
    """Say whether an answer is right and, if not, which property fails.

    Parameters
    ----------
    name : str
        The exercise, for example "why.1".
    answer : object
        What you found. The naive start of the exercise cell is taken too.
    """
    from tlcourse.exercises.checking import first_failure

    exercise = lessons.exercise(name)
    failure = first_failure(exercise, answer)
    record.checked(exercise.name, failure is None)
    if failure is None:
        count = len(exercise.properties)
        held = "its property holds" if count == 1 else f"all {count} properties hold"
        show(box("right", f"Exercise {exercise.name} passes: {held}."))
        return
    says, found = failure
    lines = [f"This should be true: {says.rstrip('.')}.", found, _reminder(exercise)]
    show(box("wrong", f"Exercise {exercise.name} is not there yet.", lines))


def _reminder(exercise):
    left = len(exercise.hints) - _hints_given.get(exercise.name, 0)
    if left == 0:
        return _opens(exercise)
    hints = "1 hint" if left == 1 else f"{left} hints"
    return f'`hint("{exercise.name}")` gives the next; {hints} left.'


def _opens(exercise):
    if _closed:
        return _closed[0]
    return f'`solution("{exercise.name}")` opens the solution.'


def grade(name, answer):
    """Give the points of an exercise: 1.0 if every property holds, 0.0 if not.

    The graded cells that ``tlcourse release`` adds to a lesson end with it. It raises
    nothing for a wrong answer, so that a lesson still runs from top to bottom; nbgrader
    takes the number as the points of the cell.

    Parameters
    ----------
    name : str
        The exercise, for example "why.1".
    answer : object
        What the learner found.
    """
    import contextlib
    import io

    from tlcourse.exercises.checking import first_failure

    exercise = lessons.exercise(name)
    # nbgrader takes a cell for failed that writes to stderr, a warning of a library's.
    with contextlib.redirect_stderr(io.StringIO()):
        return 1.0 if first_failure(exercise, answer) is None else 0.0


def close_solutions():
    """Keep solutions shut in this Python, as ``tlcourse release`` can ask for.

    It reminds and does not hide: the installed package still holds the solutions.
    """
    _closed[:] = ["This copy does not open solutions: ask who gave it to you."]


def hint(name):
    """Show the next hint of an exercise; there are three.

    Parameters
    ----------
    name : str
        The exercise, for example "why.1".
    """
    exercise = lessons.exercise(name)
    total = len(exercise.hints)
    given = min(_hints_given.get(exercise.name, 0) + 1, total)
    again = _hints_given.get(exercise.name, 0) == total
    _hints_given[exercise.name] = given
    record.hinted(exercise.name, given)
    lines = [exercise.hints[given - 1]]
    if given == total:
        word = "This was the last one already" if again else "This is the last one"
        lines.append(f"{word}. {_opens(exercise)}")
    show(box("hint", f"Hint {given} of {total} for {exercise.name}", lines))


def solution(name, folded=True):
    """Show the solution of an exercise, folded until it is opened.

    Parameters
    ----------
    name : str
        The exercise, for example "why.1".
    folded : bool
        False shows the code at once, as text too.
    """
    exercise = lessons.exercise(name)
    if _closed:
        show(box("hint", _closed[0]))
        return
    record.solution_shown(exercise.name)
    head = f"Solution of exercise {exercise.name}: {exercise.title}"
    code = exercise.solution.strip("\n")
    text = f'{head}. To read it as text: solution("{exercise.name}", folded=False)'
    if not folded:
        text = "\n".join(filter(None, [head, "", code, "", exercise.explanation]))
    # Escaped by hand: `inline` would take backticks in the code for markup.
    escaped = code.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    markup = (
        f"<details{'' if folded else ' open'}><summary>{inline(head)}</summary>"
        f"<pre><code>{escaped}</code></pre>"
        f"<div>{inline(exercise.explanation)}</div></details>"
    )
    show(Note(markup, text.strip()))


def quiz(lesson, answers=None):
    """Ask the three questions of a lesson and explain every choice.

    The questions are shown as text, which stays in a stored or printed lesson; buttons
    under each answer a click or a key where a kernel runs.

    Parameters
    ----------
    lesson : str
        The lesson's name, for example "why".
    answers : str, optional
        One letter per question, as in "bca": explains these choices without buttons.

    Raises
    ------
    ValueError
        If the answers are not one letter per question.
    """
    from tlcourse.exercises import quizzing

    questions = lessons.quiz(lesson)
    if answers is None:
        record.quiz_opened(lesson)
        quizzing.ask(lesson, questions)
    else:
        quizzing.give_answers(lesson, questions, answers)
