"""A page of the site, taken apart."""

import functools
import re
from html.parser import HTMLParser

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
SPHINX_ADDS = {"index.html", "search.html"}


def written(site):
    """List the pages that somebody wrote, by their places in the site."""
    names = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    ours = (name for name in names - SPHINX_ADDS if not name.startswith("_"))
    return sorted(ours)


class Page(HTMLParser):
    """What a page has: anchors, links, images, headings, and its article's text."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.images, self.headings = [], [], [], []
        self.text, self.language, self.loaded = "", None, []
        self._open, self._article = [], 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        self.language = has.get("lang") if tag == "html" else self.language
        self._article += tag == "article"
        self.ids += [has[name] for name in ("id", "name") if has.get(name)]
        if tag == "a" and has.get("href"):
            self.links.append(has["href"])
        if tag == "img":
            self.images.append(has)
        if tag in ("img", "script", "iframe", "source") and has.get("src"):
            self.loaded.append(has["src"])
        if tag == "link" and has.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(has["href"])
        # The theme has headings of its own, for print, outside the article.
        if self._article and re.fullmatch("h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])
        self._open += [tag] if tag not in VOID else []

    def handle_endtag(self, tag):
        self._article -= tag == "article"
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, text):
        if self.headings and self._open and self._open[-1].startswith("h"):
            self.headings[-1][1] += text
        if self._article and not {"script", "style"} & set(self._open):
            self.text += text


@functools.cache
def parsed(path):
    """Take a page apart, once."""
    return Page(path)
