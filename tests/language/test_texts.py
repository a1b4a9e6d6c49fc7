"""Texts with labels: the course's reviews, files of one's own, splits, the opponent."""

import itertools

import numpy as np
import pytest

from tests.helpers import python, refused
from tlcourse.language import texts as t


@pytest.fixture(params=t.NAMES)
def reviews(request):
    return t.load(request.param)


def grams(text):
    """Runs of five letters."""
    text = " ".join(text.casefold().split())
    return {text[i : i + 5] for i in range(max(1, len(text) - 4))}


def test_the_reviews_are_as_their_card_says(reviews):
    assert len(reviews) >= 400 and reviews.classes == ("negative", "positive")
    assert np.bincount(reviews.labels).tolist() == [len(reviews) // 2] * 2
    assert set(reviews.kinds) == {
        "plain",
        "negation",
        "idiom",
        "irony",
        "mixed",
        "hint",
    }
    assert all(text == text.strip() != "" for text in reviews.texts)
    if reviews.name == "book_reviews":
        translated = [text for text in reviews.english if text]
        assert len(translated) >= len(reviews) / 3
        irony = reviews[reviews.kinds == "irony"]
        assert set(irony.kinds) == {"irony"} and len(irony.texts) == len(irony.english)


def test_no_near_copy_stands_on_both_sides_and_kinds_are_shared_out(reviews):
    train, test = t.split(reviews, seed=1)
    assert len(train) + len(test) == len(reviews)
    assert abs(np.bincount(test.labels) / len(test) - 0.5).max() < 0.02
    for kind in set(reviews.kinds):
        share = np.mean(test.kinds == kind) / np.mean(reviews.kinds == kind)
        assert 0.9 < share < 1.1
    sides = [[grams(text) for text in side.texts] for side in (train, test)]
    alike = [len(a & b) / len(a | b) for a, b in itertools.product(*sides)]
    assert max(alike) < 0.5


def made(count=40, name="made"):
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice([*"abcdefghij"], 8)) for _ in range(400)]
    texts = np.array([" ".join(rng.choice(words, 8)) for _ in range(count)])
    nothing = np.full(count, "")
    return t.Texts(name, ("no", "yes"), texts, np.arange(count) % 2, nothing, nothing)


def test_near_copies_are_found_in_chains_and_in_short_texts():
    a = "the film was long and dull and I left it early"
    b = a + " with my friends again"
    c = b + " after a while because of it"
    groups = t.near_copies((a, "Nul.", b, "nul.", c, "Not that.", a.upper(), "ok"))
    assert len(grams(a) & grams(c)) / len(grams(a) | grams(c)) < 0.62
    assert groups[0] == groups[2] == groups[4] == groups[6]
    assert groups[1] == groups[3]
    assert len(set(groups)) == 4


def test_many_texts_are_compared_in_parts():
    texts = [*made(1100).texts]
    texts[1050] = texts[3] + "!"
    groups = t.near_copies(texts)
    assert groups[1050] == groups[3] and len(set(groups)) == 1099


def test_copies_in_two_classes_stay_together():
    both = made()
    both.texts[1::2] = both.texts[::2]  # each text is in both classes
    train, test = t.split(both)
    assert not set(train.texts) & set(test.texts) and len(train) + len(test) == 40


def test_draws_grow():
    pool, test = t.split(made(100), seed=3)
    five, ten = (t.draw(pool, n, seed=1) for n in (5, 10))
    assert set(five.texts) < set(ten.texts) and len(five) == 10
    assert np.bincount(ten.labels).tolist() == [10, 10]
    assert set(t.draw(pool, 5, seed=2).texts) != set(five.texts)
    assert not set(pool.texts) & set(test.texts)
    with pytest.raises(ValueError, match="at most 35 per_class, not 36"):
        t.draw(pool, 36, seed=0)
    refused("test must be a share", lambda: t.split(pool, test=0))


def test_an_unknown_name_is_refused():
    refused("There are no texts 'imdb': choose of film_reviews", t.load, "imdb")


ROWS = [
    ("Très bien, ça va; c'est mon œuvre", "bon"),
    ('He said "no",\nand left', "mauvais"),
    ("The third\ttext | here", "bon"),
    ("x", "bon"),
    ("The fifth", "mauvais"),
    *[(f"text {place}", "bon" if place % 2 else "mauvais") for place in range(8)],
]


def written(path, rows, header=("text", "label"), sep=",", encoding="utf-8"):
    quoted = [
        ['"' + str(cell).replace('"', '""') + '"' for cell in row] for row in rows
    ]
    lines = [sep.join(header), *(sep.join(row) for row in quoted)]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


