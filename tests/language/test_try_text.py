"""Type a text: what each model says, and which words make it say so."""

import numpy as np
import pytest

from tlcourse.widgets.try_text import draw, effects, try_text


def likes_good(texts):
    return np.array([0.9 if "good" in text.split() else 0.2 for text in texts])


def never(texts):
    return np.full(len(texts), 0.1)


MODELS = {"likes good": likes_good, "never": never}


def test_a_word_counts_by_what_changes_without_it():
    words, answer, change = effects(likes_good, "a good film")
    assert words == ["a", "good", "film"] and answer == 0.9
    np.testing.assert_allclose(change, [0, 0.7, 0])
    _, _, twice = effects(likes_good, "good good")
    np.testing.assert_allclose(twice, 0)  # the other one is still there


def test_a_new_text_is_drawn_and_an_empty_one_refused_in_a_sentence():
    shown = try_text(MODELS, "a good film")
    shown.show()
    assert "likes good: positive with 90%, most by good +0.70" in shown.picture.alt
    shown.controls["text"].value = "a bad film"
    assert "likes good: positive with 20%" in shown.picture.alt
    old = shown.picture
    for bad, words in [("  ", "there is no text"), ("word " * 41, "1 to 40 words")]:
        shown.controls["text"].value = bad
        assert words in shown.message.value and shown.picture is old


def test_without_a_word_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="write a sentence"):
        draw(MODELS, "")
