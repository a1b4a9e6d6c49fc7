"""GPT: its file, its arithmetic against NumPy's, and what it says comes next."""

import os
import random
import struct

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import refused
from tlcourse.language import gpt
from tlcourse.language.byte_pairs import _signs
from tlcourse.language.files import ModelNotAvailable, model_files
from tlcourse.language.gguf import GGUF

TEXTS = ["A lovely film.", "I slept through all of it, and then some more.", "Why?"]
WIDTH, HEADS, GROUPS, INNER, BASE = 32, 4, 2, 64, 100.0
ABOUT = {
    "llama.block_count": 3,
    "llama.embedding_length": WIDTH,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": GROUPS,
    "llama.feed_forward_length": INNER,
    "llama.vocab_size": 260,
    "llama.rope.freq_base": BASE,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "tokenizer.ggml.tokens": [*gpt.STOPS, *_signs(), "he", "Ġt"],
    "tokenizer.ggml.merges": ["h e", "Ġ t"],
    "tokenizer.ggml.token_type": [3, 3, *[1] * 258],
}
KINDS = {"F32": 0, "Q4_1": 3, "Q8_0": 8}


def text(words):
    return struct.pack("<Q", len(words.encode())) + words.encode()


def value(of):
    """What a GGUF file says of one entry: its kind, then itself."""
    if isinstance(of, str):
        return struct.pack("<I", 8) + text(of)
    if isinstance(of, list):
        kind = 8 if isinstance(of[0], str) else 5
        each = [text(one) if kind == 8 else struct.pack("<i", one) for one in of]
        return struct.pack("<IIQ", 9, kind, len(of)) + b"".join(each)
    return struct.pack("<I", 6 if isinstance(of, float) else 4) + struct.pack(
        "<f" if isinstance(of, float) else "<I", of
    )


def stored(weights, kind):
    """Weights as a file holds them, and as they are read again."""
    if kind == "F32":
        return weights.astype("<f4").tobytes(), weights
    groups = weights.reshape(-1, 32)
    if kind == "Q8_0":
        scale = (np.abs(groups).max(1, keepdims=True) / 127).astype("<f2")
        whole = np.clip(np.round(groups / scale), -127, 127).astype("i1")
        raw = [scale.view("u1"), whole.view("u1")]
        again = whole * scale.astype("f4")
    else:
        low = groups.min(1, keepdims=True).astype("<f2")
        scale = ((groups.max(1, keepdims=True) - low) / 15).astype("<f2")
        whole = np.clip(np.round((groups - low) / scale), 0, 15).astype("u1")
        pairs = whole[:, :16] | whole[:, 16:] << 4
        raw = [scale.view("u1"), low.view("u1"), pairs]
        again = whole * scale.astype("f4") + low.astype("f4")
    return np.concatenate(raw, 1).tobytes(), again.reshape(weights.shape)


def write_gguf(path, about, tensors):
    """Write a file, tensors given as name: (array, kind); what should be read again."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(about))
    head += b"".join(text(name) + value(of) for name, of in about.items())
    body, read = b"", {}
    for name, (weights, kind) in tensors.items():
        raw, read[name] = stored(weights, kind)
        head += text(name) + struct.pack("<I", weights.ndim)
        head += struct.pack(f"<{weights.ndim}Q", *weights.shape[::-1])
        head += struct.pack("<IQ", KINDS[kind], len(body))
        body += raw + bytes(-len(raw) % 32)
    path.write_bytes(head + bytes(-len(head) % 32) + body)
    return read


def tensors():
    """Random weights of a small model, by the file's names: (array, kind)."""
    draw = np.random.default_rng(0)

    def some(*shape):
        return draw.normal(0, shape[-1] ** -0.5, shape).astype("float32")

    found = {
        "token_embd.weight": (some(260, WIDTH) * 4, "Q8_0"),
        "output_norm.weight": (1 + some(WIDTH), "F32"),
    }
    shared = GROUPS * WIDTH // HEADS
    shapes = {
        "attn_q": (WIDTH, WIDTH), "attn_k": (shared, WIDTH), "attn_v": (shared, WIDTH),
        "attn_output": (WIDTH, WIDTH), "ffn_gate": (INNER, WIDTH),
        "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER),
    }  # fmt: skip
    for block in range(3):
        for name, shape in shapes.items():
            found[f"blk.{block}.{name}.weight"] = (2 * some(*shape), "Q4_1")
        for name in ("attn_norm", "ffn_norm"):
            found[f"blk.{block}.{name}.weight"] = (1 + some(WIDTH), "F32")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("gpt")
    write_gguf(path / "small.gguf", ABOUT, tensors())
    return path


