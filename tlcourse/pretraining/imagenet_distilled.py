"""Source `imagenet_distilled`: a small student of Keras's ImageNet MobileNet.

The student sees pictures without labels (parts of the source photographs,
fractals, glyphs and mixtures of them; none of any target) and learns to give
the same features, at three depths, as the teacher gives at twice the size.

References
----------
Hinton, Vinyals & Dean (2015), Distilling the Knowledge in a Neural Network.
Romero et al. (2015), FitNets: Hints for Thin Deep Nets.
"""

from __future__ import annotations

import keras
import numpy as np

from tlcourse.datasets import fractals, glyphs, photos
from tlcourse.datasets.drawing import drawn_once
from tlcourse.pretraining import loop
from tlcourse.progress import progress

EPOCHS, STEPS = 30, 300
PICTURES = 48_000  # drawn once; the teacher's answers are kept with them
DEPTHS = ("conv_pw_5_relu", "conv_pw_11_relu", "conv_pw_13_relu")
_SYSTEMS = 300  # of fractals
_CHUNK = 480  # pictures drawn between two steps of the progress bar


def unlabelled(rng, n):
    """Draw photographs' parts, fractals and glyphs, half of them mixed.

    Gives float32 (n, 64, 64, 3) in 0-255.
    """
    n_photos, n_fractals = n * 6 // 10, n * 3 // 10
    n_glyphs = n - n_photos - n_fractals
    characters = rng.integers(0, len(glyphs.alphabet()[0]), n_glyphs)
    systems = rng.integers(0, _SYSTEMS, n_fractals)
    images = np.concatenate([
        photos.crops(rng, n_photos)[0],
        fractals.draw(systems, rng, _SYSTEMS),
        glyphs.draw(characters, rng),
    ])  # fmt: skip
    images = images[rng.permutation(n)]
    # A strip of another picture, or a ghost of it, makes scenes that none shows.
    other = images[rng.permutation(n)]
    across = np.linspace(0, 1, images.shape[2], dtype="float32")
    edge = rng.uniform(0, 1, (n, 1)) < across
    blend = np.where(rng.random((n, 1)) < 0.5, edge, rng.uniform(0, 0.5, (n, 1)))
    blend[rng.random(n) < 0.5] = 0
    images += (other - images) * blend[:, None, :, None].astype("float32")
    no_colour = rng.random(n) < 0.5
    images[no_colour] = photos.grey(images[no_colour])
    return images


def _teacher():
    """ImageNet's MobileNet at 128 px, pooled to the student's grid at 3 depths."""
    model = keras.applications.MobileNet(
        alpha=0.25, input_shape=(128, 128, 3), include_top=False, weights="imagenet"
    )
    enlarge = keras.layers.Resizing(128, 128)
    maps = keras.Model(model.input, [model.get_layer(d).output for d in DEPTHS])
    small = keras.Input((64, 64, 3))
    pooled = [keras.layers.AveragePooling2D(2)(m) for m in maps(enlarge(small))]
    return keras.Model(small, pooled)


def _lesson():
    """Draw the pictures, uint8 (PICTURES, 64, 64, 3), and ask the teacher.

    Gives a dict of the "images" and of the teacher's features at each depth, float16.
    """
    teacher, parts = _teacher(), []
    for start in progress(range(0, PICTURES, _CHUNK), "Asking the teacher"):
        batch = unlabelled(np.random.default_rng([loop.SEED, start]), _CHUNK)
        batch = batch.clip(0, 255).astype("uint8")
        features = teacher.predict(batch / 127.5 - 1.0, batch_size=96, verbose=0)
        parts.append((batch, *(each.astype("float16") for each in features)))
    arrays = map(np.concatenate, zip(*parts, strict=True))
    return dict(zip(("images", *DEPTHS), arrays, strict=True))


def run():
    """Pre-train, then write the bundled weights and their card."""
    # Kept, so that training goes on after a kill without the teacher.
    lesson = drawn_once("imagenet_distilled", f"{PICTURES}-{loop.SEED}", _lesson)
    images, answers = lesson["images"], [lesson[depth] for depth in DEPTHS]
    spread = [a[:4800].astype("float32").std((0, 1, 2)) + 0.05 for a in answers]

    def draw(rng, n):
        chosen = rng.integers(0, PICTURES - _CHUNK, n)
        return images[chosen], tuple(
            at_depth[chosen] / each
            for at_depth, each in zip(answers, spread, strict=True)
        )

    backbone = loop.fresh_backbone()
    outputs = [
        keras.layers.Rescaling(1 / each)(backbone.get_layer(depth).output)
        for depth, each in zip(DEPTHS, spread, strict=True)
    ]
    student = keras.Model(backbone.input, outputs)
    losses = ["mse"] * len(DEPTHS)
    minutes = loop.pretrain(
        "imagenet_distilled", student, draw, losses, epochs=EPOCHS, steps=STEPS
    )
    unseen = images[-_CHUNK:] / 127.5 - 1.0
    features = backbone.predict(unseen, verbose=0)
    wanted = answers[-1][-_CHUNK:].astype("float32")
    error = ((features - wanted) ** 2).mean() / ((wanted - wanted.mean(0)) ** 2).mean()
    loop.save(
        "imagenet_distilled",
        backbone,
        task="give the features of ImageNet's MobileNet(0.25, 128 px) at 64 px",
        drawings=PICTURES,
        epochs=EPOCHS,
        minutes=minutes,
        score={"variance explained on held-out pictures": round(1 - float(error), 3)},
    )
