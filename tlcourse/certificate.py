"""A page that a learner can print: what passed on their computer, and when."""

import datetime
import html
from pathlib import Path

import tlcourse
from tlcourse import overview
from tlcourse.resources import draft_of

LONGEST_NAME = 60  # what fits on the page


def write(name, path):
    """Write the certificate as one HTML file, which loads nothing from elsewhere.

    Parameters
    ----------
    name : str
        Of the learner, as it should stand on the page. It is kept nowhere else.
    path : str or pathlib.Path
        Of the new file.

    Raises
    ------
    ValueError
        If the name is empty or too long, nothing has passed yet, or the file is
        there already.
    """
    name, path = " ".join(str(name).split()), Path(path)
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(
            f"The name has {len(name)} characters: give one of 1 to {LONGEST_NAME}."
        )
    done = overview.rows()
    if not any(passed for row in done for passed in row.exercises):
        raise ValueError(
            "No exercise has passed on this computer yet, so there is nothing to "
            "certify. Each lesson has two to four: tlcourse lab opens them."
        )
    if path.exists():
        raise ValueError(f"{path} is there already. Name another: --out FILE")
    text = page(name, done)
    with draft_of(path) as draft:
        draft.write_text(text, "utf-8")


def page(name, done):
    """Return the page for a name and the rows of `overview.rows`."""
    style = Path(__file__).with_name("certificate.css").read_text("utf-8")
    shown = [row for row in done if row.last]
    lines = "".join(map(_line, shown))
    today = _day(datetime.date.today())
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Certificate of {html.escape(name)}</title>
<style>
{style}</style>
</head>
<body>
<p class="screen"><button onclick="print()">Print this page</button></p>
<main>
<p class="course">tlcourse · transfer learning with Keras</p>
<h1>Certificate</h1>
<p class="name">{html.escape(name)}</p>
<p class="what">{html.escape(_what(done))}</p>
<ul class="{"one" if len(shown) == 1 else "two"}">
{lines}</ul>
<footer>
<p>{today}<br>tlcourse {html.escape(tlcourse.__version__)}</p>
<p class="honest">{html.escape(_honest(done))}</p>
</footer>
</main>
</body>
</html>
"""


def _what(done):
    exercises = [passed for row in done for passed in row.exercises]
    questions = [right for row in done for right in row.questions]
    return (
        f"passed {sum(exercises)} of the {len(exercises)} exercises of the course and "
        f"answered {sum(questions)} of its {len(questions)} quiz questions right."
    )


def _honest(done):
    after = sum(row.shown_before for row in done)
    solutions = f" Passed after the solution was shown: {after}." if after else ""
    return (
        "The course's own checks found this on the learner's computer. Nobody watched "
        f"or graded the work, and the name is the learner's own word.{solutions} Time "
        f"spent: about {overview.duration(sum(row.seconds for row in done))}."
    )


def _line(row):
    exercises = f"{sum(row.exercises)} of {len(row.exercises)} exercises"
    quiz = f"quiz {sum(row.questions)} of {len(row.questions)}"
    return (
        f'<li><span class="lesson">{row.number} {html.escape(row.title)}</span>'
        f'<span class="marks">{exercises} · {quiz}'
        f' · <time datetime="{row.last}">{_day(row.last)}</time></span></li>\n'
    )


def _day(date):
    months = "Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec".split()
    return f"{date.day} {months[date.month - 1]} {date.year}"
