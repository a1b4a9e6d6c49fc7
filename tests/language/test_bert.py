"""BERT in Keras: equal to the published one, blind to padding; LoRA."""

import numpy as np
import pytest
from scipy.special import erf

from tests.helpers import python
from tlcourse.language import bert, files, safetensors

TEXTS = [
    "A film to remember.",
    "Never once was I bored, and that says something about a three-hour war film!",
    "",
    "Café déjà vu 好 and a very long line, " * 20,
]


@pytest.fixture(scope="module")
def loaded():
    return bert.load()


def by_numpy(arrays, row):
    """The published model for one text without padding, in float64."""

    def number(name):
        return np.float64(arrays[name])

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * number(f"{name}.weight") + number(f"{name}.bias")

    def dense(x, name):
        return x @ number(f"{name}.weight").T + number(f"{name}.bias")

    x = number("embeddings.word_embeddings.weight")[row]
    x = x + number("embeddings.position_embeddings.weight")[: len(row)]
    x = norm(x + number("embeddings.token_type_embeddings.weight")[0],
             "embeddings.LayerNorm")  # fmt: skip
    for place in range(6):
        own = f"encoder.layer.{place}"
        query, key, value = (
            dense(x, f"{own}.attention.self.{name}").reshape(len(row), 12, 32)
            for name in ("query", "key", "value")
        )
        fit = np.exp(np.einsum("qhs,khs->hqk", query, key) / np.sqrt(32))
        fit /= fit.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khs->qhs", fit, value).reshape(len(row), 384)
        x = norm(x + dense(mixed, f"{own}.attention.output.dense"),
                 f"{own}.attention.output.LayerNorm")  # fmt: skip
        inside = dense(x, f"{own}.intermediate.dense")
        inside = inside * (1 + erf(inside / np.sqrt(2))) / 2
        x = norm(x + dense(inside, f"{own}.output.dense"), f"{own}.output.LayerNorm")
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_it_gives_what_the_published_model_gives(loaded):
    model, tokenizer = loaded
    ids = tokenizer.encode(TEXTS)
    folder = files.model_files("bert")
    arrays = safetensors.read_safetensors(folder / "model.safetensors")
    right = [by_numpy(arrays, row[row > 0]) for row in ids]
    np.testing.assert_allclose(model.predict(ids, verbose=0), right, atol=1e-5)


def test_padding_changes_nothing(loaded):
    model, tokenizer = loaded
    shorter, _ = bert.load(length=24)
    a = model.predict(tokenizer.encode(TEXTS[:3]), verbose=0)
    b = shorter.predict(tokenizer.encode(TEXTS[:3], 24), verbose=0)
    np.testing.assert_allclose(a, b, atol=1e-6)
    weights = bert.attention_weights(model, tokenizer.encode(TEXTS[:1]), "block2")
    assert weights.shape == (1, 12, 64, 64)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert weights[0, :, :, 7:].max() == 0  # five words, start and end


BANKS = [
    "We sat on the bank of the river.",
    "Trees grow on the muddy bank of the stream.",
    "The boat reached the bank of the lake.",
    "The bank lent me some money.",
    "He opened an account at the bank.",
    "The bank raised its interest rates.",
]


def test_blocks_tell_the_senses_of_a_word_apart(loaded):
    model, tokenizer = loaded
    ids, sense = tokenizer.encode(BANKS), np.arange(6) // 3
    same = (sense[:, None] == sense) & ~np.eye(6, dtype=bool)
    gaps = {}
    for block in ("block1", "block6"):
        vectors = bert.word_vectors(model, ids, block)[ids == tokenizer.number["bank"]]
        assert vectors.shape == (6, 384)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        alike = vectors @ vectors.T
        gaps[block] = alike[same].mean() - alike[sense[:, None] != sense].mean()
    assert 0 < gaps["block1"] < 0.1 < gaps["block6"]


def test_lora_begins_as_the_frozen_model_and_trains_alone(loaded):
    model, tokenizer = loaded
    ids = tokenizer.encode(TEXTS)
    tuned, _ = bert.load(rank=8)
    bert.train_lora_alone(tuned)
    np.testing.assert_array_equal(
        model.predict(ids, verbose=0), tuned.predict(ids, verbose=0)
    )
    trained = tuned.trainable_variables
    assert sum(np.prod(x.shape) for x in trained) == 6 * 2 * 2 * 384 * 8
    before = [x.numpy() for x in tuned.variables]
    tuned.compile("adam", "mse")
    wanted = model.predict(ids, verbose=0)[::-1]  # another text's sentence
    tuned.fit(ids, wanted, epochs=3, verbose=0)
    moved = [
        x.path
        for x, old in zip(tuned.variables, before, strict=True)
        if (x.numpy() != old).any()
    ]
    assert sorted(moved) == sorted(x.path for x in trained)


def test_lora_is_what_keras_does(loaded):
    """Keras's own Dense.enable_lora, with the same numbers, gives the same."""
    model, tokenizer = loaded
    ids = tokenizer.encode(TEXTS[:2])
    ours, _ = bert.load(rank=4)
    theirs, _ = bert.load()
    rng = np.random.default_rng(0)
    for number in range(1, 7):
        attention = ours.get_layer(f"block{number}").attention
        other = theirs.get_layer(f"block{number}").attention
        for lora, dense in zip(attention.lora, (other.query, other.value), strict=True):
            down, up = rng.normal(0, 0.1, (384, 4)), rng.normal(0, 0.1, (4, 384))
            lora.set_weights([down, up])
            dense.enable_lora(4)
            dense.lora_kernel_a.assign(down)
            dense.lora_kernel_b.assign(up)
    a, b = (each.predict(ids, verbose=0) for each in (ours, theirs))
    assert np.abs(a - model.predict(ids, verbose=0)).max() > 0.01
    np.testing.assert_allclose(a, b, atol=1e-5)


OPENED = """
import sys, numpy as np
from tlcourse.language import bert
model = bert.keras.saving.load_model(sys.argv[1])
print(model.predict(np.load(sys.argv[2]), verbose=0)[:, :4].tolist())
"""


def test_a_saved_encoder_opens_in_a_fresh_process(loaded, tmp_path):
    model, tokenizer = loaded
    ids = tokenizer.encode(TEXTS)
    model.save(tmp_path / "a.keras")
    np.save(tmp_path / "ids.npy", ids)
    done = python(OPENED, tmp_path / "a.keras", tmp_path / "ids.npy")
    assert done.returncode == 0, done.stderr[-2000:]
    here = model.predict(ids, verbose=0)[:, :4]
    np.testing.assert_allclose(eval(done.stdout), here, atol=1e-6)


@pytest.mark.parametrize("length", [2, 513])
def test_lengths_that_cannot_be(length):
    with pytest.raises(ValueError, match="from 3 to 512"):
        bert.encoder(length)
