"""Sources whose pictures are told apart: glyphs, fractals, parts of photographs.

The photographs are the ten that the target `photos` does not use.
"""

from __future__ import annotations

from tlcourse.datasets import fractals, glyphs, photos
from tlcourse.pretraining.loop import (
    BATCH_SIZE,
    Drawings,
    fresh_backbone,
    keras,
    pretrain,
    save,
)

SYSTEMS = 300  # classes of fractals


def _glyph(rng, n, fonts="train"):
    labels = rng.integers(0, len(glyphs.alphabet()[0]), n)
    return glyphs.draw(labels, rng, fonts), labels


def _fractal(rng, n, variants=range(fractals.VARIANTS - 1)):
    labels = rng.integers(0, SYSTEMS, n)
    return fractals.draw(labels, rng, SYSTEMS, variants), labels


def run_glyphs():
    """Tell letters and symbols apart, whatever pen drew them."""
    classes = len(glyphs.alphabet()[0])
    _run(
        "glyphs",
        classes,
        _glyph,
        lambda rng, n: _glyph(rng, n, "held_out"),
        task=f"tell {classes} letters and symbols apart (no digits)",
        held_out="drawings from held-out fonts",
        epochs=40,
        steps=120,
    )


def run_fractals():
    """Tell iterated function systems apart."""
    _run(
        "fractals",
        SYSTEMS,
        _fractal,
        lambda rng, n: _fractal(rng, n, [fractals.VARIANTS - 1]),
        task=f"tell {SYSTEMS} iterated function systems apart",
        held_out="drawings of held-out versions of the systems",
        epochs=30,
        steps=100,
    )


def run_photos():
    """Tell which part of which photograph a picture shows."""
    parts = photos.parts()
    _run(
        "photos",
        parts,
        photos.crops,
        photos.crops,
        task=f"find the part, of {parts} parts of 10 photographs, that a crop shows",
        held_out="fresh crops of the same photographs",
        epochs=30,
        steps=100,
    )


def _run(source, classes, draw, draw_held_out, *, task, held_out, epochs, steps):
    """Train a backbone to tell drawings apart; write its weights and its card.

    ``draw`` and ``draw_held_out`` are as in `Drawings`, with labels as targets; the
    second serves the score alone. ``task`` and ``held_out`` are words for the card.
    """
    backbone = fresh_backbone()
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    model = keras.Model(backbone.input, keras.layers.Dense(classes)(pooled))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    minutes = pretrain(
        source, model, draw, loss, epochs=epochs, steps=steps, metrics=["accuracy"]
    )
    unseen = Drawings(draw_held_out, 40, seed=1)
    accuracy = model.evaluate(unseen, verbose=0, return_dict=True)["accuracy"]
    save(
        source,
        backbone,
        task=task,
        drawings=epochs * steps * BATCH_SIZE,
        epochs=epochs,
        minutes=minutes,
        score={f"accuracy on {held_out}": round(accuracy, 3)},
    )
