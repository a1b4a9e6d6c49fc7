"""Source `glyphs`: tell 450 letters and symbols apart, whatever pen drew them."""

from __future__ import annotations

from tlcourse.datasets import glyphs
from tlcourse.pretraining import loop

EPOCHS, STEPS = 40, 120


def run():
    """Pre-train, then write the bundled weights and their card."""
    classes = len(glyphs.alphabet()[0])

    def draw(rng, n, fonts="train"):
        labels = rng.integers(0, classes, n)
        return glyphs.draw(labels, rng, fonts), labels

    def draw_held_out(rng, n):
        return draw(rng, n, fonts="held_out")

    loop.pretrain_classifier(
        "glyphs",
        classes,
        draw,
        draw_held_out,
        task=f"tell {classes} letters and symbols apart (no digits)",
        held_out="drawings from held-out fonts",
        epochs=EPOCHS,
        steps=STEPS,
    )
