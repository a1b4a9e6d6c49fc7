"""The pre-training loop: resumed after a kill, and never a half-written weight file."""

import json
import signal
import time

import h5py
import numpy as np
import pytest

from tests.helpers import assert_same, started
from tlcourse import backbones
from tlcourse.datasets import fractals, glyphs, photos
from tlcourse.pretraining import imagenet_distilled, loop

TRAIN = """
import sys
from tlcourse.pretraining import loop
keras = loop.keras

def draw(rng, n):
    labels = rng.integers(0, 2, n)
    light = 100.0 * labels[:, None, None, None]
    return rng.uniform(0, 128, (n, 8, 8, 3)) + light, labels

keras.utils.set_random_seed(0)
model = keras.Sequential([
    keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)
])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
loop.pretrain("test", model, draw, loss, epochs=30, steps=40)
model.save_weights(sys.argv[1])
"""


def test_a_killed_training_goes_on_and_ends_as_if_it_had_not_been(tmp_path):

    def start(name):
        weights, cache = tmp_path / f"{name}.weights.h5", str(tmp_path / name)
        return started(TRAIN, weights, TLCOURSE_CACHE=cache, PYTHONUNBUFFERED="1")

    whole, killed = start("whole"), start("killed")
    checkpoint = tmp_path / "killed/pretraining/test/training_metadata.json"
    while not (checkpoint.exists() and _epoch(checkpoint) >= 3):
        assert killed.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    resumed = start("killed")
    assert "Epoch 1/30" in whole.communicate()[0] and whole.returncode == 0
    printed = resumed.communicate()[0]
    assert resumed.returncode == 0
    assert "Epoch 1/30" not in printed and "Epoch 30/30" in printed
    assert not checkpoint.exists()  # done: the next run starts afresh

    one, other = (tmp_path / f"{name}.weights.h5" for name in ("whole", "killed"))
    with h5py.File(one) as one, h5py.File(other) as other:
        for name in ("layers/dense/vars/0", "layers/dense/vars/1"):
            # Sums in another order differ in the last digits; an epoch left out or
            # drawn twice moves these weights by a hundredth.
            np.testing.assert_allclose(one[name][:], other[name][:], atol=1e-3)


def _epoch(path):
    try:
        return json.loads(path.read_text())["epoch"]
    except (OSError, ValueError, KeyError):
        return 0  # Keras is just writing it


def test_weights_and_card_are_written_together(tmp_path, monkeypatch):
    monkeypatch.setattr(backbones, "where", lambda kind: tmp_path)
    model = loop.fresh_backbone()
    loop.save("glyphs", model, task="none")
    names = {"mobilenet_glyphs.json", "mobilenet_glyphs.weights.h5"}
    assert {path.name for path in tmp_path.iterdir()} == names
    loaded = backbones.load("mobilenet", source="glyphs").model
    assert_same(model.get_weights(), loaded.get_weights())


DRAW = {
    "glyphs": lambda rng, n: glyphs.draw(rng.integers(0, 40, n), rng, None, 0x100),
    "fractals": lambda rng, n: fractals.draw(rng.integers(0, 5, n), rng, 5),
    "photos": lambda rng, n: photos.crops(rng, n)[0],
    "unlabelled": imagenet_distilled.unlabelled,  # of these three
}


@pytest.mark.parametrize("kind", DRAW)
def test_drawings_repeat_by_their_seed_and_differ_otherwise(kind):
    one, again, other = (DRAW[kind](np.random.default_rng(s), 40) for s in (0, 0, 1))
    assert one.shape == (40, 64, 64, 3) and one.dtype == np.float32
    assert one.min() >= 0 and one.max() <= 255 and one.std() > 10
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
