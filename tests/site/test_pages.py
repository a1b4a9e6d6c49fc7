"""The pages of the site: all lessons, links that lead somewhere, figures in words."""

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.helpers import LESSONS, ROOT, cells
from tests.site.page import parsed, written
from tlcourse.lessons import NUMBERS


@pytest.fixture(scope="session")
def pages(site):
    """All pages that somebody wrote, by their place in the site."""
    return {name: parsed(site / name) for name in written(site)}


def test_all_lessons_and_pages_are_there(site, pages):
    assert len(LESSONS) == len(NUMBERS) == 17
    for path in LESSONS:
        lesson = pages[f"notebooks/{path.stem}.html"]
        address = f"docs/index.html: notebooks/{path.stem}.html"
        assert f"../notebooks/{path.stem}.html" in pages["docs/index.html"].links, (
            address
        )
        assert lesson.headings[0][0] == 1
    cards = ROOT.glob("datasets/*/card.md")
    more = ["README", "CONTRIBUTING", "notebooks/glossary", "datasets/README"]
    more += [str(card.relative_to(ROOT).with_suffix("")) for card in cards]
    for folder in ("notebooks/instructor", "notebooks/fr"):
        found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        named = [path for path in found if path.suffix in (".md", ".ipynb")]
        more += [str(path.relative_to(ROOT).with_suffix("")) for path in named]
    assert not {f"{name}.html" for name in more} - set(pages)
    assert 'url=docs/index.html"' in (site / "index.html").read_text("utf-8")


def test_every_link_and_anchor_within_the_site_leads_somewhere(site, pages):
    broken = []
    for name, each in pages.items():
        for link in each.links:
            if re.match(r"[a-z]+:", link):
                continue
            address, _, anchor = unquote(link).partition("#")
            place = os.path.normpath(Path(name).parent / address) if address else name
            if not (site / place).is_file():
                broken.append(f"{name} -> {link}")
            elif anchor and place.endswith(".html"):
                target = parsed(site / place)
                if anchor not in target.ids:
                    broken.append(f"{name} -> {link}")
    assert not broken


def test_links_to_our_own_files_stay_within_the_site(pages):
    left = re.compile(r"\.(md|ipynb)(#|$)")
    for name, each in pages.items():
        inside = [link for link in each.links if not link.startswith("http")]
        wrong = [link for link in inside if left.search(link)]
        assert not [link for link in wrong if "_downloads/" not in link], name


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_figure_of_a_lesson_is_there_with_its_words(pages, site, path):
    stored = json.loads(path.read_text("utf-8"))["cells"]
    outputs = [out for cell in stored for out in cell.get("outputs", ())]
    figures = [out for out in outputs if "image/png" in out.get("data", {})]
    images = pages[f"notebooks/{path.stem}.html"].images
    words = [image.get("alt", "") for image in images]
    for figure in figures:
        assert figure["metadata"]["image/png"]["alt"] in words
    assert len(images) >= len(figures)
    for image in images:
        assert image["alt"].strip() and int(image["width"]) and int(image["height"])
        assert (site / "notebooks" / image["src"]).is_file()


def test_every_image_has_alt_text(pages):
    for name, each in pages.items():
        for image in each.images:
            assert image.get("alt", "").strip(), (name, image)


def test_headings_are_in_order_and_their_anchors_hold(pages):
    for name, each in pages.items():
        levels = [level for level, _ in each.headings]
        assert levels and levels.count(1) == 1 == levels[0], (name, each.headings)
        steps = zip(levels, levels[1:], strict=False)
        assert all(after <= before + 1 for before, after in steps), (name, levels)
        # Sphinx calls an anchor id3 if its heading is there twice: it would move.
        assert not [each for each in each.ids if re.fullmatch(r"id\d+", each)], name


def test_pages_load_nothing_from_elsewhere(pages):
    for name, each in pages.items():
        assert not [file for file in each.loaded if re.match("(https?:)?//", file)], (
            name
        )


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_opens_in_colab_and_downloads(pages, site, path):
    lesson = pages[f"notebooks/{path.stem}.html"]
    colab = [link for link in lesson.links if "colab.research.google.com" in link]
    assert colab and colab[0].endswith(f"/notebooks/{path.name}")
    assert "Open in Colab" in lesson.text
    (download,) = [link for link in lesson.links if "_downloads/" in link]
    file = (site / "notebooks" / download).resolve()
    assert file.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_widgets_are_figures_and_words(pages, path):
    text = pages[f"notebooks/{path.stem}.html"].text
    for raw in (
        "widget-view",
        "VBox(",
        "model_id",
        "un this cell to",
        "No buttons here",
    ):
        assert raw not in text


def test_formulas_are_drawn_by_the_browser(site):
    drawn = 0
    for name in written(site):
        text = (site / name).read_text("utf-8")
        drawn += text.count("<math")
        assert not re.search(r"\\(alpha|frac|log|mid)\b|\$\$", text), name
    assert drawn > 20


def test_french_pages_say_so(pages):
    for name, each in pages.items():
        assert each.language == ("fr" if name.startswith("notebooks/fr/") else "en")


def test_the_glossary_has_an_anchor_for_each_word(pages):
    anchors = pages["notebooks/glossary.html"].ids
    links = re.findall(r"glossary\.md#([\w-]+)", "\n".join(cells("start", "markdown")))
    assert links and set(links) <= set(anchors)
