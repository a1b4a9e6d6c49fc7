"""What a learner has done, lesson by lesson: drawn in lesson 00, printed by a command.

>>> from tlcourse.overview import my_progress
>>> my_progress()
"""

import datetime
import html
import json
import re
from dataclasses import dataclass

from tlcourse import lessons, record
from tlcourse.exercises import lessons as with_exercises
from tlcourse.exercises.display import Note, inline

_GREEN, _BLUE = "#00694D", "#0072B2"  # white words on them can be read
_HOW = (
    "This is kept in one file on this computer, without your name, and sent nowhere; "
    "`tlcourse record` in a terminal names the file. The time is an estimate, from the "
    "set-up cell to the last check or answer; a longer pause counts as "
    f"{record.LONGEST_PAUSE // 60} minutes."
)


@dataclass(frozen=True)
class Row:
    """What was done in one lesson.

    Parameters
    ----------
    number, title : str
        As the lesson's notebook has them.
    exercises : tuple of bool
        Which of its exercises passed, in order.
    questions : tuple of bool
        Which questions of its quiz were answered right, in order.
    shown_before : int
        How many exercises passed after their solution was asked for.
    seconds : float
        About how long the learner worked in it.
    last : datetime.date or None
        The day when something last passed or was right.
    """

    number: str
    title: str
    exercises: tuple
    questions: tuple
    shown_before: int
    seconds: float
    last: datetime.date | None


def rows():
    """Return what was done as the learner's file has it, one `Row` per lesson."""
    parts = record.read()
    return [_row(name, parts) for name in lessons.NUMBERS]


def _row(name, parts):
    exercises = [
        parts["exercises"].get(one.name, {"passed": None, "solution": False})
        for one in with_exercises.exercises(name)
    ]
    answered = parts["quizzes"].get(name, {})
    asked = range(1, len(with_exercises.quiz(name)) + 1)
    right = [answered.get(str(place), {"right": None})["right"] for place in asked]
    passed = [one["passed"] for one in exercises]
    moments = map(datetime.datetime.fromisoformat, filter(None, passed + right))
    return Row(
        number=lessons.NUMBERS[name],
        title=title(name),
        exercises=tuple(map(bool, passed)),
        questions=tuple(map(bool, right)),
        shown_before=sum(bool(one["passed"] and one["solution"]) for one in exercises),
        seconds=parts["seconds"].get(name, 0),
        last=max((moment.astimezone().date() for moment in moments), default=None),
    )


def title(name):
    """Return a lesson's title, as its notebook begins: "Why transfer?"."""
    first = json.loads(lessons.notebook(name).read_text("utf-8"))["cells"][0]
    (found,) = re.findall(r"^# \d\d (.+)$", "".join(first["source"]), re.M)
    return found


def my_progress():
    """Show what you have done: exercises, quizzes and time, lesson by lesson."""
    done = rows()
    return Note(_table(done), f"{summary(done)}\n\n{_lines(done)}\n\n{_plain(_HOW)}")


def summary(done):
    """Sum up rows in a sentence."""
    exercises = [passed for row in done for passed in row.exercises]
    questions = [right for row in done for right in row.questions]
    if not any(exercises + questions):
        return "No exercise has passed yet. Each that passes gets its ✓ here."
    return (
        f"{sum(exercises)} of {len(exercises)} exercises passed, {sum(questions)} of "
        f"{len(questions)} quiz questions right, about "
        f"{duration(sum(row.seconds for row in done))}."
    )


def duration(seconds):
    """Write a time in whole minutes, begun ones too: "34 min", "2 h 5 min"."""
    hours, minutes = divmod(int(-(-seconds // 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _plain(text):
    return text.replace("`", "")


def _lines(done):
    """The rows as text, for a terminal."""
    longest = max(len(row.title) for row in done)
    lines = [f"{'':3}{'Lesson':{longest}}  {'Exercises':13}{'Quiz':11}Time"]
    for row in done:
        time = duration(row.seconds) if row.seconds else "-"
        exercises, quiz = map(_signs, (row.exercises, row.questions))
        lines.append(
            f"{row.number} {row.title:{longest}}  {exercises:13}{quiz:11}{time}"
        )
    return "\n".join(lines)


def _signs(passed):
    signs = "".join("✓" if one else "·" for one in passed)
    return f"{signs} {sum(passed)} of {len(passed)}"


def _table(done):
    left = "text-align: left; padding: 0.15em 1em 0.15em 0"
    whole = f"{left}; white-space: nowrap"
    heads = ("Lesson", "Exercises", "Quiz", "Time")
    head = "".join(f'<th scope="col" style="{left}">{word}</th>' for word in heads)
    longest = max(max(row.seconds for row in done), 1)
    body = "".join(
        f'<tr><th scope="row" style="{left}; font-weight: normal">'
        f"{row.number} {html.escape(row.title)}</th>"
        f'<td style="{whole}">{_boxes(row.exercises, _GREEN)}</td>'
        f'<td style="{whole}">{_boxes(row.questions, _BLUE)}</td>'
        f'<td style="{whole}">{_bar(row.seconds, longest)}</td></tr>'
        for row in done
    )
    return (
        f"<p><strong>{html.escape(summary(done))}</strong></p><table>"
        f'<caption style="text-align: left">'
        f"What you have done</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table><p><small>{inline(_HOW)}</small></p>"
    )


def _boxes(passed, colour):
    """A box per exercise or question, ticked where it passed, and the same in words."""
    shape = (
        "display: inline-block; width: 1.3em; line-height: 1.3em; text-align: center; "
        "border-radius: 3px; margin-right: 3px; box-sizing: border-box; "
    )
    full = f"{shape}background: {colour}; border: 1px solid {colour}; color: white"
    empty = f"{shape}border: 1px solid #808080"
    boxes = "".join(
        f'<span style="{full}">✓</span>' if one else f'<span style="{empty}">·</span>'
        for one in passed
    )
    words = f"{sum(passed)} of {len(passed)}"
    return f'<span aria-hidden="true">{boxes}</span> {words}'


def _bar(seconds, longest):
    """A bar as long as the time, and the time."""
    if not seconds:
        return "–"
    width = max(3, round(60 * seconds / longest))
    return (
        f'<span aria-hidden="true" style="display: inline-block; height: 0.8em; '
        f'width: {width}px; background: #808080; margin-right: 0.5em"></span>'
        f"{duration(seconds)}"
    )
