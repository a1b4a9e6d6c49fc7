"""The one training loop that all bundled backbones share."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import time

import numpy as np

from tlcourse import backbones
from tlcourse.quiet import import_keras
from tlcourse.resources import cache_folder

keras = import_keras()

BATCH_SIZE = 128
LEARNING_RATE = 4e-3
SEED = 0


class Drawings(keras.utils.PyDataset):
    """Batches drawn on the fly, the same ones whenever training is resumed.

    ``draw(rng, n)`` gives images (n, h, w, 3) in 0-255 and their targets; an epoch has
    ``steps`` batches.
    """

    def __init__(self, draw, steps, seed=SEED):
        super().__init__(workers=1, max_queue_size=4)
        self.draw, self.steps, self.seed, self.epoch = draw, steps, seed, 0

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        rng = np.random.default_rng([self.seed, self.epoch, step])
        images, targets = self.draw(rng, BATCH_SIZE)
        return images / 127.5 - 1.0, targets


def pretrain(source, model, draw, loss, *, epochs, steps, metrics=()):
    """Train a model on `Drawings`, with a progress bar, and resume after a kill.

    ``source`` names the folder of checkpoints, one an epoch, which is removed once
    training is done. Gives the minutes of training in this process.
    """
    started = time.perf_counter()
    schedule = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE / 20,
        decay_steps=epochs * steps - steps,
        warmup_target=LEARNING_RATE,
        warmup_steps=steps,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-4)
    model.compile(optimizer, loss, metrics=list(metrics))
    drawings = Drawings(draw, steps)
    follow = keras.callbacks.LambdaCallback(
        # After a kill, Keras resumes at a later epoch: draw that one's pictures.
        on_epoch_begin=lambda epoch, logs: setattr(drawings, "epoch", epoch)
    )
    backup = keras.callbacks.BackupAndRestore(
        cache_folder("pretraining") / source, double_checkpoint=True
    )
    model.fit(drawings, epochs=epochs, callbacks=[backup, follow])
    return round((time.perf_counter() - started) / 60, 1)


def fresh_backbone():
    """MobileNet(0.25) for 64 px with random weights.

    Its BatchNorm averages over 10 batches, not over Keras's 100: in so short a
    training the slower average would lag behind the weights.
    """
    model = backbones.load("mobilenet", source=None, seed=SEED).model
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
    return model


def save(source, backbone, **card):
    """Write weights and card; a kill half-way leaves the former pair in place.

    The card gives task, drawings, epochs, minutes and score besides what all share.
    """
    weights, facts = backbones.bundled_files(source)
    weights.parent.mkdir(exist_ok=True)
    draft = weights.with_name("draft.weights.h5")
    backbone.save_weights(draft)
    card = {
        "source": source,
        "architecture": "MobileNet(alpha=0.25, input 64 px), no top",
        "parameters": backbone.count_params(),
        **card,
        "seed": SEED,
        "batch_size": BATCH_SIZE,
        "optimizer": f"AdamW, cosine from {LEARNING_RATE} after one warm-up epoch",
        "keras": keras.version(),
        "made": datetime.date.today().isoformat(),
        "licence": "Apache-2.0",
        "sha256": hashlib.sha256(draft.read_bytes()).hexdigest(),
    }
    os.replace(draft, weights)
    facts.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
