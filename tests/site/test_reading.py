"""The site in real Chromium: on a phone and a desk, light and dark, with search."""

import json
import os

import pytest

from tests.helpers import LESSONS
from tests.site.page import written

# CI looks at these; `make test-site-all`, before the site is published, at all.
SHARE = ("README", "docs/index", "notebooks/glossary", "notebooks/00", "notebooks/09")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

# What sticks out of the page to the right, and is not in a box that scrolls.
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const clipped = (e) => { for (; e; e = e.parentElement)
    if (getComputedStyle(e).overflowX !== 'visible' && e !== document.body
        && e !== document.documentElement) return true; return false; };
  const wide = [...document.querySelectorAll('article *')].filter(
    (e) => e.getBoundingClientRect().right > width + 1 && !clipped(e.parentElement));
  const told = wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 200));
  return ['the page scrolls', ...told];
}"""

# Words in the article whose contrast with what is behind them is below 4.5 (WCAG AA).
FAINT = """() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number);
    return n.length < 4 ? [...n.slice(0, 3), 1] : n; };
  const over = (top, under) => [0, 1, 2].map(
    (i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const light = (rgb) => { const [r, g, b] = rgb.map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const known = new Map();
  const behind = (e) => { if (!e) return [255, 255, 255];
    if (!known.has(e)) { const own = parse(getComputedStyle(e).backgroundColor);
      known.set(e, own[3] === 1 ? own.slice(0, 3) : over(own, behind(e.parentElement)));
    } return known.get(e); };
  const seen = new Set(), faint = [];
  for (const e of document.querySelectorAll('article *, .bd-sidebar-primary a')) {
    const words = [...e.childNodes].filter((n) => n.nodeType === 3).map(
      (n) => n.textContent.trim()).join(' ').trim();
    if (!words || e.closest('.headerlink, math, svg') || !e.getClientRects().length
        || e.matches('.headerlink')) continue;
    const style = getComputedStyle(e), back = behind(e), key = style.color + back;
    if (seen.has(key)) continue;
    if (style.visibility === 'hidden' || style.opacity === '0') continue;
    const [a, b] = [light(over(parse(style.color), back)), light(back)].sort();
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen.add(key);
    const colours = `${ratio.toFixed(2)} ${style.color} on ${back.map(Math.round)}`;
    if (ratio < 4.5) faint.push(
      `${colours}: <${e.tagName} class="${e.className}"> ${words.slice(0, 60)}`);
  }
  return faint;
}"""


def test_every_page_fits_a_phone_and_a_desk_and_is_readable_in_the_dark(site, reader):
    problems = []
    share = "" if os.environ.get("EVERY_PAGE") else SHARE
    for path in [path for path in written(site) if path.startswith(share)]:
        page = reader.open(path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(
                "(scheme) => document.documentElement.dataset.theme === scheme",
                arg=scheme,
            )
            for size in (PHONE, DESK):
                page.set_viewport_size(size)
                wide = page.evaluate(TOO_WIDE)
                problems += [(path, scheme, size["width"], wide)] if wide else []
                reader.screenshot(f"{path.replace('/', '-')}-{scheme}-{size['width']}")
            faint = page.evaluate(FAINT)
            problems += [(path, scheme, faint)] if faint else []
    assert not problems, json.dumps(problems, indent=1)
    assert not reader.elsewhere and not reader.problems


def test_figures_come_as_the_reader_scrolls_and_keep_their_shape(reader):
    page = reader.open(f"notebooks/{LESSONS[1].stem}.html")
    page.set_viewport_size(PHONE)
    figures = page.locator("article .cell_output img")
    assert figures.count() > 3
    for place in range(figures.count()):
        figure = figures.nth(place)
        figure.scroll_into_view_if_needed()
        page.wait_for_function("(i) => i.complete", arg=figure.element_handle())
        natural, shown, width = figure.evaluate(
            "i => [i.naturalWidth / i.naturalHeight, i.width / i.height, i.width]"
        )
        assert natural == pytest.approx(shown, rel=0.02) and width <= PHONE["width"]
    assert not reader.elsewhere and not reader.problems


def test_search_finds_a_word_in_the_lessons(reader):
    page = reader.open("search.html?q=overfitting")
    links = page.locator("#search-results li a")
    links.first.wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('#search-results li a')].length > 3"
    )
    addresses = links.evaluate_all("links => links.map(link => link.href)")
    assert any("notebooks/" in address for address in addresses)
    assert not reader.elsewhere and not reader.problems


def test_a_word_leads_to_the_glossary_and_the_root_to_the_first_page(reader):
    page = reader.open("index.html")
    page.wait_for_url("**/docs/index.html")
    page.goto(f"{reader.address}notebooks/{LESSONS[0].stem}.html")
    page.locator("article").get_by_role("link", name="backbone").first.click()
    page.wait_for_url("**/notebooks/glossary.html#backbone")
    assert page.locator("#backbone h2").is_visible()
    assert not reader.elsewhere and not reader.problems