@pytest.fixture(scope="module")
def small(folder):
    """A model of three blocks with random weights, and its tokenizer."""
    return gpt.load(folder)


@pytest.fixture(scope="module")
def smollm():
    """The published model; its folder may be told, so that none is fetched."""
    try:
        return gpt.load(os.environ.get("TLCOURSE_GPT") or model_files("gpt"))
    except ModelNotAvailable as problem:
        pytest.skip(str(problem))


# -- The file -------------------------------------------------------------------------


def test_a_file_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "some.gguf"
    draw = np.random.default_rng(1)
    kinds = ("F32", "Q4_1", "Q8_0")
    # More rows than are worked out at a time.
    made = {kind: (draw.normal(size=(5000, 64)).astype("f4"), kind) for kind in kinds}
    read = write_gguf(path, ABOUT, made)
    file = GGUF(path)
    assert file.metadata.pop("llama.attention.layer_norm_rms_epsilon") == (
        pytest.approx(1e-5)  # in four bytes
    )
    assert file.metadata.items() <= ABOUT.items() and len(file.metadata) == 10
    assert file.shapes == dict.fromkeys(kinds, (5000, 64))
    for kind in kinds:
        np.testing.assert_allclose(file.tensor(kind), read[kind], rtol=0, atol=1e-6)
        half = file.tensor(kind, np.float16)
        assert half.dtype == np.float16
        np.testing.assert_allclose(half, read[kind], rtol=1e-3, atol=1e-6)
    refused("has no tensor 'Q5'. It has: F32, Q4_1, Q8_0", file.tensor, "Q5")


def test_a_file_that_ends_anywhere_is_refused(folder, tmp_path):
    whole = (folder / "small.gguf").read_bytes()
    for end in [*range(0, 3000, 7), len(whole) // 2, len(whole) - 40]:
        (tmp_path / "cut.gguf").write_bytes(whole[:end])
        refused("damaged one .* fetch it again", GGUF, tmp_path / "cut.gguf")


def test_a_damaged_head_is_refused_or_read_but_never_breaks(folder, tmp_path):
    whole, draw = (folder / "small.gguf").read_bytes(), random.Random(0)
    refusals = 0
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(5):
            damaged[draw.randrange(8000)] = draw.randrange(256)
        (tmp_path / "damaged.gguf").write_bytes(damaged)
        try:
            GGUF(tmp_path / "damaged.gguf")
        except ValueError:
            refusals += 1
    assert refusals > 100


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.gguf"
    path.write_bytes(b"<html>Please log in</html>" * 10)
    refused("does not begin with GGUF", GGUF, path)
    write_gguf(path, {"general.architecture": "whisper"}, tensors())
    refused("another model's file: it has no 'llama.block_count'", gpt.load, tmp_path)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="no GGUF file in the folder"):
        gpt.load(tmp_path)


# -- The network ----------------------------------------------------------------------


def norm(x, gain):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gain


def turned(vector, place, base):
    """Two numbers are one complex number; to turn it is to multiply."""
    pairs = vector[0::2] + 1j * vector[1::2]
    speeds = base ** (-np.arange(len(pairs)) / len(pairs))
    pairs = pairs * np.exp(1j * place * speeds)
    return np.stack([pairs.real, pairs.imag], 1).reshape(-1)


def block_by_numpy(x, file, number, heads, groups, base):
    """One block for one text (length, width), a token and a head at a time."""
    weights = {
        name: file.tensor(f"blk.{number}.{name}.weight", np.float16).astype("f4")
        for name in gpt.NAMES.values()
    }
    gains = [file.tensor(f"blk.{number}.{n}_norm.weight") for n in ("attn", "ffn")]
    size = x.shape[1] // heads
    h = norm(x, gains[0])
    queries, keys, values = (h @ weights[f"attn_{which}"].T for which in "qkv")
    attended = np.zeros_like(x)
    for head in range(heads):
        mine = slice(head * size, (head + 1) * size)
        group = head // (heads // groups)
        shared = slice(group * size, (group + 1) * size)
        looked_at = [turned(key[shared], place, base) for place, key in enumerate(keys)]
        for place in range(len(x)):
            query = turned(queries[place, mine], place, base)
            scores = np.array(looked_at[: place + 1]) @ query / np.sqrt(size)
            chances = np.exp(scores - scores.max())
            seen = chances / chances.sum() @ values[: place + 1, shared]
            attended[place, mine] = seen
    x = x + attended @ weights["attn_output"].T
    h = norm(x, gains[1])
    gate = h @ weights["ffn_gate"].T
    inner = gate / (1 + np.exp(-gate)) * (h @ weights["ffn_up"].T)
    return x + inner @ weights["ffn_down"].T


