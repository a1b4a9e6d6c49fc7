"""Texts with labels: the course's reviews, a table of one's own, splits."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import pathlib

import numpy as np

from tlcourse.datasets import few
from tlcourse.datasets.class_numbers import numbered
from tlcourse.resources import where

NAMES = ("film_reviews", "book_reviews")
CLASSES = ("negative", "positive")
_ALIKE = 0.5  # of the runs of five letters in two texts: near copies
_FEWEST = 5  # texts of a class of one's own
_SEPARATORS = ",;\t|"
# A word, or a single sign of a script that puts no spaces between words.
_WORD = r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|\w+"


@dataclasses.dataclass(frozen=True, eq=False)
class Texts:
    """Texts with labels.

    Attributes
    ----------
    name : str
    classes : tuple of str
    texts : ndarray of str, (n,)
    labels : ndarray, int, (n,)
        Places in ``classes``.
    kinds : ndarray of str, (n,)
        How a text says what it says: "plain", "negation", "idiom", "irony", "mixed";
        empty where nobody has marked it.
    english : ndarray of str, (n,)
        A translation, or empty.
    """

    name: str
    classes: tuple[str, ...]
    texts: np.ndarray
    labels: np.ndarray
    kinds: np.ndarray
    english: np.ndarray

    def __len__(self):
        return len(self.texts)

    def __repr__(self):
        return f"Texts({self.name!r}: {len(self.classes)} classes, {len(self)} texts)"

    def __getitem__(self, rows):
        """Some of the texts, by their places or a mask; Texts."""
        columns = ("texts", "labels", "kinds", "english")
        some = {name: getattr(self, name)[rows] for name in columns}
        return dataclasses.replace(self, **some)

    @property
    def card(self):
        """Who wrote them and under what licence; Markdown."""
        return (where("datasets") / self.name / "card.md").read_text("utf-8")


def load(name):
    """Read reviews that were written for this course.

    Parameters
    ----------
    name : {"film_reviews", "book_reviews"}
        English reviews of films, French reviews of books.

    Returns
    -------
    Texts

    Raises
    ------
    ValueError
        If there is no such set.
    """
    import pandas

    if name not in NAMES:
        raise ValueError(f"There are no texts {name!r}: choose of {', '.join(NAMES)}.")
    path = where("datasets") / name / "reviews.tsv"
    table = pandas.read_csv(path, sep="\t", keep_default_na=False, quoting=3, dtype=str)
    english = table.get("english", pandas.Series([""] * len(table)))
    columns = (table["text"], table["label"].astype(int), table["kind"], english)
    return Texts(name, CLASSES, *(column.to_numpy() for column in columns))


def from_csv(path, *, text="text", label="label"):
    """Read texts of one's own from a table, as Excel and pandas write it.

    Its first row names the columns. Comma, semicolon, tab or bar may separate them. It
    is read as UTF-8 (or UTF-16, if it says so); else as Latin-1, and that is printed.

    Parameters
    ----------
    path : str or path
    text, label : str
        Names of the columns with the texts and with their labels, words or whole
        numbers.

    Returns
    -------
    Texts
        The classes in the order of the alphabet, or of the numbers.

    Raises
    ------
    ValueError
        If the file or a column is missing, a text or a label is empty, there is one
        class only, or a class has fewer than five texts.
    """
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise ValueError(f"There is no file {path}: give the path of a CSV file.")
    rows = _rows(_decoded(path), path.name, text, label)
    texts, labels = ([row[column] for _, row in rows] for column in (text, label))
    for column, values in ((text, texts), (label, labels)):
        empty = [line for (line, _), value in zip(rows, values, strict=True)
                 if not value]  # fmt: skip
        if empty:
            raise ValueError(
                f"{path.name} has nothing in the column {column!r} of line {empty[0]}"
                + (f" and of {len(empty) - 1} more" if empty[1:] else "")
                + ": fill in what is missing, or delete these rows."
            )
    labels, classes = numbered(_numbers(labels), len(labels))
    counts = np.bincount(labels)
    if len(classes) < 2:
        raise ValueError(
            f"All texts in {path.name} have the label {classes[0]!r}, so there is "
            "nothing to tell apart: give texts of at least two classes."
        )
    if counts.min() < _FEWEST:
        raise ValueError(
            f"The class {classes[counts.argmin()]!r} in {path.name} has too few texts "
            f"({counts.min()}): give at least {_FEWEST} of each class, or leave it out."
        )
    nothing = np.full(len(texts), "")
    return Texts(path.stem, tuple(classes), np.array(texts), labels, nothing, nothing)


def _decoded(path):
    """The text of a file, whose encoding nobody has told."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        print(
            f"{path.name} is not in UTF-8, so it was read as Latin-1: if accents look "
            "wrong, save it as 'CSV UTF-8'."
        )
    try:
        return content.decode("cp1252")  # Windows's Latin-1, with the œ and the €
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _rows(content, name, text, label):
    """Each row as (its last line, from 1; a dict of its columns)."""
    if "\0" in content:
        raise ValueError(
            f"{name} is no CSV file: save the table as 'CSV UTF-8', and give that."
        )
    separator, header = _header(content)
    for column in (text, label):
        if header.count(column) != 1:
            many = "more than one column" if column in header else "no column"
            there = ", ".join(map(repr, filter(None, header))) or "none"
            raise ValueError(
                f"{name} has {many} {column!r}; its columns are: {there}. Tell which "
                "to take, as in from_csv(path, text='review', label='stars')."
            )
    table, rows = csv.reader(io.StringIO(content), delimiter=separator), []
    needed = max(header.index(text), header.index(label))
    try:
        next(table)
        for row in table:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) <= needed or any(cells[len(header) :]):
                raise ValueError(
                    f"The row that ends in line {table.line_num} of {name} has "
                    f"{len(cells)} columns and the first row {len(header)}: put texts "
                    'with separators or quotation marks in "quotation marks".'
                )
            rows.append((table.line_num, dict(zip(header, cells, strict=False))))
    except csv.Error as problem:
        raise ValueError(
            f"{name} cannot be read after line {table.line_num} ({problem}): look for "
            "a quotation mark that is not closed."
        ) from None
    if not rows:
        raise ValueError(f"{name} has no texts below its first row: add some.")
    return rows


