"""Lessons in other languages, from PO files, and the command that makes them."""

import io
import json
import re
import shutil
import tokenize
from collections import Counter

import pytest

from tests.helpers import ROOT
from tlcourse import translations

NOTEBOOKS = ROOT / "notebooks"
PO_FILES = sorted(NOTEBOOKS.glob("translations/*/*.po"))
FRENCH = sorted((NOTEBOOKS / "fr").glob("*.*"))
RENEW = "python -m tlcourse.translations fr"
every_po = pytest.mark.parametrize(
    "path", PO_FILES, ids=lambda path: f"{path.parent.name} {path.stem}"
)


def pairs(path):
    """What a PO file translates: a dict, English to the other language."""
    return translations.translations(translations.read(path, path.parent.name))


def original(path):
    """The English text of a translated lesson, by its PO file or its own file."""
    (found,) = NOTEBOOKS.glob(f"{path.stem}.[im]*")
    return found.read_text("utf-8")


def code(path):
    """The code of a notebook without its comments, cell by cell."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [
        [
            (token.type, token.string)
            for token in tokenize.generate_tokens(
                io.StringIO("".join(cell["source"])).readline
            )
            if token.type not in (tokenize.COMMENT, tokenize.NL)
        ]
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def test_there_are_the_first_two_lessons_in_french():
    names = ["00_start_here.ipynb", "01_why_transfer.ipynb", "glossary.md"]
    assert [path.name for path in FRENCH] == names
    assert [path.stem for path in PO_FILES] == [path.stem for path in FRENCH]


@every_po
def test_what_is_untranslated(path):
    done = pairs(path)
    missing = [unit for unit in translations.units(original(path)) if unit not in done]
    assert not missing, f"Translate it in {path}, then: {RENEW}"


def test_the_stored_lessons_are_what_the_command_writes(tmp_path):
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert translations.main(["fr"], tmp_path) == 0
    for path in [*FRENCH, *PO_FILES]:
        written = (tmp_path / path.relative_to(ROOT)).read_text("utf-8")
        assert written == path.read_text("utf-8"), f"{path} is out of date: {RENEW}"


@pytest.mark.parametrize("path", FRENCH[:2], ids=lambda path: path.stem)
def test_code_and_outputs_are_those_of_the_english_lesson(path):
    english = NOTEBOOKS / path.name
    assert code(path) == code(english)
    french, english = (
        [
            {key: value for key, value in cell.items() if key != "source"}
            for cell in json.loads(each.read_text("utf-8"))["cells"]
        ]
        for each in (path, english)
    )
    assert french == english


@every_po
def test_a_translation_keeps_links_code_headings_and_tables(path):
    for english, other in pairs(path).items():
        for kept in (r"\]\([^)]*\)", r"`[^`]*`", r"^(?:#+ |\* |  |\|)", r"\|"):
            before, now = (Counter(re.findall(kept, x, re.M)) for x in (english, other))
            assert before == now, other


def test_french_has_its_spaces_before_high_punctuation():
    for path in PO_FILES:
        for text in pairs(path).values():
            prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "``", text)
            assert not re.search(r" [;:!?»%]|« ", prose), text
            prose = re.sub(r"\*[^*]+\?\*,", "", prose)  # a paper's title
            assert not re.search(r"\w[;!?»]|«\w", prose), text


@pytest.fixture
def small(tmp_path):
    """A checkout with one lesson of two paragraphs, begun in a language."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    words = ["# One\n", "\n", "Two [words](glossary.md#a)."]
    lines = ["x = 1  # three\n", '# hint("a.1")']
    cells = [
        {"cell_type": "markdown", "source": words},
        {"cell_type": "code", "source": lines, "outputs": []},
    ]
    (notebooks / "00_small.ipynb").write_text(json.dumps({"cells": cells}))
    (notebooks / "glossary.md").write_text("# Glossary\n")
    return notebooks


def fill(notebooks, **words):
    """Translate some units of the lesson, as a translator does with an editor."""
    path = notebooks / "translations" / "es" / "00_small.po"
    text = path.read_text("utf-8")
    for english, other in words.items():
        line = re.compile(f'(msgid "[^"]*{english}.*"\n)msgstr ""')
        text, count = line.subn(rf'\1msgstr "{other}"', text)
        assert count == 1
    path.write_text(text, "utf-8")


def test_a_language_is_begun_filled_in_and_asks_again(small, capsys):
    root = small.parent
    assert translations.main(["es", "00_small"], root) == 0
    assert "00_small: 3 not translated" in capsys.readouterr().out
    fill(small, One="# Uno", Two="Dos [palabras](glossary.md#a).", three="# tres")
    assert translations.main(["es"], root) == 0
    assert "00_small: 0 not translated" in capsys.readouterr().out
    written = json.loads((small / "es" / "00_small.ipynb").read_text("utf-8"))
    words, lines = ("".join(cell["source"]) for cell in written["cells"])
    assert words == "# Uno\n\nDos [palabras](../glossary.md#a)."
    assert lines == 'x = 1  # tres\n# hint("a.1")'
    # The English changes: it stands there, and the old words are a proposal.
    lesson = small / "00_small.ipynb"
    lesson.write_text(lesson.read_text().replace("Two [words]", "Two new [words]"))
    assert translations.main(["es"], root) == 0
    said = capsys.readouterr().out
    assert "00_small: 1 not translated" in said and "Two new [words]" in said
    assert "Two new [words](../gloss" in (small / "es" / lesson.name).read_text("utf-8")
    proposal = (small / "translations/es/00_small.po").read_text("utf-8")
    assert "#, fuzzy" in proposal and "Dos [palabras]" in proposal


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["es"], "Nothing is translated into 'es' yet. Begin with a lesson"),
        (["es", "07_none"], "There is no lesson 07_none to translate"),
        (["español"], "'español' is no language"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(small, capsys, words, said):
    before = sorted(small.rglob("*"))
    assert translations.main(words, small.parent) == 1
    assert said in capsys.readouterr().err and sorted(small.rglob("*")) == before
