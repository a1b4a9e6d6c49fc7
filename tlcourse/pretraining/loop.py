"""The one training loop that all bundled backbones share."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import pathlib
import time

import numpy as np

from tlcourse import backbones
from tlcourse.quiet import import_keras

keras = import_keras()

BATCH_SIZE = 128
LEARNING_RATE = 4e-3


class Drawings(keras.utils.PyDataset):
    """Batches drawn on the fly, the same ones whenever training is resumed.

    Parameters
    ----------
    draw : callable
        ``draw(rng, n)`` gives images (n, h, w, 3) in 0-255 and their targets.
    steps : int
        Batches in an epoch.
    seed : int
    """

    def __init__(self, draw, steps, seed):
        super().__init__(workers=1, max_queue_size=4)
        self.draw, self.steps, self.seed, self.epoch = draw, steps, seed, 0

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        rng = np.random.default_rng([self.seed, self.epoch, step])
        images, targets = self.draw(rng, BATCH_SIZE)
        return images / 127.5 - 1.0, targets


def pretrain(source, model, draw, loss, *, epochs, steps, metrics=(), seed=0):
    """Train a model on drawings, with a progress bar, and resume after a kill.

    Parameters
    ----------
    source : str
        Names the folder of checkpoints, which is removed once training is done.
    model : keras.Model
        A bundled backbone with a head on top.
    draw : callable
        See `Drawings`.
    loss : keras.losses.Loss or list of them
    epochs, steps : int
        An epoch is ``steps`` batches; a checkpoint is written after each.

    Returns
    -------
    float
        Minutes of training in this process.
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
    drawings = Drawings(draw, steps, seed)
    follow = keras.callbacks.LambdaCallback(
        # After a kill, Keras resumes at a later epoch: draw that one's pictures.
        on_epoch_begin=lambda epoch, logs: setattr(drawings, "epoch", epoch)
    )
    backup = keras.callbacks.BackupAndRestore(
        checkpoint_folder(source), double_checkpoint=True
    )
    model.fit(drawings, epochs=epochs, callbacks=[backup, follow])
    return (time.perf_counter() - started) / 60


def checkpoint_folder(source):
    """Where checkpoints lie while a source is being pre-trained."""
    home = os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")
    return pathlib.Path(home) / "tlcourse" / "pretraining" / source


def fresh_backbone(seed):
    """MobileNet(0.25) for 64 px with random weights.

    Its BatchNorm averages over 10 batches, not over Keras's 100: in so short a
    training the slower average would lag behind the weights.
    """
    model = backbones.load("mobilenet", source=None, seed=seed).model
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
    return model


def pretrain_classifier(
    source, classes, draw, draw_held_out, *, task, held_out, epochs, steps, seed=0
):
    """Train a backbone to tell drawings apart; write its weights and its card.

    Parameters
    ----------
    source : str
    classes : int
    draw, draw_held_out : callable
        See `Drawings`; targets are labels. The second serves the score alone.
    task, held_out : str
        What is learnt, and on what it is scored; words for the card.
    epochs, steps, seed : int
    """
    backbone = fresh_backbone(seed)
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    model = keras.Model(backbone.input, keras.layers.Dense(classes)(pooled))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    minutes = pretrain(
        source, model, draw, loss, epochs=epochs, steps=steps,
        metrics=["accuracy"], seed=seed,
    )  # fmt: skip
    unseen = Drawings(draw_held_out, 40, seed + 1)
    score = model.evaluate(unseen, verbose=0, return_dict=True)["accuracy"]
    card = {
        "task": task,
        "drawings": epochs * steps * BATCH_SIZE,
        "epochs": epochs,
        "minutes": round(minutes, 1),
        "seed": seed,
        "score": {f"accuracy on {held_out}": round(score, 3)},
    }
    save(source, backbone, card)


def save(source, backbone, card):
    """Write weights and card; a kill half-way leaves the former pair in place."""
    weights, facts = backbones.bundled_files(source)
    weights.parent.mkdir(exist_ok=True)
    draft = weights.with_name("draft.weights.h5")
    backbone.save_weights(draft)
    card = {
        "source": source,
        "architecture": "MobileNet(alpha=0.25, input 64 px), no top",
        "parameters": backbone.count_params(),
        **card,
        "batch_size": BATCH_SIZE,
        "optimizer": f"AdamW, cosine from {LEARNING_RATE} after one warm-up epoch",
        "keras": keras.version(),
        "made": datetime.date.today().isoformat(),
        "licence": "Apache-2.0",
        "sha256": hashlib.sha256(draft.read_bytes()).hexdigest(),
    }
    os.replace(draft, weights)
    facts.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
