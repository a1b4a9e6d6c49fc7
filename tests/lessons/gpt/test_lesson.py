"""The lesson's widget, and what its prose counts."""

import functools

import numpy as np

from tests.helpers import cells
from tests.lessons.gpt.answers import loaded
from tlcourse import widgets
from tlcourse.lessons.gpt import checks
from tlcourse.widgets import try_text

FIGURES, REFUSED = {}, []  # its figures are shared ones


def praised(texts):
    return np.array(["joy" in text for text in texts]) * 0.8 + 0.1


MODELS = {"GPT, prompt": praised, "word counts": lambda texts: 1 - praised(texts)}


def shown():
    widgets.try_text(MODELS, "What a joy")._ipython_display_()


SHOW, FIRST = shown, ""
CONTROLS = "Your text (Enter)"
PICTURES = [
    functools.partial(try_text.draw, MODELS, text) for text in ("a joy", "no joy here")
]


def prose():
    return " ".join("\n".join(cells("gpt", "markdown")).split())


def test_the_counts_of_tokens_blocks_and_heads():
    model, tokenizer = loaded()
    assert len(tokenizer.tokens) == 49_152 and "49,152 tokens" in prose()
    assert len(model.blocks()) == 30 and "thirty blocks" in prose()
    assert model.blocks()[0].heads == 9 and "one of nine heads" in prose()
    assert model.output.shape[-1] == 576 and "576 numbers" in prose()
    for word in (" positive", " negative", " good", " bad", " sport", " politics"):
        assert len(tokenizer.encode(word)) == 1


def test_the_validation_of_the_check_is_that_of_the_lesson():
    assert len(checks._validation()) == 60 and "60 validation reviews" in prose()
    assert f"**{checks.LEAST_RIGHT:.2f}** or more" in prose()
    code = "\n".join(cells("gpt"))
    assert 'texts.split(rest[rest.kinds == "plain"], test=0.3, seed=0)' in code
    assert "texts.draw(val, 30, seed=0)" in code
