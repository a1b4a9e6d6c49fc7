"""Byte pairs: cut a text into the tokens of GPT-2 and of the models after it.

A text is turned into bytes. Then pairs of neighbours grow together, those first that
were most frequent in the texts the vocabulary was made from. So every text can be
written, in any script: frequent words are one token, rare ones several.
"""

from __future__ import annotations

import functools
import itertools
import re
import sys

# A word or punctuation takes the space before it along; "It's" gives "It" and "'s".
_PIECES = re.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+"
)


class BytePairs:
    """The tokens of a model, as its GGUF file stores them.

    Parameters
    ----------
    tokens : list of str
        The vocabulary; a token's place is its number. Each byte is written as one
        visible character: a space as Ġ.
    merges : list of str
        Pairs that grow together, "Ġt he", the first ones first.
    special : sequence of str
        Tokens that stand for no text, such as "<|im_end|>".

    Examples
    --------
    >>> model, tokenizer = gpt.load()
    >>> tokenizer.encode("A lovely film")
    [49, 17915, 4771]
    >>> tokenizer.decode([49, 17915, 4771])
    'A lovely film'

    References
    ----------
    Sennrich, Haddow & Birch (2016), Neural machine translation of rare words with
    subword units. Radford et al. (2019), Language models are unsupervised multitask
    learners.
    """

    def __init__(self, tokens, merges, special=()):
        self.tokens = list(tokens)
        self.numbers = {token: number for number, token in enumerate(self.tokens)}
        self.special = tuple(special)
        self._ranks = {tuple(pair.split(" ")): rank for rank, pair in enumerate(merges)}
        self._special = re.compile("|".join(map(re.escape, self.special)) or r"(?!)")
        # Most words of a text come again.
        self._piece_numbers = functools.lru_cache(2**15)(self._numbers_of)

    def encode(self, text):
        """Cut a text into tokens.

        Where the text holds a special token, "<|im_end|>", that token is meant. Half
        of a UTF-16 pair (a lone surrogate, from a text that was damaged) is read as
        the sign for an unreadable character, U+FFFD. A few control characters have no
        token in SmolLM2, and are left out.

        Parameters
        ----------
        text : str

        Returns
        -------
        list of int
            The tokens' numbers.
        """
        if not isinstance(text, str):
            raise ValueError(
                f"encode takes one text, a str, and got {type(text).__name__}: for "
                "several texts, call it for each."
            )
        # Through UTF-16: two halves that belong together become one character again.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        numbers, place = [], 0
        for found in self._special.finditer(text):
            numbers += self._plain(text[place : found.start()])
            numbers.append(self.numbers[found[0]])
            place = found.end()
        return numbers + self._plain(text[place:])

    def _plain(self, text):
        """Cut a text in which no special token stands."""
        numbers = []
        for part in _digits().split(text):  # each digit stands by itself
            for piece in [part] if part.isnumeric() else _PIECES.findall(part):
                numbers += self._piece_numbers(piece)
        return numbers

    def _numbers_of(self, piece):
        """Let the pairs of one piece grow together; return its tokens' numbers."""
        parts = [_signs()[byte] for byte in piece.encode()]
        while len(parts) > 1:
            pairs = set(itertools.pairwise(parts))
            best = min(pairs, key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if best not in self._ranks:
                break
            parts = _merged(parts, best)
        return [self.numbers[part] for part in parts if part in self.numbers]

    def decode(self, numbers):
        """Give the text of tokens.

        Parameters
        ----------
        numbers : sequence of int

        Returns
        -------
        str
            A character of which only some bytes are there gives U+FFFD.

        Raises
        ------
        ValueError
            If there is no token of such a number.
        """
        wrong = [n for n in numbers if not 0 <= n < len(self.tokens)]
        if wrong:
            raise ValueError(
                f"There is no token {wrong[0]}: numbers go from 0 to "
                f"{len(self.tokens) - 1}."
            )
        signs = "".join(self.tokens[number] for number in numbers)
        return bytes(_bytes()[sign] for sign in signs).decode(errors="replace")


def _merged(parts, pair):
    """Write a pair's two parts as one, wherever they stand side by side."""
    merged, place = [], 0
    while place < len(parts):
        together = tuple(parts[place : place + 2]) == pair
        merged.append("".join(pair) if together else parts[place])
        place += 2 if together else 1
    return merged


@functools.cache
def _signs():
    """Give each byte's visible character: its own where it has one; a list of 256."""
    own = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in own]
    return [
        chr(byte if byte in own else 256 + others.index(byte)) for byte in range(256)
    ]


@functools.cache
def _bytes():
    return {sign: byte for byte, sign in enumerate(_signs())}


@functools.cache
def _digits():
    """Give the pattern of one digit or other sign of a number (½, Ⅷ), in any script.

    Not \\d, which knows less of them; and no letter, though 五 is a number too.
    """
    signs = (chr(code) for code in range(sys.maxunicode + 1))
    found = (sign for sign in signs if sign.isnumeric() and not sign.isalpha())
    return re.compile(f"([{''.join(found)}])")
