'''Exercises and quizzes: check, hint, solution, quiz.

>>> from tlcourse.exercises import check, hint, solution, quiz
>>> check("01.1", answer)   # says which property fails, never the answer
>>> hint("01.1")            # the next of three hints
>>> solution("01.1")        # the code, folded
>>> quiz("01")              # three questions; every choice is explained

How to write the exercises of a lesson
--------------------------------------
Lesson NN keeps them in ``tlcourse/exercises/lesson_NN.py``, which holds two lists and
imports nothing heavy (it is loaded when the lesson first asks for it)::

    """Exercises and quiz of lesson 01."""

    from tlcourse.exercises.model import Choice, Exercise, Property, Question

    EXERCISES = [
        Exercise(
            number="01.1",
            title="The gain of transfer",
            expects="a number, the difference of two accuracies",
            properties=[
                Property(
                    "It is a single number",
                    lambda answer: isinstance(answer, (int, float)),
                ),
                Property(
                    "It is a difference of accuracies, so it lies between -1 and 1",
                    lambda answer: -1 <= answer <= 1,
                    found=lambda answer: f"Yours is {answer:.2f}.",
                ),
            ],
            hints=[
                "A nudge.",
                "What to look at, with the name of it in backticks: `run`.",
                "Nearly the code.",
            ],
            solution="answer = transferred.test_accuracy - scratch.test_accuracy",
            explanation="Why (optional).",
        ),
    ]
    QUIZ = [
        Question(
            "Why does a frozen backbone need few labels?",
            [
                Choice("Because ...", "Yes: why it is right.", right=True),
                Choice("Because ...", "No: what is wrong with it."),
                Choice("Because ...", "No: what is wrong with it."),
            ],
        ),
        ...  # three questions
    ]

* Properties run in order; order them from the type of the answer to its value. They
  take the answer alone. What they say and find must not hold the answer: `found` shows
  the learner's own value.
* `solution` is code that leaves the right answer in a variable named `answer`, so that
  the tests can run and check it; the names it uses come from the lesson.
* In the lesson an exercise cell always runs: ``answer = 0.0  # your code here`` and
  then ``check("01.1", answer)``, which says which property fails and raises nothing.
'''

from tlcourse.exercises import lessons
from tlcourse.exercises.display import Note, box, inline, show

__all__ = ["check", "hint", "quiz", "solution"]

_hints_given = {}


def check(number, answer):
    """Say whether an answer is right and, if not, which property fails.

    Parameters
    ----------
    number : str
        The exercise, for example "01.1".
    answer : object
        What you found. The naive start of the exercise cell is taken too.

    Raises
    ------
    ValueError
        If there is no such exercise; the message names those that exist.
    """
    from tlcourse.exercises.checking import first_failure

    exercise = lessons.exercise(number)
    failure = first_failure(exercise, answer)
    if failure is None:
        count = len(exercise.properties)
        held = "its property holds" if count == 1 else f"all {count} properties hold"
        show(box("right", f"Exercise {exercise.number} passes: {held}."))
        return
    says, found = failure
    lines = [f"This should be true: {says.rstrip('.')}.", found, _reminder(exercise)]
    show(box("wrong", f"Exercise {exercise.number} is not there yet.", lines))


def _reminder(exercise):
    left = len(exercise.hints) - _hints_given.get(exercise.number, 0)
    if left == 0:
        return f'`solution("{exercise.number}")` opens the solution.'
    hints = "1 hint" if left == 1 else f"{left} hints"
    return f'`hint("{exercise.number}")` gives the next; {hints} left.'


def hint(number):
    """Show the next hint of an exercise; there are three.

    Parameters
    ----------
    number : str
        The exercise, for example "01.1".

    Raises
    ------
    ValueError
        If there is no such exercise; the message names those that exist.
    """
    exercise = lessons.exercise(number)
    total = len(exercise.hints)
    given = min(_hints_given.get(exercise.number, 0) + 1, total)
    again = _hints_given.get(exercise.number, 0) == total
    _hints_given[exercise.number] = given
    lines = [exercise.hints[given - 1]]
    if given == total:
        word = "This was the last one already" if again else "This is the last one"
        lines.append(f'{word}; `solution("{exercise.number}")` opens the solution.')
    show(box("hint", f"Hint {given} of {total} for {exercise.number}", lines))


def solution(number, folded=True):
    """Show the solution of an exercise, folded until it is opened.

    Parameters
    ----------
    number : str
        The exercise, for example "01.1".
    folded : bool
        False shows the code at once, as text too.

    Raises
    ------
    ValueError
        If there is no such exercise; the message names those that exist.
    """
    exercise = lessons.exercise(number)
    head = f"Solution of exercise {exercise.number}: {exercise.title}"
    code = exercise.solution.strip("\n")
    text = f'{head}. To read it as text: solution("{exercise.number}", folded=False)'
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
        The lesson's number, for example "01".
    answers : str, optional
        One letter per question, as in "bca": explains these choices without buttons.

    Raises
    ------
    ValueError
        If there is no such lesson, or the answers are not one letter per question.
    """
    from tlcourse.exercises import quizzing

    module = lessons.load(lesson)
    number = module.__name__[-2:]
    if answers is None:
        quizzing.ask(number, module.QUIZ)
    else:
        quizzing.give_answers(number, module.QUIZ, answers)