@pytest.mark.parametrize("sep", t._SEPARATORS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_of_any_separator_and_encoding(tmp_path, sep, encoding, capsys):
    path = written(tmp_path / "mine.csv", ROWS, sep=sep, encoding=encoding)
    mine = t.from_csv(path)
    assert [*mine.texts] == [text for text, _ in ROWS]
    assert mine.classes == ("bon", "mauvais") and mine.name == "mine"
    assert [mine.classes[x] for x in mine.labels] == [label for _, label in ROWS]
    printed = capsys.readouterr().out
    assert printed.count("\n") == (encoding == "cp1252")
    assert ("Latin-1" in printed) == (encoding == "cp1252")


def test_what_pandas_writes_is_read(tmp_path):
    import pandas

    table = pandas.DataFrame(ROWS, columns=["review", "stars"])
    table.to_csv(tmp_path / "a.csv")  # with a column for the index, without a name
    mine = t.from_csv(tmp_path / "a.csv", text="review", label="stars")
    assert [*mine.texts] == [text for text, _ in ROWS]


@pytest.mark.parametrize(
    "labels, classes",
    [
        (["10", "9"], ("9", "10")),
        (["1.0", "-1"], ("-1", "1")),
        (["True", "False"], ("False", "True")),
        (["b", " a"], ("a", "b")),
        (["1", "one"], ("1", "one")),
    ],
)
def test_labels_may_be_numbers_or_words(tmp_path, labels, classes):
    rows = [(f"text {place}", labels[place % 2]) for place in range(20)]
    mine = t.from_csv(written(tmp_path / "a.csv", rows))
    assert mine.classes == classes and mine.labels.dtype.kind == "i"


def test_empty_rows_and_columns_that_nobody_named_do_not_matter(tmp_path):
    lines = ["text;label;"] + [f"text {x};{x % 2};" for x in range(10)] + [";;", "", ""]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert len(t.from_csv(tmp_path / "a.csv")) == 10


GOOD = [f"text {place},{place % 2}" for place in range(10)]
BAD = {
    "": "has no column 'text'; its columns are: none",
    "review,label\na,1": "has no column 'text'; its columns are: 'review', 'label'",
    "text,label,text\na,1,b": "more than one column 'text'",
    "text,label": "has no texts below its first row",
    "\n".join(["text,label", *GOOD, ",1"]): "nothing in the column 'text' of line 12:",
    "\n".join(["text,label", *GOOD, " ,1", ",0"]): "line 12 and of 1 more",
    "\n".join(["text,label", *GOOD, "a,"]): "nothing in the column 'label' of line 12",
    "\n".join(["text,label", *GOOD, "a, well, b,1"]): "line 12 of a.csv has 4 columns",
    "\n".join(["text,label", *GOOD, "a"]): "line 12 of a.csv has 1 columns",
    "\n".join(["text,label", *GOOD, '"a,1', "b,0"]): "has 1 columns",
    "\n".join(["text,label", *GOOD, '"a' + "b" * 200_000]): "that is not closed",
    "\n".join(["text,label", *["a,1"] * 9]): "have the label '1'",
    "\n".join(["text,label", *GOOD, "a,2"]): "'2' in a.csv has too few texts",
    "\n".join(["text,label", *GOOD, "a,2.5"]): "The label 2.5 is no class",
    "PK\3\4\0\0": "is no CSV file",
}  # fmt: skip


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_unusable_files_are_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    assert "\n" not in refused(BAD[content], t.from_csv, tmp_path / "a.csv")


def test_a_file_that_is_not_there(tmp_path):
    refused("There is no file .*nowhere.csv", t.from_csv, tmp_path / "nowhere.csv")
    refused("There is no file", t.from_csv, tmp_path)


def test_the_opponent_learns_words_and_pairs():
    texts = ["a good film", "not good at all", "a dull film", "not dull at all"] * 3
    labels = np.array([1, 0, 0, 1] * 3)  # no single word tells
    model = t.word_counts().fit(texts, labels)
    assert model.predict(texts).tolist() == labels.tolist()
    assert model.predict_proba(["good"]).shape == (1, 2)
    chinese = ["这部电影很好看", "我很喜欢", "这部电影很难看", "我不喜欢"]
    words = t.word_counts().fit(chinese, [1, 1, 0, 0])[0].vocabulary_
    assert "好" in words and "不 喜" in words


def test_it_starts_without_keras_and_fast():
    code = """
import sys, tlcourse.language.texts
print({"keras", "sklearn"} & {*sys.modules})"""
    assert python(code).stdout.strip() == "set()"
