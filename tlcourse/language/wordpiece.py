"""WordPiece: how BERT cuts a text into pieces that its vocabulary knows."""

from __future__ import annotations

import unicodedata

import numpy as np

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
_LONGEST = 100  # letters of a word


class WordPiece:
    """Cuts texts into word pieces, and these into numbers.

    Capitals and accents are dropped, as for the published models called *uncased*.

    Parameters
    ----------
    vocabulary : path
        A text file, one piece in each line; its number is that of the line, from 0.

    References
    ----------
    Devlin et al. (2019), BERT. Schuster & Nakajima (2012), Japanese and Korean voice
    search.
    """

    def __init__(self, vocabulary):
        with open(vocabulary, encoding="utf-8") as lines:
            self.pieces = [line.rstrip("\n") for line in lines]
        self.number = {piece: place for place, piece in enumerate(self.pieces)}

    def tokens(self, text):
        """Cut a text into pieces, ``##`` before those inside a word; a list of str."""
        return [piece for word in words(text) for piece in self._cut(word)]

    def _cut(self, word):
        """Take the longest known piece from the left, again and again."""
        pieces, start = [], 0
        while start < len(word) <= _LONGEST:
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.number:
                    break
            else:
                return [UNKNOWN]
            pieces.append(piece)
            start = end
        return pieces or [UNKNOWN]

    def encode(self, texts, length=64):
        """Number the pieces of texts, between a start and an end.

        Parameters
        ----------
        texts : sequence of str
        length : int
            Pieces per text: longer texts are cut, shorter ones padded with 0.

        Returns
        -------
        ndarray, int32, (n, length)
        """
        if isinstance(texts, str):
            raise ValueError("Give a list of texts: [text] if there is only one.")
        ids = np.full((len(texts), length), self.number[PAD], "int32")
        for row, text in zip(ids, texts, strict=True):
            pieces = [START, *self.tokens(text)[: length - 2], END]
            row[: len(pieces)] = [self.number[piece] for piece in pieces]
        return ids


def words(text):
    """Split a text at spaces and signs; small letters without accents. List of str."""
    clean = "".join(map(_cleaned, text))
    plain = unicodedata.normalize("NFD", clean.lower())
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Mn")
    return "".join(f" {c} " if _alone(c) else c for c in plain).split()


def _cleaned(sign):
    """A space for each white sign, and nothing for signs that nobody sees."""
    if sign.isspace():
        return " "
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cn", "Co", "Cs")
    return "" if hidden or sign == "\ufffd" else sign


def _alone(sign):
    """Whether a sign is a word of its own: punctuation, or Chinese."""
    ascii_sign = sign.isascii() and not sign.isalnum() and sign.isprintable()
    punctuation = unicodedata.category(sign).startswith("P") or ascii_sign
    return (punctuation and sign != " ") or _chinese(ord(sign))


def _chinese(code):
    return (
        0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x2CEAF or 0x2F800 <= code <= 0x2FA1F
    )  # fmt: skip
