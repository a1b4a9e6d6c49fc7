"""The figure of the lesson, and what its cells find."""

import numpy as np

from tests.helpers import cells
from tlcourse.language import bert, texts
from tlcourse.lessons.bert.figures import attention

PIECES = ["start", "not", "good", "end"]
WEIGHTS = np.array(
    [[0.9, 0, 0, 0.1], [0, 0.2, 0.8, 0], [0.5, 0.3, 0.2, 0], [1, 0, 0, 0]]
)
FIGURES = {
    "attention": (
        lambda: attention(WEIGHTS, PIECES, title="A head"),
        "Attention among 4 pieces", "not from good 80%",
    )
}  # fmt: skip
REFUSED = []


def test_the_head_that_the_lesson_shows_takes_not_from_good():
    model, tokenizer = bert.load(length=48)
    sentence = "The film was not good at all."
    ids, pieces = tokenizer.encode([sentence], 48), tokenizer.tokens(sentence)
    weights = bert.attention_weights(model, ids, "block3")[0, 1]
    assert weights[1 + pieces.index("not"), 1 + pieces.index("good")] > 0.8


def test_hardly_a_text_is_cut():
    films = texts.load("film_reviews")
    _, tokenizer = bert.load(length=48)
    cut = np.mean([len(tokenizer.tokens(text)) > 46 for text in films.texts])
    assert cut < 0.05


def test_cells_are_short():
    for source in cells("bert")[1:]:
        assert len([line for line in source.splitlines() if line.strip()]) <= 15, source
