"""A lesson as slides: one file of HTML with reveal.js inside, made by nbconvert.

A heading begins a new column of slides. In a column, text, code and each figure have a
slide of their own, so that one idea stands on one slide.
"""

from __future__ import annotations

import re
from pathlib import Path

from tlcourse.exercises import lessons
from tlcourse.resources import draft_of

# What a slide of 720 px holds, as slides.css sets it.
ROOM, WORDS = 590, 80
PX_TEXT, PX_CODE, PX_ROW = 50, 30, 44  # a line of text, of code, of a table
LETTERS = 58  # in a line of text
LINES, ROWS = 16, 10  # of code, or of what it prints; of a table
SKIPPED = (
    "Set-up",
    "Where to read on",
    "Is your computer ready?",
    "What you have done",
)
#: Code that only draws a figure says less than the figure.
DRAWING = re.compile(r"^(tl\.plots|figures)\.\w+\(", re.MULTILINE)
LINES_OF_DRAWING = 6
#: What is shown while a lesson runs, and says nothing on a slide.
FLEETING = re.compile(r"[✓✗]|Controls:|Buttons |\S[^\n]*: \d+ of \d+|[^\n]*\b[\d.]+ s$")


def write(lesson, page):
    """Write a lesson's slides.

    Parameters
    ----------
    lesson : str or pathlib.Path
        The notebook, with its outputs.
    page : str or pathlib.Path
        The file of HTML to write.

    Raises
    ------
    FileExistsError
        If that file is there already.
    """
    import nbformat

    page = Path(page)
    if page.exists():
        raise FileExistsError(
            f"{page} is there already, and is kept. Delete it, or name another file: "
            "tlcourse slides LESSON --out FILE"
        )
    html = render(nbformat.read(lesson, as_version=4), Path(lesson).stem)
    with draft_of(page) as draft:
        draft.write_text(html, "utf-8")


def render(notebook, name):
    """Give a notebook's slides as HTML, a str; ``name`` is the page's title."""
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    config = Config()
    config.CSSHTMLHeaderPreprocessor.style = "default"
    exporter = SlidesExporter(
        config=config,
        template_name="deck",
        extra_template_basedirs=[str(Path(__file__).parent)],
    )
    resources = {"metadata": {"name": name}}
    html, _ = exporter.from_notebook_node(arrange(notebook), resources=resources)
    return html


def arrange(notebook):
    """Give a notebook whose cells are slides, by nbconvert's own metadata."""
    from nbformat.v4 import new_notebook

    deck = _Deck()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for heading, text in _sections(cell.source):
                if heading:
                    deck.begin(heading)
                for part in _parts(text):
                    deck.add_text(part)
        elif cell.cell_type == "code":
            deck.add_code(cell)
    deck.end()
    return new_notebook(cells=deck.cells, metadata=notebook.metadata)


class _Deck:
    """The slides so far, and the section and the text that wait for their slide."""

    def __init__(self):
        self.cells, self.title, self.section = [], "", None
        self.new_column, self.text = True, []
        self.taken = self.room = 0  # by the text of the last slide; under its code

    def begin(self, heading):
        self.end()
        level, words = len(heading) - len(heading.lstrip("#")), heading.lstrip("# ")
        self.title = words if level == 1 else self.title
        self.section, self.new_column = words, True

    @property
    def skipped(self):
        return self.section in SKIPPED

    def add_text(self, part):
        together = [*self.text, part]
        words = sum(len(one.split()) for one in together)
        if self.text and (words > WORDS or _text_height(together) > ROOM):
            self.end()
        self.text.append(part)

    def add_code(self, cell):
        quiz = re.match(r'quiz\("(\w+)"\)', cell.source)
        if quiz:
            self._quiz(quiz[1])
            return
        source = re.sub(r"\n?# (hint|solution)\(.*\)", "", cell.source).strip("\n")
        printed = [] if self.skipped else _shown(cell)
        if _only_draws(source) and any(map(_is_picture, printed)):
            source = ""
            self.end()
        # What is said before code stands above it, where there is room.
        if _text_height(self.text) + _code_height(source) > ROOM:
            self.end()
        for piece in _pieces(source) if source else []:
            self._slide(code=piece)
            self.room = ROOM - self.taken - _code_height(piece)
        for output in printed:
            self._output(output)

    def end(self):
        """Put the text that waits on a slide."""
        if self.text:
            self._slide()

    def _slide(self, code=None, output=None, notes=""):
        text, self.taken = "\n\n".join(self.text), _text_height(self.text)
        self.text = []
        if self.skipped:
            return
        kind = "slide" if self.new_column else "subslide"
        heading = f"## {self.section}"
        if self.section == self.title:
            heading = f"# {self.title}" if self.new_column else ""
        elif not self.new_column:
            heading = f'<p class="where">{self.section}</p>'
        self.new_column = False
        self._cell("markdown", f"{heading}\n\n{text}".strip() or "&nbsp;", kind)
        if code is not None:
            self._cell("code", code, "-")
        if output is not None:
            self._cell("code", "", "-", [output])
        if notes:
            self._cell("markdown", notes, "notes")

    def _output(self, output):
        """Put what a cell shows under its code, or where that is full on a slide."""
        height = _output_height(output)
        last = self.cells[-1] if self.cells else None
        if last and last.cell_type == "code" and last.source and height <= self.room:
            last.outputs.append(output)
            self.room -= height
        else:
            self._slide(output=output)

    def _quiz(self, lesson):
        for number, question in enumerate(lessons.quiz(lesson), 1):
            self.end()
            self.section, self.new_column = f"Question {number}", True
            choices = zip("abcd", question.choices, strict=False)
            lines = [f"{letter}) {choice.text}" for letter, choice in choices]
            self.text = [question.text, *lines]
            self._slide(
                notes="\n\n".join(
                    f"{'**Right.** ' * choice.right}{letter}) {choice.explanation}"
                    for letter, choice in zip("abcd", question.choices, strict=False)
                )
            )

    def _cell(self, kind, source, slide_type, outputs=()):
        from nbformat.v4 import new_code_cell, new_markdown_cell

        metadata = {"slideshow": {"slide_type": slide_type}}
        if kind == "markdown":
            cell = new_markdown_cell(source, metadata=metadata)
        else:
            metadata["transient"] = {"remove_source": not source}
            cell = new_code_cell(source, outputs=list(outputs), metadata=metadata)
        self.cells.append(cell)


