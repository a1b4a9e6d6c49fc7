"""What an exercise and a quiz question are made of, checked when they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

HINTS = 3


def _sentence(text, where):
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where} is empty: write it.")


@dataclass(frozen=True)
class Property:
    """One thing that is true of every right answer.

    Parameters
    ----------
    says : str
        The property as a sentence that is true of a right answer, for example "It
        has one accuracy per size". It must not hold the answer.
    holds : callable
        ``holds(answer) -> bool``. Whatever it raises counts as an answer of the wrong
        type, and what the exception says is never shown.
    found : callable or str, optional
        ``found(answer) -> str``: what is seen instead, for example "Yours has 3".
        Without it, the learner sees the type, shape and beginning of the answer.
    """

    says: str
    holds: Callable[[Any], bool]
    found: Callable[[Any], str] | str | None = None

    def __post_init__(self):
        _sentence(self.says, "What a Property says")
        if not callable(self.holds):
            raise TypeError(f"Property {self.says!r} needs a function `holds(answer)`.")


@dataclass(frozen=True)
class Exercise:
    """A task with properties to check, three hints and a solution.

    Parameters
    ----------
    name : str
        Lesson and place, for example "why.2".
    title : str
        A few words.
    expects : str
        The type of a right answer in words that follow "expected": "a number from 0
        to 1", "a list of three names". Shown where the answer has another type.
    properties : sequence of Property
        Checked in order; the first that fails is shown.
    hints : sequence of str
        Three, from a nudge to nearly there. Text in backticks is set as code.
    solution : str
        Python code that leaves the right answer in a variable named `answer`. The
        tests run it after the lesson's set-up and check it.
    explanation : str, optional
        Why the solution is as it is; shown beneath it.
    """

    name: str
    title: str
    expects: str
    properties: Sequence[Property]
    hints: Sequence[str]
    solution: str
    explanation: str = ""

    def __post_init__(self):
        where = f"Exercise {self.name}"
        if not re.fullmatch(r"[a-z_]+\.\d+", str(self.name)):
            raise ValueError(f"{where}: write its name as lesson.place, as in why.2.")
        for text, what in ((self.title, "title"), (self.expects, "expects"),
                           (self.solution, "solution")):  # fmt: skip
            _sentence(text, f"{where}: its {what}")
        if not self.properties:
            raise ValueError(f"{where} needs at least one Property.")
        if len(self.hints) != HINTS:
            raise ValueError(f"{where} needs {HINTS} hints and has {len(self.hints)}.")
        for hint in self.hints:
            _sentence(hint, f"{where}: a hint")


@dataclass(frozen=True)
class Choice:
    """One answer that a question offers, and why it is right or wrong."""

    text: str
    explanation: str
    right: bool = False

    def __post_init__(self):
        _sentence(self.text, "The text of a Choice")
        _sentence(self.explanation, f"The explanation of the choice {self.text!r}")


@dataclass(frozen=True)
class Question:
    """A question with three or four choices, exactly one of them right."""

    text: str
    choices: Sequence[Choice]

    def __post_init__(self):
        _sentence(self.text, "The text of a Question")
        if not 3 <= len(self.choices) <= 4:
            raise ValueError(
                f"The question {self.text!r} needs 3 or 4 choices and has "
                f"{len(self.choices)}."
            )
        right = sum(choice.right for choice in self.choices)
        if right != 1:
            raise ValueError(
                f"The question {self.text!r} needs exactly one right choice and has "
                f"{right}."
            )

    def choice(self, letter):
        """The choice with this letter, a to d; ValueError if there is none."""
        letters = "abcd"[: len(self.choices)]
        place = letters.find(str(letter).strip().lower() or "?")
        if place < 0 or len(str(letter).strip()) != 1:
            raise ValueError(
                f"{letter!r} is none of the choices {', '.join(letters)} of the "
                f"question {self.text!r}."
            )
        return self.choices[place]


def read_quiz(text):
    """Read a quiz, which is written in Markdown; a list of Question.

    A question is a heading; each choice an item of a list, ticked where it is right;
    what is said to those who choose it, a paragraph under it.
    """
    questions = []
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, *items = re.split(r"^- \[(?=[ x]\] )", part, flags=re.M)
        choices = []
        for item in items:
            words, _, explanation = item[3:].partition("\n\n")
            words, explanation = " ".join(words.split()), " ".join(explanation.split())
            choices.append(Choice(words, explanation, right=item[0] == "x"))
        questions.append(Question(" ".join(heading.split()), choices))
    return questions
