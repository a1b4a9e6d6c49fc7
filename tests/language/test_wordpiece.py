"""WordPiece: the published tokenizer's pieces, also of odd texts."""

import numpy as np
import pytest

from tlcourse.language.files import model_files
from tlcourse.language.wordpiece import WordPiece, words

# What the tokenizer published with the model gives (Hugging Face tokenizers 0.22).
PIECES = {
    "A film to remember.": ["a", "film", "to", "remember", "."],
    "Café Élan": ["cafe", "el", "##an"],
    "unbelievably naïve": ["un", "##bel", "##ie", "##va", "##bly", "naive"],
    "don't!!": ["don", "'", "t", "!", "!"],
    "$5+3 = 8": ["$", "5", "+", "3", "=", "8"],
    "日本": ["日", "本"],
    "": [],
    "   \t\n": [],
    "...": [".", ".", "."],
    "a\u200bb\x00c\ufffdd": ["abc", "##d"],
    "\U0001f600": ["[UNK]"],
    "\ud800": [],
    "x" * 101: ["[UNK]"],
}


@pytest.fixture(scope="module")
def tokenizer():
    return WordPiece(model_files("bert") / "vocab.txt")


@pytest.mark.parametrize("text", PIECES, ids=ascii)
def test_pieces(tokenizer, text):
    assert tokenizer.tokens(text) == PIECES[text]


def test_numbers_are_padded_and_cut(tokenizer):
    ids = tokenizer.encode(["A film", "film " * 100, ""], length=8)
    film = tokenizer.number["film"]
    assert ids.dtype == np.int32 and ids.shape == (3, 8)
    assert ids[0].tolist() == [101, 1037, film, 102, 0, 0, 0, 0]
    assert ids[1].tolist() == [101, *[film] * 6, 102]
    assert ids[2].tolist() == [101, 102, 0, 0, 0, 0, 0, 0]


def test_a_text_alone_is_refused(tokenizer):
    with pytest.raises(ValueError, match=r"list of texts: \[text\]"):
        tokenizer.encode("A film")


def test_words_have_no_accents_and_no_capitals():
    assert words("Crème BRÛLÉE, s'il vous plaît") == (
        ["creme", "brulee", ",", "s", "'", "il", "vous", "plait"]
    )