def _sections(text):
    """Cut Markdown at its headings; pairs of a heading, or "", and what follows."""
    parts = re.split(r"^(#{1,3} .*)$", text, flags=re.MULTILINE)
    pairs = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    return [(heading, body) for heading, body in pairs if heading or body.strip()]


def _parts(text):
    """Cut a text into what may stand on a slide by itself, a list of Markdown."""
    parts = []
    for block in _blocks(text):
        # A badge, a remark for specialists, and what is about reading alone.
        if re.match(r"\[!\[|>|\*\*(Time|Needs):|Next: ", block):
            continue
        items = re.split(r"\n(?=[*-] |\d+\. )", block)
        if block.startswith("```"):
            parts.append(block)
        elif len(items) > 1 and len(block.split()) > WORDS + 20:
            parts += map(_plain, items)
        else:
            parts += map(_plain, _tables(block))
    return parts


def _blocks(text):
    """Cut Markdown at its empty lines, but for those inside a block of code."""
    fenced = re.split(r"^(```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    for place, piece in enumerate(fenced):
        blocks = [piece] if place % 2 else re.split(r"\n\s*\n(?=\S)", piece)
        yield from filter(None, (block.strip("\n") for block in blocks))


def _tables(block):
    """Cut a table that is too long for a slide, with its head over each part."""
    lines = block.split("\n")
    if not block.startswith("|") or len(lines) <= ROWS + 2:
        return [block]
    head, rows = lines[:2], lines[2:]
    starts = range(0, len(rows), ROWS)
    return ["\n".join(head + rows[start : start + ROWS]) for start in starts]


def _plain(text):
    """Take out links inside the course, and write its few formulas in letters."""
    text = re.sub(r"(?<!!)\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", text)
    text = text.replace(r"\mid", "∣").replace(r"\sqrt{n}", "√n")
    return re.sub(r"\$([^$\n]+)\$", r"*\1*", text)


def _pieces(source):
    """Cut code that is too long for a slide where a line of no indent begins."""
    lines, pieces = source.split("\n"), [[]]
    for place, line in enumerate(lines):
        rest = len(lines) - place
        full = len(pieces[-1]) >= LINES // 2 and len(pieces[-1]) + rest > LINES
        if (full and re.match(r"\S", line)) or len(pieces[-1]) >= LINES + 4:
            pieces.append([])
        pieces[-1].append(line)
    return ["\n".join(piece).strip("\n") for piece in pieces]


def _text(output):
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return "".join(text)


def _text_height(parts):
    lines = [line for part in parts for line in part.split("\n")]
    return sum(PX_TEXT * (1 + len(line) // LETTERS) for line in lines)


def _code_height(source):
    return PX_CODE * (source.count("\n") + 2)


def _output_height(output):
    lines = _text(output).count("\n") + 1
    if _is_picture(output):
        return ROOM + 1  # a slide of its own
    line = PX_ROW if "text/html" in output.get("data", {}) else PX_CODE
    return line * (lines + 1)


def _only_draws(source):
    short = source.count("\n") < LINES_OF_DRAWING
    return short and "keras" not in source and bool(DRAWING.search(source))


def _is_picture(output):
    return "image/png" in output.get("data", {})


def _shown(cell):
    """Give those outputs of a cell that say something to an audience."""
    shown = []
    for output in cell.outputs:
        if output.output_type == "error":
            continue
        picture = _is_picture(output)
        if not picture and FLEETING.match(_text(output)):
            continue
        if picture and "text/html" in output.data:
            # The picture with its alt text alone, without what a widget adds.
            output.data["text/html"] = re.search(
                "<img[^>]*>", output.data["text/html"]
            )[0]
        if "text" in output:
            if shown and "text" in shown[-1]:
                output.text = "".join(
                    [shown.pop().text.rstrip("\n"), "\n", output.text]
                )
            lines = output.text.rstrip("\n").split("\n")
            if len(lines) > LINES:
                lines = [*lines[: LINES - 1], "…"]
            output.text = "\n".join(lines)
        shown.append(output)
    return shown
