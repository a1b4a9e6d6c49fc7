"""The site: the lessons and their pages, for reading on a phone. `make site` builds it.

Sphinx reads the pages where they are, so that links between them are the same here
and on GitHub; nothing is copied into git. The lessons' stored outputs are shown, and no
code runs. A page loads nothing from elsewhere.
"""

import base64
import hashlib
import io
import json
import re
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from PIL import Image

from tlcourse.address import current

project = "tlcourse"
author = "The tlcourse authors"
copyright = "the tlcourse authors, CC BY 4.0"

extensions = ["myst_nb"]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "notebooks/*.ipynb",
    "notebooks/*.md",
    "notebooks/fr/*.ipynb",
    "notebooks/fr/*.md",
    "notebooks/instructor/**.md",
    "datasets/**.md",
    "deploy/**.md",
    "README.md",
    "CONTRIBUTING.md",
]
exclude_patterns = ["**/.ipynb_checkpoints"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "Show the set-up"
nb_code_prompt_hide = "Hide the set-up"
# A lesson's words about its controls are kept, and no live control is asked for.
nb_ipywidgets_js = {}
myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
html_math_renderer = "mathml"

html_theme = "sphinx_book_theme"
html_title = "Transfer learning"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["root"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_theme_options = {
    "repository_url": "https://github.com/" + current()[0],
    "use_repository_button": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "show_toc_level": 1,
    "search_bar_text": "Search",
    "toc_title": "On this page",
}

ROOT = Path(__file__).parent.parent
# Sphinx warns of a pattern that no page fits: these folders need not be there.
MAYBE = re.compile(r"^(\.\./notebooks/(?:fr|instructor)/.*)\n", re.MULTILINE)
BADGE = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\](\([^)]*\))")
FIGURE = re.compile(r'src="data:image/(png|gif);base64,([^"]+)"')
KINDS = ("html", "plain")
SET_UP = "# On Colab only"
CONTROLS = re.compile(r"(Controls)(: .*) Run this cell to use them\.")
NO_BUTTONS = re.compile("Buttons [a-z, ]+: run this cell|.*<small>No buttons here")


def prepare(app, docname, source):
    """Turn what a notebook shows into what a page shows, before Sphinx parses it."""
    if app.env.doc2path(docname).suffix != ".ipynb":
        source[0] = BADGE.sub(r"[\1]\2", source[0])
        if docname == root_doc:
            source[0] = MAYBE.sub(lambda line: line[0] * there(line[1]), source[0])
        return
    name = Path(docname).name
    links = rf"[\1]\2 · {{download}}`Download notebook <{name}.ipynb>`"
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = BADGE.sub(links, text)
            continue
        if text.startswith(SET_UP):
            cell["metadata"].setdefault("tags", []).append("hide-input")
        cell["outputs"] = list(shown(app, docname, cell.get("outputs", ())))
    source[0] = json.dumps(notebook)


def there(pattern):
    """Say whether a line of the table of contents names any page."""
    return any((ROOT / "docs").glob(pattern))


def shown(app, docname, outputs):
    """Yield a cell's outputs as the site shows them: figures are files of their own.

    A phone then fetches each as it comes into sight. Buttons that only a kernel makes
    live are left out.
    """
    to_root = "../" * docname.count("/")
    figures = Path(app.outdir) / "_images"

    def file_of(match):
        kind, figure = match[1], base64.b64decode(match[2])
        width, height = Image.open(io.BytesIO(figure)).size
        name = f"{hashlib.sha256(figure).hexdigest()[:20]}.{kind}"
        figures.mkdir(parents=True, exist_ok=True)
        (figures / name).write_bytes(figure)
        size = f'width="{width}" height="{height}" loading="lazy"'
        return f'src="{to_root}_images/{name}" {size}'

    for output in outputs:
        data = output.get("data", {})
        html, text = (
            "".join(data.get(f"text/{kind}", "")) for kind in ("html", "plain")
        )
        if NO_BUTTONS.match(html or text):
            continue
        if FIGURE.search(html):
            data["text/html"] = FIGURE.sub(file_of, html)
            data.pop("image/png", None)
        elif list(data) == ["text/plain"]:
            data["text/plain"] = CONTROLS.sub(r"\1 in the notebook\2", text)
        yield output


def formula(translator, node):
    """Write a formula as MathML, which browsers draw themselves."""
    as_block = isinstance(node, nodes.math_block)
    tag = "div" if as_block else "span"
    begin = translator.starttag(node, tag, "", CLASS="math")
    written = tex2mathml(node.astext(), as_block=as_block)
    translator.body.append(f"{begin}{written}</{tag}>")
    raise nodes.SkipNode


def language_of_page(app, pagename, templatename, context, doctree):
    """Tell screen readers which pages are French."""
    if pagename.startswith("notebooks/fr/"):
        context["language"] = "fr"


def setup(app):
    """Add the above to Sphinx."""
    app.connect("source-read", prepare, priority=1)
    app.connect("html-page-context", language_of_page)
    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