def test_a_block_gives_what_numpy_gives(small, folder):
    x = np.random.default_rng(2).normal(size=(9, WIDTH)).astype("f4")
    ours = small[0].get_layer("block2")(x[None])[0]
    file = GGUF(folder / "small.gguf")
    theirs = block_by_numpy(x, file, 1, HEADS, GROUPS, BASE)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)


def test_the_first_block_of_the_published_model_gives_what_numpy_gives(smollm):
    model, tokenizer = smollm
    ids = np.array([tokenizer.encode(TEXTS[1])])
    x = model.get_layer("tokens")(ids)
    ours = model.get_layer("block1")(x)[0]
    file = GGUF(gpt.find_file(os.environ.get("TLCOURSE_GPT") or model_files("gpt")))
    theirs = block_by_numpy(np.array(x[0]), file, 0, 9, 3, 100_000.0)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize("which", ["small", "smollm"])
def test_the_cache_gives_what_the_whole_pass_gives(which, request):
    model, tokenizer = request.getfixturevalue(which)
    ids = tokenizer.encode(TEXTS[1])
    x = model(np.array([ids]))
    whole = keras.ops.log_softmax(model.get_layer("tokens").scores(x[0]))
    past, one_by_one = model.nothing(), []
    for some in [ids[:4], *([token] for token in ids[4:])]:
        _, lasts, new = model.read([some], [len(some)], past)
        past = np.concatenate([past, new], axis=3)
        one_by_one.append(model.next_scores(lasts[-1])[0])
    np.testing.assert_allclose(one_by_one, whole[3:], rtol=0, atol=1e-3)
    assert past.shape[3] == len(ids)


def test_later_tokens_change_nothing_before(small):
    model, _ = small
    ids = np.random.default_rng(3).integers(0, 260, (1, 20))
    before = np.array(model(ids))
    ids[:, 12:] = 7
    after = np.array(model(ids))
    np.testing.assert_allclose(after[:, :12], before[:, :12], rtol=0, atol=1e-5)
    assert np.abs(after[:, 12:] - before[:, 12:]).max() > 0.1


@pytest.mark.parametrize("begin", ["otherwise", "the same"])
@pytest.mark.parametrize("which", ["small", "smollm"])
def test_padding_and_neighbours_change_nothing(which, begin, request):
    model, tokenizer = request.getfixturevalue(which)
    texts = [*TEXTS, "he " * 40]
    if begin == "the same":
        texts = ["Good or bad? Both. " * 4 + one for one in texts]
    last = len(model.blocks())
    for pool in ("mean", "last"):
        together = gpt.hidden(model, tokenizer, texts, [1, last], pool)
        for number, one in enumerate(texts):
            ids = np.array([tokenizer.encode(one)])
            for block in (1, last):
                layer = model.get_layer(f"block{block}").output
                x = keras.Model(model.input, layer)(ids)[0]  # no padding, no batch
                alone = np.mean(x, axis=0) if pool == "mean" else x[-1]
                close = {"rtol": 1e-4, "atol": 1e-3}
                np.testing.assert_allclose(together[block][number], alone, **close)


def test_a_weight_is_widened_only_when_its_input_is_there(small):
    model, _ = small
    traced = tf.function(lambda ids: model(ids)).get_concrete_function(
        tf.TensorSpec((1, 16), tf.int32)
    )
    casts = [
        operation
        for operation in traced.graph.get_operations()
        if operation.type == "Cast" and operation.inputs[0].dtype == tf.float16
    ]
    # Both the weight is read and widened then. The one more: the tokens' own vectors.
    waits = [cast for cast in casts if cast.inputs[0].op.control_inputs]
    assert len(waits) == 3 * 7 and len(casts) == len(waits) + 1


def test_weights_are_kept_in_half(small):
    kept = {weight.dtype for weight in small[0].weights if len(weight.shape) == 2}
    assert kept == {"float16"} and not small[0].trainable_weights


def test_one_graph_serves_all_lengths(small):
    model, tokenizer = small
    gpt.hidden(model, tokenizer, TEXTS, [1])
    gpt.generate(model, tokenizer, "he", words=3)
    gpt.hidden(model, tokenizer, ["long " * 50], [2])
    assert model.read.experimental_get_tracing_count() == 1


# -- What it is used for --------------------------------------------------------------


