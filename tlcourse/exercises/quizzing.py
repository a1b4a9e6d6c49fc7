"""A quiz: its questions as text first, then buttons that answer a click."""

from __future__ import annotations

from tlcourse import record
from tlcourse.exercises.display import Note, box, inline, show

LETTERS = "abcd"


def question_note(place, question, total):
    """A question with its choices, to read with or without a kernel."""
    head = f"Question {place} of {total}"
    texts = [choice.text for choice in question.choices]
    items = "".join(
        f"<div><strong>{letter})</strong> {inline(text)}</div>"
        for letter, text in zip(LETTERS, texts, strict=False)
    )
    markup = (
        f'<div role="group" aria-label="{head}" style="margin-top: 0.8em">'
        f"<div><strong>{head}.</strong> "
        f'{inline(question.text)}</div><div style="margin-left: 1.5em">{items}</div>'
        "</div>"
    )
    lines = [
        f"   {letter}) {text}" for letter, text in zip(LETTERS, texts, strict=False)
    ]
    return Note(markup, "\n".join([f"{head}. {question.text}", *lines]))


def answer_note(question, letter):
    """What to say to somebody who chose this letter."""
    choice = question.choice(letter)
    kind, verdict = ("right", "Right") if choice.right else ("wrong", "Not quite")
    return box(kind, f"{letter}) {verdict}: {choice.text}", [choice.explanation])


def give_answers(lesson, questions, answers):
    """Show the explanation for one letter per question."""
    letters = [letter for letter in str(answers).lower() if not letter.isspace()]
    if len(letters) != len(questions):
        raise ValueError(
            f"The quiz of the lesson {lesson} has {len(questions)} questions: give one "
            f'letter for each, as in quiz("{lesson}", "{LETTERS[: len(questions)]}").'
        )
    # All letters are looked at before anything is shown.
    notes = list(map(answer_note, questions, letters))
    for place, question in enumerate(questions, start=1):
        letter = letters[place - 1]
        record.quiz_answered(lesson, place, question.choice(letter).right)
        show(question_note(place, question, len(questions)))
        show(notes[place - 1])


def ask(lesson, questions):
    """Show each question as text and, under it, a row of live buttons."""
    for place, question in enumerate(questions, start=1):
        show(question_note(place, question, len(questions)))
        _show_buttons(lesson, place, question)
    show(_without_buttons(lesson, LETTERS[: len(questions)]))


def _without_buttons(lesson, letters):
    text = (
        f'No buttons here? `quiz("{lesson}", "{letters}")` answers a to the first '
        "question, b to the second and so on, and explains."
    )
    return Note(f"<div><small>{inline(text)}</small></div>", text.replace("`", ""))


def _show_buttons(lesson, place, question):
    from tlcourse.widgets.static_first import show_live

    buttons, _ = answer_buttons(lesson, place, question)
    letters = ", ".join(LETTERS[: len(question.choices)])
    show_live(buttons, f"Buttons {letters}: run this cell to answer with a click.")


def answer_buttons(lesson, place, question):
    """A row of buttons above room for the explanation; the whole, and that room."""
    import ipywidgets as widgets

    said = widgets.HTML()
    row = []
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        button = widgets.Button(
            description=f"{letter})",
            # A screen reader reads this after the letter; a mouse shows it.
            tooltip=f"Question {place}, answer {letter}: {choice.text}",
            layout=widgets.Layout(width="4em"),
        )
        button.on_click(_answer_with(said, lesson, place, question, letter))
        row.append(button)
    return widgets.VBox([widgets.HBox(row), said]), said


def _answer_with(said, lesson, place, question, letter):
    def clicked(_button):
        record.quiz_answered(lesson, place, question.choice(letter).right)
        # role=alert: screen readers read what a click brings, without moving there.
        said.value = f'<div role="alert">{answer_note(question, letter).markup}</div>'

    return clicked
