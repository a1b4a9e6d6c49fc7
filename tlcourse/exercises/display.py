"""Show a line or a box in a notebook as HTML and everywhere else as text."""

from __future__ import annotations

import html
import re

#: Mark and border colour of each kind of note. The words say the same again.
KINDS = {
    "right": ("✓", "#009E73"),
    "wrong": ("✗", "#D55E00"),
    "hint": ("→", "#0072B2"),
}


class Note:
    """Something to read: HTML, and plain text for a terminal, GitHub and readers."""

    def __init__(self, markup, text):
        self.markup, self.text = markup, text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.markup, "text/plain": self.text}

    def __repr__(self):
        return self.text


def inline(text):
    """Escape text for HTML and set what stands in backticks as code."""
    escaped = html.escape(str(text), quote=True)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)


def box(kind, headline, lines=()):
    """A note with a headline, and lines under it, behind an edge of its kind."""
    mark, colour = KINDS[kind]
    first = f"{mark} {headline}"
    body = "".join(f"<div>{inline(line)}</div>" for line in lines)
    markup = (
        f'<div style="border-left: 5px solid {colour}; padding: 0.2em 0.8em; '
        f'margin: 0.3em 0"><div><strong>{inline(first)}</strong></div>{body}</div>'
    )
    text = "\n".join([first, *lines]).replace("`", "")
    return Note(markup, text)


def show(note):
    """Display a note once; outside a notebook, print its text."""
    from IPython.display import display

    display(note)
