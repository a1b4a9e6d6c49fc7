"""Texts with labels: the course's reviews, a table of one's own, splits."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from tlcourse.datasets import few
from tlcourse.resources import where

NAMES = ("film_reviews", "book_reviews")
CLASSES = ("negative", "positive")
_ALIKE = 0.5  # of the runs of five letters in two texts: near copies
_LEAST = 2  # texts of a class


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
    """Read a table of one's own texts, one in each row.

    Parameters
    ----------
    path : path
        A CSV file: commas, semicolons or tabs; UTF-8, or else Latin-1.
    text, label : str
        Names of the two columns. Labels may be words or numbers.

    Returns
    -------
    Texts
        Rows without a text or a label are left out.

    Raises
    ------
    ValueError
        If there is no such file or column, or less than two classes of two texts.
    """
    import pandas

    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise ValueError(f"There is no file {path}: give the path of a CSV file.")
    options = {"sep": None, "engine": "python", "dtype": str}
    try:
        try:
            table = pandas.read_csv(path, encoding="utf-8-sig", **options)
        except UnicodeDecodeError:
            table = pandas.read_csv(path, encoding="latin-1", **options)
    except (ValueError, pandas.errors.ParserError) as problem:
        raise ValueError(f"{path.name} cannot be read as a table: {problem}.") from None
    for column in (text, label):
        if column not in table:
            raise ValueError(
                f"{path.name} has no column {column!r}, only "
                f"{', '.join(map(repr, table.columns))}: name the columns with text= "
                "and label=."
            )
    table = table[[text, label]].apply(lambda column: column.str.strip())
    table = table[table[text].fillna("").ne("") & table[label].fillna("").ne("")]
    counts = table[label].value_counts()
    if len(counts) < 2 or counts.min() < _LEAST:
        told = ", ".join(f"{count} of {name!r}" for name, count in counts.items())
        raise ValueError(
            f"{path.name} has {told or 'no text with a label'}: give at least "
            f"{_LEAST} texts of each of two classes."
        )
    classes = tuple(sorted(counts.index))
    labels = table[label].map(classes.index).to_numpy()
    empty = np.full(len(table), "")
    return Texts(path.stem, classes, table[text].to_numpy(), labels, empty, empty)


def split(texts, *, test=0.4, seed=0):
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
    """Tell which texts are nearly the same; ndarray, int, (n,), the same for copies."""
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import CountVectorizer

    runs = CountVectorizer(analyzer="char", ngram_range=(5, 5), binary=True)
    counts = runs.fit_transform([f"  {text}  " for text in texts]).astype(float)
    both = (counts @ counts.T).tocoo()
    size = np.asarray(counts.sum(axis=1)).ravel()
    both.data = both.data / (size[both.row] + size[both.col] - both.data) >= _ALIKE
    both.eliminate_zeros()
    return connected_components(both, directed=False)[1]


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

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(words, LogisticRegression(C=10, max_iter=1000))
