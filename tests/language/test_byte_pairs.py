"""Byte pairs: every text can be written and comes back, and as SmolLM2 cuts it."""

import os
import random
import time

import pytest

from tests.helpers import refused
from tlcourse.language.byte_pairs import BytePairs, _signs
from tlcourse.language.files import ModelNotAvailable, model_files
from tlcourse.language.gguf import GGUF

MERGES = ("h e", "Ġ t", "Ġt he", "r e", "e n", "a a", "aa aa", "1 2", "' s")
SPECIAL = ("<|end|>", "<|start|>")


@pytest.fixture(scope="module")
def small():
    """All bytes, some pairs, two special tokens: 267 tokens."""
    tokens = [*SPECIAL, *_signs(), *(pair.replace(" ", "") for pair in MERGES)]
    return BytePairs(tokens, MERGES, SPECIAL)


@pytest.fixture(scope="module")
def smollm():
    """The published model's own; its folder may be told, so that none is fetched."""
    try:
        folder = os.environ.get("TLCOURSE_GPT") or model_files("gpt")
    except ModelNotAvailable as problem:
        pytest.skip(str(problem))
    from tlcourse.language import gpt

    return gpt.read_tokenizer(GGUF(gpt.find_file(folder)))


def parts(tokenizer, text):
    return [tokenizer.decode([number]) for number in tokenizer.encode(text)]


TEXTS = {
    "accents": "Élève naïf, œuvre à Noël : déjà vu ?",
    "accents of their own": "e\u0301le\u0300ve",
    "emoji": "I ❤️ it 😀 👩‍👩‍👧",
    "Chinese": "我喜欢这部电影，五星",
    "Hindi and Arabic": "हिन्दी में किताब مرحبا ٣",
    "empty": "",
    "spaces": "   \n\n\t ",
    "punctuation": "...!?—«»''\"--__",
    "numbers": "In 1999, 3.5 stars or ½, ²Ⅷ",
    "code": "def f(x):\n    return x_1 # don't",
    "special": "<|start|>user\nHi<|end|>\n",
    "control characters": "\x00\x01\x7f\x85\x1c",
    "a byte-order mark": "\ufeffhello",
    "a very long word": "a" * 100_000,
    "a very long text": "the hen then, and 12 more; " * 10_000,
}


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_comes_back_as_it_was(small, what):
    numbers = small.encode(TEXTS[what])
    assert all(type(number) is int for number in numbers)
    assert small.decode(numbers) == TEXTS[what]


def test_any_text_comes_back(small):
    draw = random.Random(0)
    signs = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    for length in range(200):
        text = "".join(draw.choices(signs, k=length))
        assert small.decode(small.encode(text)) == text


def test_pairs_grow_together_the_most_frequent_first(small):
    assert parts(small, "the then") == ["t", "he", " the", "n"]  # not "th", "en"
    assert parts(small, "aaaaaaa") == ["aaaa", "aa", "a"]
    assert parts(small, "he's") == ["he", "'s"]


def test_each_digit_stands_by_itself(small):
    # "1 2" is a pair that would grow together.
    assert parts(small, "12 12") == ["1", "2", " ", "1", "2"]


def test_special_tokens_are_one_number(small):
    assert small.encode("<|start|>he<|end|>") == [1, small.numbers["he"], 0]
    assert small.encode("<|start |>")[0] != 1


def test_half_of_a_pair_of_surrogates_becomes_the_unreadable_sign(small):
    assert small.decode(small.encode("a\udc00b \ud83d")) == "a\ufffdb \ufffd"
    assert small.decode(small.encode("\ud83d\ude00")) == "😀"  # both halves


def test_half_a_character_is_decoded_as_the_unreadable_sign(small):
    assert small.decode(small.encode("😀")[:2]) == "\ufffd"


def test_bytes_without_a_token_are_left_out(small):
    fewer = BytePairs([t for t in small.tokens if t != _signs()[4]], MERGES, SPECIAL)
    assert fewer.decode(fewer.encode("a\x04b")) == "ab"


def test_what_is_no_text_and_no_token_is_refused(small):
    for wrong in (["a text"], None, b"bytes", 3):
        refused("encode takes one text, a str, and got", small.encode, wrong)
    refused("no token 267: numbers go from 0 to 266", small.decode, [5, 267])
    refused("no token -1", small.decode, [-1])


def test_long_texts_take_no_time(small):
    begun = time.perf_counter()
    small.encode("我喜欢这部电影" * 3000)  # no space, so one piece
    small.encode("he then " * 30_000)
    assert time.perf_counter() - begun < 5


# What the library `tokenizers` makes of the same vocabulary.
PUBLISHED = {
    "A lovely film": "49 17915 4771",
    "It's a 10/10, isn't it?": ("1589 506 253 216 33 32 31 33 32 28 3247 982 357 47"),
    "Élève naïf, déjà vu": (
        "39614 92 11180 307 15486 25972 86 28 32564 90 16739 386 101"
    ),
    "I ❤️ it 😀": "57 4636 247 114 31752 357 40303 218",
    "我喜欢这部电影": (
        "19805 235 176 240 246 177 122 112 48287 180 221 118 16821 130 30567 126"
    ),
    "": "",
    "...!?—«»": "2026 17 47 1265 39969 20306",
    "hello  5   x\n\n\ty  ": "28120 256 37 256 1792 1116 197 105 256",
    "½ Ⅷ ² 五": "16738 216 173 223 117 216 19133 216 16736 238",
    "__init__ x_1": "890 2563 890 1792 79 33",
    "e\u0301le\u0300ve": "85 151 219 290 151 218 307",
    "<|im_start|>user\nHi<|im_end|>\n": "1 4093 198 26843 2 198",
    "a\u0004b\u001dc": "81 82 83",
    "\u00a0hard\u3000space": "15442 11516 12109 218 11602",
}


@pytest.mark.parametrize("text", PUBLISHED)
def test_tokens_are_those_of_the_published_tokenizer(smollm, text):
    assert smollm.encode(text) == [int(n) for n in PUBLISHED[text].split()]
