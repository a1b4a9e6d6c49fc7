"""Put lessons into another language, from what translators wrote.

    python -m tlcourse.translations fr                 # writes notebooks/fr/ again
    python -m tlcourse.translations es 00_start_here   # begins a translation

Translators fill in ``notebooks/translations/LANGUAGE/LESSON.po`` with any editor of PO
files: paragraph by paragraph, and the comments in code. This command then writes the
lesson in their language, with the code and the outputs of the English one, and lists
what is not translated: that stands there in English. Where the English has changed, the
PO file asks again, with the old translation as a proposal ("fuzzy").

It needs a checkout, and babel, which comes with JupyterLab.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import textwrap
import tokenize
from pathlib import Path

from tlcourse.resources import draft_of

ROOT = Path(__file__).resolve().parent.parent
_HEADER = (
    'msgid ""\nmsgstr ""\n"Language: {}\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n\n'
)
_WORD = re.compile(r"[^\W\d_]{2}")
_ITEM = re.compile(r"\s*([*-]|\d+\.) ")
_FENCED = re.compile(r"(^```python\n)(.*?)(^```)", re.MULTILINE | re.DOTALL)
# `# hint("why.1")`, which a learner may uncomment, is no comment to translate.
_CODE = re.compile(r"#\s*\w+\(")
_LINK = re.compile(r"(\]\()(\d\d_\w+\.ipynb|glossary\.md)")
_COLAB = re.compile(r"(/blob/[^)\s]+?/notebooks/)(\d\d_\w+\.ipynb)")


class Trouble(Exception):
    """Something that the user can mend; its message is the sentence to print."""


# --- what is translated ---------------------------------------------------------------


def translate_markdown(text, translate):
    """Give Markdown with each unit translated, and each comment in its Python.

    A unit is a paragraph, a heading, a row of a table or an item of a list.
    ``translate`` takes a unit's text and gives another.
    """
    parts, unit, fenced = [], [], False
    for line in [*text.split("\n"), ""]:
        fence = line.lstrip().startswith("```")
        alone = line.startswith(("#", "|"))
        apart = fenced or fence or not line.strip()
        if unit and (apart or alone or _ITEM.match(line)):
            parts.append(translate("\n".join(unit)))
            unit = []
        if apart:
            parts.append(line)
            fenced = fenced != fence
        elif alone:
            parts.append(translate(line) if _WORD.search(line) else line)
        else:
            unit.append(line)
    translated = "\n".join(parts[:-1])
    return _FENCED.sub(
        lambda match: match[1] + translate_code(match[2], translate) + match[3],
        translated,
    )


def translate_code(code, translate):
    """Give code with its comments translated."""
    lines = code.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        words = token.type == tokenize.COMMENT and _WORD.search(token.string)
        if words and not _CODE.match(token.string):
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column] + translate(token.string)
    return "\n".join(lines)


def translate_lesson(text, translate, finish=str):
    """Give a notebook's text, or a Markdown file's, with its words translated.

    ``finish`` takes and gives Markdown that is translated.
    """
    if not text.startswith("{"):
        return finish(translate_markdown(text, translate))
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            source = finish(translate_markdown(source, translate))
        else:
            source = translate_code(source, translate)
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def units(text):
    """List what there is to translate in a lesson, each once, in its order."""
    seen = {}
    translate_lesson(text, lambda unit: seen.setdefault(unit, unit))
    return list(seen)


def _links_from(language, names):
    """Give a function that makes links right in a language's folder.

    ``names`` are the files that it holds; other lessons lie one folder up.
    """

    def link(match):
        return match[1] + ("" if match[2] in names else "../") + match[2]

    def badge(match):
        return match[1] + (f"{language}/" if match[2] in names else "") + match[2]

    return lambda text: _COLAB.sub(badge, _LINK.sub(link, text))


# --- the files ------------------------------------------------------------------------


def _originals(notebooks):
    """The English lessons and the glossary, by the name of their PO files."""
    paths = [*sorted(notebooks.glob("[0-9][0-9]_*.ipynb")), notebooks / "glossary.md"]
    return {path.stem: path for path in paths}


def read(path, language):
    """Read a PO file; one that is not there is empty. Gives babel's Catalog."""
    from babel.messages import pofile

    text = path.read_text("utf-8") if path.exists() else ""
    return pofile.read_po(io.StringIO(text), locale=language)


def translations(catalog):
    """What is translated and up to date: a dict, English to the other language."""
    return {
        message.id: message.string
        for message in catalog
        if message.id and message.string and not message.fuzzy
    }


def translate(language, root=ROOT, begin=()):
    """Bring a language's PO files up to date, and write its lessons.

    Parameters
    ----------
    language : str
        Two letters, as in ``"fr"``.
    root : pathlib.Path
        A checkout.
    begin : sequence of str
        Lessons, such as ``"00_start_here"``, whose translation begins.

    Returns
    -------
    dict of str to list of str
        What is not translated, by lesson.
    """
    from babel.messages import pofile

    folder = root / "notebooks" / "translations" / language
    originals = _originals(root / "notebooks")
    lessons = {path.stem for path in folder.glob("*.po")} | set(begin)
    for lesson in sorted(lessons - originals.keys()):
        known = ", ".join(originals)
        raise Trouble(f"There is no lesson {lesson} to translate. There is {known}.")
    if not lessons:
        raise Trouble(
            f"Nothing is translated into {language!r} yet. Begin with a lesson: "
            f"python -m tlcourse.translations {language} {next(iter(originals))}"
        )
    finish = _links_from(language, {originals[lesson].name for lesson in lessons})
    missing = {}
    for lesson in sorted(lessons):
        original = originals[lesson]
        text, po = original.read_text("utf-8"), folder / f"{lesson}.po"
        catalog = read(po, language)
        _update(catalog, units(text))
        buffer = io.BytesIO()
        pofile.write_po(buffer, catalog, width=0, omit_header=True)
        _write(po, _HEADER.format(language) + buffer.getvalue().decode("utf-8"))
        known = translations(catalog)
        target = root / "notebooks" / language / original.name
        _write(target, _translated(text, known, finish))
        missing[lesson] = [unit for unit in units(text) if unit not in known]
    return missing


def _translated(text, known, finish):
    return translate_lesson(text, lambda unit: known.get(unit, unit), finish)


def _update(catalog, wanted):
    from babel.messages import Catalog

    template = Catalog()
    for unit in wanted:
        template.add(unit)
    catalog.update(template)


def _write(path, text):
    with draft_of(path) as draft:
        draft.write_bytes(text.encode("utf-8"))


def main(arguments=None, root=ROOT):
    """Run the command and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tlcourse.translations")
    parser.add_argument("language", metavar="LANGUAGE", help="two letters: fr")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="to begin with")
    choice = parser.parse_args(arguments)
    try:
        if not re.fullmatch("[a-z]{2}", choice.language):
            raise Trouble(f"{choice.language!r} is no language: write two letters: fr")
        if not (root / "pyproject.toml").is_file():
            raise Trouble("Go to a checkout of the course: git clone it first.")
        missing = translate(choice.language, root, choice.lessons)
    except Trouble as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"Written to notebooks/{choice.language}: {', '.join(missing)}")
    for lesson, texts in missing.items():
        print(f"{lesson}: {len(texts)} not translated")
        for text in texts:
            print("   ", textwrap.shorten(text, 76))
    return 0


if __name__ == "__main__":
    sys.exit(main())