def _header(content):
    """The separator that gives the first row most columns, and these."""
    first = content.lstrip().partition("\n")[0]
    headers = {
        separator: [
            cell.strip() for cell in next(csv.reader([first], delimiter=separator), [])
        ]
        for separator in _SEPARATORS
    }
    separator = max(headers, key=lambda each: len(headers[each]))
    return separator, headers[separator]


def _numbers(labels):
    """Labels as numbers where all of them are."""
    try:
        return np.array([float(label) for label in labels])
    except ValueError:
        return np.array(labels)


def split(texts, *, test=0.3, seed=0):
    """Share texts out: some to learn from, others to test on.

    Each class and kind is shared out by itself. Near copies stay on one side: texts
    that share half of their runs of five letters.

    Parameters
    ----------
    texts : Texts
    test : float
        Share for the test.
    seed : int

    Returns
    -------
    train, test : Texts
    """
    if not 0 < test < 1:
        raise ValueError(f"test must be a share between 0 and 1, not {test!r}.")
    rng, groups = np.random.default_rng(seed), near_copies(texts.texts)
    held = np.zeros(len(texts), bool)
    for label in range(len(texts.classes)):
        for kind in np.unique(texts.kinds):
            mine = (texts.labels == label) & (texts.kinds == kind)
            order = rng.permutation(np.unique(groups[mine]))
            held |= mine & np.isin(groups, order[: round(test * len(order))])
    held = np.isin(groups, groups[held])  # copies of two classes go together
    return texts[~held], texts[held]


def near_copies(texts):
    """Tell which texts are nearly the same.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    ndarray, int, (n,)
        Texts that share half of their runs of five letters have the same number.
    """
    import scipy.sparse  # here, because they take half a second
    from sklearn.feature_extraction.text import CountVectorizer

    counts = CountVectorizer(analyzer=_five_letters, dtype="int32").fit_transform(texts)
    sizes = np.asarray(counts.sum(axis=1)).ravel()
    pairs = []
    for start in range(0, len(texts), 500):  # all at once would take much memory
        shared = (counts[start : start + 500] @ counts.T).tocoo()
        row = start + shared.row
        either = sizes[row] + sizes[shared.col] - shared.data
        alike = shared.data >= _ALIKE * either
        pairs.append([row[alike], shared.col[alike]])
    row, column = np.concatenate(pairs, axis=1)
    shape = (len(texts), len(texts))
    graph = scipy.sparse.coo_array((np.ones(len(row)), (row, column)), shape)
    return scipy.sparse.csgraph.connected_components(graph, directed=False)[1]


def _five_letters(text):
    """All that stands in five signs of a text side by side, whatever its capitals."""
    text = " ".join(text.casefold().split())
    return {text[start : start + 5] for start in range(max(1, len(text) - 4))}


def draw(texts, per_class, *, seed):
    """Take some texts of each class; those of a smaller draw are in a larger one.

    Parameters
    ----------
    texts : Texts
    per_class : int
    seed : int

    Returns
    -------
    Texts
    """
    return texts[few(texts.labels, per_class, seed, texts.name)]


def word_counts():
    """Give the simple opponent: TF-IDF of words and pairs, and a linear classifier.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Takes a list of str.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_WORD)
    return make_pipeline(words, LogisticRegression(C=10, max_iter=1000))