def test_scores_are_log_probabilities_of_the_words_asked_for(small):
    model, tokenizer = small
    every = gpt.next_word_scores(model, tokenizer, TEXTS)
    assert every.shape == (3, 260)
    np.testing.assert_allclose(np.exp(every).sum(axis=1), 1, rtol=1e-4)
    two = gpt.next_word_scores(model, tokenizer, TEXTS, [" t", "he"])
    np.testing.assert_array_equal(two, every[:, [259, 258]])
    ids = [tokenizer.encode(one) for one in TEXTS]
    np.testing.assert_array_equal(gpt.next_word_scores(model, tokenizer, ids), every)


def test_many_texts_keep_their_order(small):
    model, tokenizer = small
    texts = [f"{'x' * (number % 40)}{number}" for number in range(100)]
    scores = gpt.next_word_scores(model, tokenizer, texts, ["he"])
    alone = gpt.next_word_scores(model, tokenizer, texts[77:78], ["he"])
    np.testing.assert_allclose(scores[77:78], alone, rtol=1e-4)


def test_what_all_texts_begin_with_is_run_once(small, monkeypatch):
    model, tokenizer = small
    run, read = [], model.read

    def spy(ids, lengths, past):
        run.append(np.shape(ids))
        return read(ids, lengths, past)

    monkeypatch.setattr(model, "read", spy)
    prompts = ["x" * 50 + one for one in ("yes", "no", "yes" * 9)]
    gpt.next_word_scores(model, tokenizer, prompts, ["he"])
    assert run == [(1, 50), (2, 16), (1, 32)]
    run.clear()
    gpt.next_word_scores(model, tokenizer, ["x" * 50] * 2, ["he"])
    assert run == [(1, 49), (2, 16)]


def test_no_text_gives_no_features(small):
    assert gpt.hidden(*small, [], [1])[1].shape == (0, WIDTH)
    assert gpt.next_word_scores(*small, [], ["he"]).shape == (0, 1)


def test_generating_takes_the_most_probable_token_each_time(small):
    model, tokenizer = small
    ids = tokenizer.encode("he saw")
    for _ in range(8):
        scores = gpt.next_word_scores(model, tokenizer, [ids])[0]
        if scores.argmax() in (0, 1):  # one of the special ones, which end it
            break
        ids.append(int(scores.argmax()))
    expected = tokenizer.decode(ids[len(tokenizer.encode("he saw")) :])
    assert gpt.generate(model, tokenizer, "he saw", words=8) == expected


def test_draws_follow_seed_and_temperature(small):
    def written(temperature, seed):
        return gpt.generate(*small, "he", 8, temperature, seed=seed)

    assert written(1, 0) == written(1, 0)
    assert len({written(1, seed) for seed in range(5)}) > 1
    assert {written(1e-9, seed) for seed in range(3)} == {written(0, 0)}


def test_wrong_input_gets_one_sentence(small):
    model, tokenizer = small
    refused("no block 0: they are 1 to 3", gpt.hidden, *small, TEXTS, [0])
    refused('pool is "mean" or "last"', gpt.hidden, *small, TEXTS, [1], "max")
    refused("write \\[text\\]", gpt.hidden, *small, "one", [1])
    refused("Text 1 has 0 tokens", gpt.hidden, *small, ["a", ""], [1])
    refused("Text 1 is nan, neither", gpt.hidden, *small, ["a", float("nan")], [1])
    refused("no tokens: they go from 0 to 259", gpt.hidden, *small, [[260]], [1])
    refused("Text 0 has 1500 tokens", gpt.hidden, *small, ["x" * 1500], [1])
    ask = gpt.next_word_scores
    refused("' the' is 2 tokens .*choose a frequent", ask, *small, TEXTS, [" the"])
    refused("'' is 0 tokens", ask, *small, TEXTS, [""])
    refused("words is at least 1", gpt.generate, *small, "he", 0)
    refused("temperature at least 0", gpt.generate, *small, "he", 3, -1)
    refused("temperature at least 0", gpt.generate, *small, "he", 3, float("nan"))
    refused("are more than 1024", gpt.generate, *small, "he", 1024)
    refused("Text 0 has 0 tokens", gpt.generate, *small, "")


def test_paris_is_the_capital_of_france(smollm):
    prompt = "The capital of France is"
    scores = gpt.next_word_scores(*smollm, [prompt])[0]
    assert smollm[1].decode([scores.argmax()]) == " Paris"
    assert gpt.generate(*smollm, prompt, words=1) == " Paris"


def test_a_review_is_positive_or_negative(smollm):
    reviews = ["A wonderful film that I loved.", "A dull film, and a waste of time."]
    prompts = [f"Review: {review}\nSentiment:" for review in reviews]
    scores = gpt.next_word_scores(*smollm, prompts, [" positive", " negative"])
    assert scores[0, 0] > scores[0, 1] and scores[1, 1] > scores[1, 0]
