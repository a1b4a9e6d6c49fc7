"""What the lesson's prose counts."""

from tests.helpers import cells
from tests.lessons.gpt.answers import loaded
from tlcourse.lessons.gpt import checks

FIGURES, REFUSED = {}, []  # its figures are shared ones


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
