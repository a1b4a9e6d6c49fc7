"""What an instructor makes of the lessons: copies to grade, and slides."""

import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import tlcourse.exercises as exercises
from tests.helpers import LESSONS, solved
from tlcourse import cli, slides
from tlcourse.exercises import lessons


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The folders of a release: with solutions, and without."""
    desk = tmp_path_factory.mktemp("desk")
    (desk / "bare").mkdir()  # an empty folder may be there
    assert cli.main(["release", "--out", str(desk / "open")]) == 0
    assert (
        cli.main(["release", "--out", str(desk / "bare"), "--without-solutions"]) == 0
    )
    return desk


def notebooks(folder):
    paths = sorted(folder.glob("source/*/*.ipynb"))
    assert [path.name for path in paths] == [path.name for path in LESSONS]
    return [nbformat.read(path, as_version=4) for path in paths]


def test_each_exercise_is_followed_by_a_locked_cell_that_grades_it(course):
    graded = []
    for notebook in notebooks(course / "open"):
        nbformat.validate(notebook)
        for place, cell in enumerate(notebook.cells):
            mark = cell.metadata.get("nbgrader", {})
            if mark.get("grade"):
                [name] = re.findall(r'grade\("(.+)", answer\)', cell.source)
                graded.append(name)
                before = notebook.cells[place - 1]
                assert f'check("{name}", answer)' in before.source
                assert before.outputs == [] and before.metadata.nbgrader.solution
                assert mark["locked"] and mark["points"] == 1
                assert cell.metadata.editable is False
    every = [
        each.name for lesson in lessons.known() for each in lessons.exercises(lesson)
    ]
    assert sorted(graded) == sorted(every)


def test_without_solutions_no_line_opens_one_and_with_them_the_line_stays(course):
    for folder, lines in (("open", True), ("bare", False)):
        for notebook in notebooks(course / folder):
            code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
            text = "\n".join(code)
            assert ("# solution(" in text) is lines
            assert ("\nclose_solutions()" in text) is not lines
            assert "# hint(" in text


def test_links_lead_from_assignment_to_assignment(course):
    for path in course.glob("open/source/*/*.ipynb"):
        text = json.dumps(nbformat.read(path, as_version=4))
        links = re.findall(r"\]\(([\w./]+?\.(?:ipynb|md))", text)
        assert links and all((path.parent / link).is_file() for link in links)


def test_what_is_there_is_kept_and_a_sentence_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "course" / "grades.csv"
    mine.parent.mkdir()
    mine.write_text("mine")
    (tmp_path / "deck.html").write_text("mine")
    for arguments in (
        "release --out course",
        "release --out deck.html",
        "slides 01 --out deck.html",
    ):
        assert cli.main(arguments.split()) == 1
        said = capsys.readouterr().err
        assert "is there already" in said and said.count("\n") == 1
    assert mine.read_text() == (tmp_path / "deck.html").read_text() == "mine"
    assert cli.main(["slides", "99"]) == 1
    assert "there is no lesson 99" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 2


def test_grade_gives_points_and_raises_nothing_for_a_wrong_answer():
    assert exercises.grade("why.3", solved("why.3")) == 1.0
    for wrong in ({"a"}, None, len):
        assert exercises.grade("why.3", wrong) == 0.0


def test_closed_solutions_stay_shut_and_hints_do_not_name_them(monkeypatch, capsys):
    monkeypatch.setattr(exercises, "_closed", [])
    monkeypatch.setattr(exercises, "_hints_given", {"why.3": 2})
    exercises.close_solutions()
    exercises.hint("why.3")
    exercises.check("why.3", None)
    exercises.solution("why.3", folded=False)
    said = capsys.readouterr().out
    assert said.count("This copy does not open solutions") == 3
    assert "solution(" not in said and '"d"' not in said


def lesson(*cells):
    return new_notebook(cells=[new_markdown_cell("# 01 A lesson"), *cells])


def columns(notebook):
    """Give the text of each slide, a list for each column of slides."""
    found = []
    for cell in slides.arrange(notebook).cells:
        kind = cell.metadata.slideshow.slide_type
        if kind == "slide":
            found.append([])
        if kind == "subslide" or kind == "slide":
            found[-1].append("")
        if kind != "notes":
            found[-1][-1] += cell.source + "".join(
                slides._text(output) for output in cell.get("outputs", [])
            )
    return found


def test_a_heading_begins_a_column_and_a_figure_has_a_slide_of_its_own():
    figure = {"image/png": "", "text/html": '<img alt="a">', "text/plain": "FIGURE"}
    busy = {"text/html": "<span>", "text/plain": "Training: 20 of 20, 1.0 s"}
    code = new_code_cell(
        "keras.draw()",
        outputs=[
            new_output("display_data", data=busy),
            new_output("stream", text="drawn\n"),
            new_output("display_data", data=figure),
        ],
    )
    text = new_markdown_cell("Say [it](glossary.md#it).\n\n## Do\n\nThis:")
    long = new_markdown_cell("\n\n".join(["word " * 50] * 3))
    first, second = columns(lesson(text, code, long))
    assert first == ["# 01 A lesson\n\nSay it."]
    assert second[0] == "## Do\n\nThis:keras.draw()drawn"
    assert "FIGURE" in second[1] and "draw()" not in second[1]
    assert len(second) == 5  # 150 words want three slides
    # Where code does nothing but draw, the figure is enough.
    plumbing = new_code_cell(
        "tl.plots.bars(table)", outputs=[new_output("display_data", data=figure)]
    )
    [[_, alone]] = columns(lesson(new_markdown_cell("This:"), plumbing))
    assert "FIGURE" in alone and "tl.plots" not in alone


def test_set_up_and_what_is_for_readers_alone_is_no_slide():
    source = 'quiz("why")'
    deck = columns(
        lesson(
            new_markdown_cell("**Time:** 30 minutes\n\n> **For specialists:** x"),
            new_markdown_cell("## Set-up"),
            new_code_cell("import tlcourse", outputs=[new_output("stream", text="y")]),
            new_markdown_cell("## Exercises\n\n### Exercise 1: go\n\nGo."),
            new_code_cell('answer = 0\ncheck("why.1", answer)\n# hint("why.1")'),
            new_code_cell(source),
            new_markdown_cell("## Where to read on\n\n* A book."),
        )
    )
    assert [column[0].split("\n")[0] for column in deck] == [
        "## Exercise 1: go",
        "## Question 1",
        "## Question 2",
        "## Question 3",
    ]
    assert "hint" not in str(deck)


def test_code_in_a_text_stays_whole_and_a_long_table_is_cut():
    fenced = "```python\nimport keras\n\n\ndef f():\n    return 1\n```"
    rows = "\n".join(f"| {row} | x |" for row in range(17))
    table = f"| n | x |\n|---|---|\n{rows}"
    deck = columns(lesson(new_markdown_cell(f"## A\n\n{fenced}\n\n{table}")))
    assert [text.count("```") for text in deck[-1]] == [2, 0, 0]
    assert [text.count("| x |\n|---|") for text in deck[-1]] == [0, 1, 1]
