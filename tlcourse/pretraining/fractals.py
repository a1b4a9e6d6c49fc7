"""Source `fractals`: tell 300 iterated function systems apart."""

from __future__ import annotations

from tlcourse.datasets import fractals
from tlcourse.pretraining import loop

EPOCHS, STEPS, CLASSES = 30, 100, 300


def run():
    """Pre-train, then write the bundled weights and their card."""

    def draw(rng, n, variants=range(fractals.VARIANTS - 1)):
        labels = rng.integers(0, CLASSES, n)
        return fractals.draw(labels, rng, CLASSES, variants), labels

    def draw_held_out(rng, n):
        return draw(rng, n, variants=[fractals.VARIANTS - 1])

    loop.pretrain_classifier(
        "fractals",
        CLASSES,
        draw,
        draw_held_out,
        task=f"tell {CLASSES} iterated function systems apart",
        held_out="drawings of held-out versions of the systems",
        epochs=EPOCHS,
        steps=STEPS,
    )
