"""Source `photos`: which part of which photograph is this?

The ten photographs are those that the target `photos` does not use.
"""

from __future__ import annotations

from tlcourse.datasets import photos
from tlcourse.pretraining import loop

EPOCHS, STEPS = 30, 100


def run():
    """Pre-train, then write the bundled weights and their card."""
    parts = photos.parts()
    loop.pretrain_classifier(
        "photos",
        parts,
        photos.crops,
        photos.crops,
        task=f"find the part, of {parts} parts of 10 photographs, that a crop shows",
        held_out="fresh crops of the same photographs",
        epochs=EPOCHS,
        steps=STEPS,
    )
