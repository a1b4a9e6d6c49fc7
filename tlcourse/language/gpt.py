"""SmolLM2-135M-Instruct, a GPT-style decoder, in plain Keras, to be read in class.

It reads tokens and says, at each place, which token comes next. Thirty blocks do it:
in each, a token looks at those before it (attention), then thinks by itself (a small
network). The design is Llama's, which most open models share.

    >>> model, tokenizer = load()
    >>> generate(model, tokenizer, "The capital of France is", words=2)
    ' Paris.'

Import it late: it starts TensorFlow.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tlcourse.language.byte_pairs import BytePairs
from tlcourse.language.gguf import GGUF
from tlcourse.quiet import import_keras

keras = import_keras()
layers, ops = keras.layers, keras.ops

import tensorflow as tf  # noqa: E402  once Keras has started it silently

STOPS = ("<|im_end|>", "<|endoftext|>")
STEP = 16  # lengths are multiples of it: TensorFlow keeps memory for each length
LONGEST = 1024  # tokens in one text
TOGETHER = 512  # tokens in a batch
PART = 8192  # vectors of tokens that are widened at a time


# -- The network ----------------------------------------------------------------------


def widened(weight, x):
    """Give weights that are kept in float16 as float32, once ``x`` has been worked out.

    Arithmetic in float16 is slow on a processor; to keep it in float32 takes twice the
    memory. In a graph TensorFlow would widen all blocks' weights at once, at the start,
    if it were not told to wait for what they are multiplied with.
    """
    with tf.control_dependencies([x]):
        return ops.cast(weight, "float32")


class HalfDense(layers.Layer):
    """A dense layer without bias, its weights (inputs, units) kept in float16."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(
            shape=(shape[-1], self.units), name="kernel", dtype="float16",
            initializer="zeros", trainable=False, autocast=False,
        )  # fmt: skip

    def call(self, x):
        return ops.einsum("nti,io->nto", x, widened(self.kernel, x))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.units)


class TokenVectors(layers.Layer):
    """One vector for each token, float16: the first layer, and the last one too."""

    def __init__(self, tokens, width, **options):
        super().__init__(**options)
        self.tokens, self.width = tokens, width

    def build(self, shape):
        self.vectors = self.add_weight(
            shape=(self.tokens, self.width), name="vectors", dtype="float16",
            initializer="zeros", trainable=False, autocast=False,
        )  # fmt: skip

    def call(self, ids):
        return ops.cast(ops.take(self.vectors, ids, axis=0), "float32")

    def compute_output_shape(self, shape):
        return (*shape, self.width)

    def scores(self, x):
        """Compare (n, width) with each token's vector: the next token's logits."""
        parts = []
        for start in range(0, self.tokens, PART):  # all at once would take 110 MB
            vectors = widened(self.vectors[start : start + PART], x)
            parts.append(tf.matmul(x, vectors, transpose_b=True))
        return ops.concatenate(parts, axis=-1)


class RMSNorm(layers.Layer):
    """Divide a vector by its root mean square; then a gain for each number."""

    def __init__(self, epsilon, **options):
        super().__init__(**options)
        self.epsilon = epsilon

    def build(self, shape):
        self.gain = self.add_weight(
            shape=(shape[-1],), name="gain", initializer="ones", trainable=False
        )

    def call(self, x):
        square = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return x * ops.rsqrt(square + self.epsilon) * self.gain

    def compute_output_shape(self, shape):
        return shape


def rotated(x, places, base):
    """Turn pairs of numbers by angles that grow with a token's place in the text.

    The product of two vectors then depends on how far apart they stand, not on where.

    Parameters
    ----------
    x : tensor of shape (n, length, heads, size)
    places : tensor of shape (length,)
        0 for the first token.
    base : float
        The slowest pair turns by about ``1 / base`` radians a token, the first by 1.

    References
    ----------
    Su et al. (2021), RoFormer: enhanced transformer with rotary position embedding.
    """
    size = x.shape[-1]
    speeds = base ** (-np.arange(0, size, 2, dtype="float32") / size)
    angles = ops.cast(places, "float32")[:, None, None] * speeds  # (length, 1, pairs)
    cos, sin = ops.cos(angles), ops.sin(angles)
    first, second = x[..., 0::2], x[..., 1::2]
    turned = [first * cos - second * sin, first * sin + second * cos]
    return ops.reshape(ops.stack(turned, axis=-1), ops.shape(x))


class Block(layers.Layer):
    """Attention to the tokens before, then a small network for each token.

    Parameters
    ----------
    heads : int
        Of queries, each ``width / heads`` numbers.
    groups : int
        Heads of keys and of values: ``heads / groups`` heads of queries share one.
    inner : int
        The width inside the small network.
    base : float
        See `rotated`.

    References
    ----------
    Ainslie et al. (2023), GQA: training generalized multi-query transformer models.
    Shazeer (2020), GLU variants improve transformer.
    """

    def __init__(self, heads, groups, inner, base, epsilon, **options):
        super().__init__(**options)
        self.heads, self.groups, self.inner, self.base = heads, groups, inner, base
        self.attention_norm = RMSNorm(epsilon, name="attention_norm")
        self.network_norm = RMSNorm(epsilon, name="network_norm")

    def build(self, shape):
        width = shape[-1]
        self.size = width // self.heads
        shared = self.groups * self.size
        self.query = HalfDense(width, name="query")
        self.key = HalfDense(shared, name="key")
        self.value = HalfDense(shared, name="value")
        self.output_weights = HalfDense(width, name="output")
        self.gate = HalfDense(self.inner, name="gate")
        self.up = HalfDense(self.inner, name="up")
        self.down = HalfDense(width, name="down")
        for layer in (self.attention_norm, self.query, self.key, self.value):
            layer.build(shape)
        for layer in (self.output_weights, self.network_norm, self.gate, self.up):
            layer.build(shape)
        self.down.build((*shape[:-1], self.inner))

    def call(self, x):
        """Take and give (n, length, width)."""
        return self.step(x)[0]

    def step(self, x, past=None):
        """Run tokens that stand behind others, whose keys and values are kept.

        Parameters
        ----------
        x : tensor of shape (n, length, width)
        past : pair of tensors, optional
            Keys and values of the tokens before, each (n, before, groups, size); or
            (1, ...), the same ones for all texts.

        Returns
        -------
        x : tensor of shape (n, length, width)
        new : pair of tensors, each (n, length, groups, size)
            Keys and values of these tokens.
        """
        attended, new = self.attend(self.attention_norm(x), past)
        x = x + attended
        normed = self.network_norm(x)
        return x + self.down(ops.silu(self.gate(normed)) * self.up(normed)), new

    def attend(self, x, past):
        n, length = ops.shape(x)[:2]
        before = 0 if past is None else ops.shape(past[0])[1]
        places = before + ops.arange(length)
        query = ops.reshape(self.query(x), (n, length, self.heads, self.size))
        query = rotated(query, places, self.base)
        keys = ops.reshape(self.key(x), (n, length, self.groups, self.size))
        keys = rotated(keys, places, self.base)
        values = ops.reshape(self.value(x), (n, length, self.groups, self.size))
        new = keys, values
        if past is not None:
            shape = (n, before, self.groups, self.size)
            keys, values = (
                ops.concatenate([ops.broadcast_to(old, shape), added], axis=1)
                for old, added in zip(past, new, strict=True)
            )
        # g: groups; h: a group's heads; q: the token that looks; k: one looked at.
        shape = (n, length, self.groups, self.heads // self.groups, self.size)
        query = ops.reshape(query, shape)
        scores = ops.einsum("nqghs,nkgs->nghqk", query, keys) / self.size**0.5
        seen = places[:, None] >= ops.arange(before + length)  # itself, those before
        weights = ops.softmax(ops.where(seen, scores, -1e9), axis=-1)
        x = ops.einsum("nghqk,nkgs->nqghs", weights, values)
        x = ops.reshape(x, (n, length, self.heads * self.size))
        return self.output_weights(x), new

    def compute_output_shape(self, shape):
        return shape


class Decoder(keras.Model):
    """The network of `decoder`, and a quick way through it that keeps what it saw."""

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((None,) * 6, tf.float32),
        ]
    )
    def read(self, ids, lengths, past):
        """Run texts, padded behind to one length; one graph serves all lengths.

        Parameters
        ----------
        ids : tensor of shape (n, length)
        lengths : tensor of shape (n,)
            Of each text, without the padding. No token looks at one behind it, so
            that none looks at the padding.
        past : tensor of shape (blocks, 2, n or 1, before, groups, size)
            Keys and values of tokens before; at first `nothing`.

        Returns
        -------
        means, lasts : tensors of shape (blocks, n, width)
            What each block puts out: the mean of a text's tokens, and the last one.
        new : tensor of shape (blocks, 2, n, length, groups, size)
            Keys and values of these tokens, to be put behind those of the past.
        """
        means, lasts, new = [], [], []
        inside = ops.arange(ops.shape(ids)[1]) < lengths[:, None]
        inside = ops.cast(inside, "float32")[:, :, None]
        counts = ops.cast(lengths, "float32")[:, None]
        x = self.get_layer("tokens")(ids)
        for number, block in enumerate(self.blocks()):
            x, keys_and_values = block.step(x, (past[number, 0], past[number, 1]))
            means.append(ops.sum(x * inside, axis=1) / counts)
            lasts.append(tf.gather(x, lengths - 1, axis=1, batch_dims=1))
            new.append(ops.stack(keys_and_values))
        return ops.stack(means), ops.stack(lasts), ops.stack(new)

    def blocks(self):
        return [layer for layer in self.layers if isinstance(layer, Block)]

    def nothing(self):
        """Give the past of texts of which nothing was read yet."""
        blocks = self.blocks()
        return np.zeros((len(blocks), 2, 1, 0, blocks[0].groups, blocks[0].size), "f4")

    def next_scores(self, x):
        """Give the next token's log-probabilities.

        Parameters
        ----------
        x : array of shape (n, width)
            What the last block puts out.

        Returns
        -------
        ndarray of shape (n, tokens)
        """
        logits = self.get_layer("tokens").scores(self.get_layer("norm")(x))
        return np.asarray(ops.log_softmax(logits))


def decoder(blocks, width, heads, groups, inner, tokens, base, epsilon):
    """Build the network, its weights zero.

    Parameters
    ----------
    blocks, width : int
        30 and 576 in SmolLM2-135M.
    heads, groups, inner, base
        Of each `Block`: 9, 3, 1536 and 100,000.
    tokens : int
        Size of the vocabulary: 49,152.
    epsilon : float
        What each norm adds to the square: 1e-5.

    Returns
    -------
    Decoder, a keras.Model
        From token numbers (n, length) to vectors (n, length, width). Its layers are
        "tokens", "block1" and so on, and "norm". What comes out, compared with the
        vectors of "tokens", says which token comes next.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = TokenVectors(tokens, width, name="tokens")(ids)
    for number in range(1, blocks + 1):
        x = Block(heads, groups, inner, base, epsilon, name=f"block{number}")(x)
    x = RMSNorm(epsilon, name="norm")(x)
    return Decoder(ids, x, name="smollm2")


# -- Its weights ----------------------------------------------------------------------

# Our names of a block's layers, and the file's.
NAMES = {
    "query": "attn_q", "key": "attn_k", "value": "attn_v",
    "output_weights": "attn_output",
    "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}  # fmt: skip


def load(folder=None):
    """Build the network with its published weights, and its tokenizer.

    Parameters
    ----------
    folder : path, optional
        Where its GGUF file lies. Unless told, it is looked for, and fetched.

    Returns
    -------
    model : Decoder
    tokenizer : BytePairs

    Raises
    ------
    ModelNotAvailable
        If it is not on this computer and cannot be fetched.
    OSError, ValueError
        If the folder has no such file, or it is damaged or another model's.

    References
    ----------
    Ben Allal et al. (2025), SmolLM2: when smol goes big.
    """
    if folder is None:
        from tlcourse.language.files import model_files

        folder = model_files("gpt")
    file = GGUF(find_file(folder))
    try:
        return _filled(file), read_tokenizer(file)
    except KeyError as problem:
        raise ValueError(
            f"{file.path} is another model's file: it has no {problem}."
        ) from problem


def find_file(folder):
    """Give the path of the GGUF file in a folder."""
    path = next(Path(folder).rglob("[!.]*.gguf"), None)
    if path is None:
        raise FileNotFoundError(f"There is no GGUF file in the folder {folder}.")
    return path


def read_tokenizer(file):
    """Give the BytePairs of a GGUF file."""
    about = file.metadata
    tokens = about["tokenizer.ggml.tokens"]
    kinds = about["tokenizer.ggml.token_type"]
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == 3]
    return BytePairs(tokens, about["tokenizer.ggml.merges"], special)


def _filled(file):
    """Build the network that a file describes; the file stores (outputs, inputs)."""
    about = file.metadata
    model = decoder(
        blocks=about["llama.block_count"],
        width=about["llama.embedding_length"],
        heads=about["llama.attention.head_count"],
        groups=about["llama.attention.head_count_kv"],
        inner=about["llama.feed_forward_length"],
        tokens=about["llama.vocab_size"],
        base=about["llama.rope.freq_base"],
        epsilon=about["llama.attention.layer_norm_rms_epsilon"],
    )
    vectors = file.tensor("token_embd.weight", np.float16)
    model.get_layer("tokens").vectors.assign(vectors)
    for number, block in enumerate(model.blocks()):
        start = f"blk.{number}."
        for ours, theirs in NAMES.items():
            weights = file.tensor(f"{start}{theirs}.weight", np.float16)
            getattr(block, ours).kernel.assign(weights.T)
        block.attention_norm.gain.assign(file.tensor(f"{start}attn_norm.weight"))
        block.network_norm.gain.assign(file.tensor(f"{start}ffn_norm.weight"))
    model.get_layer("norm").gain.assign(file.tensor("output_norm.weight"))
    return model


# -- What it is used for --------------------------------------------------------------


def hidden(model, tokenizer, texts, blocks, pool="mean"):
    """Give the features of texts after some blocks: one vector for each text.

    Parameters
    ----------
    model, tokenizer
        Those of `load`.
    texts : list of str, or of lists of int
        Tokens are taken as they are.
    blocks : sequence of int
        1 for the first block.
    pool : {"mean", "last"}
        The mean of a text's tokens, or its last token, which has seen all others. The
        first token's vector is a hundred times as long as the others in the middle
        blocks (heads look there when they find nothing): it is part of the mean.

    Returns
    -------
    dict of int to ndarray of shape (n, 576)
        Of each block.

    Raises
    ------
    ValueError
        If there is no such block, or a text is empty or longer than `LONGEST` tokens.
    """
    count = len(model.blocks())
    for block in blocks:
        if block not in range(1, count + 1):
            raise ValueError(f"There is no block {block}: they are 1 to {count}.")
    if pool not in ("mean", "last"):
        raise ValueError(f'pool is "mean" or "last", not {pool!r}.')
    means, lasts = _read_all(model, tokenizer, texts, [block - 1 for block in blocks])
    features = means if pool == "mean" else lasts
    return dict(zip(blocks, features, strict=True))


def next_word_scores(model, tokenizer, texts, words=None):
    """Give the log-probabilities of words to come next after each text.

    Parameters
    ----------
    model, tokenizer
        Those of `load`.
    texts : list of str, or of lists of int
    words : list of str, optional
        Each one token: " positive", with the space before it. All tokens unless told.

    Returns
    -------
    ndarray of shape (n, words)

    Raises
    ------
    ValueError
        If a word is more than one token, or a text is empty or longer than `LONGEST`
        tokens.
    """
    if words is None:
        chosen = np.arange(len(tokenizer.tokens))
    else:
        chosen = [_one_token(tokenizer, word) for word in words]
    _, [lasts] = _read_all(model, tokenizer, texts, [len(model.blocks()) - 1])
    scores = np.empty((len(lasts), len(chosen)), np.float32)
    for start in range(0, len(lasts), STEP):  # all tokens of all texts are many
        rows = slice(start, start + STEP)
        scores[rows] = model.next_scores(lasts[rows])[:, chosen]
    return scores


def generate(model, tokenizer, prompt, words=40, temperature=0.0, *, seed=0):
    """Write on: the next token, then the one after it, and so on.

    Each is run once: of those before it the keys and values are kept.

    Parameters
    ----------
    model, tokenizer
        Those of `load`.
    prompt : str
    words : int
        Tokens to write at most. The model ends earlier where it thinks it is done.
    temperature : float
        0 takes the most probable token each time. 1 draws by the model's
        probabilities; less than 1 keeps closer to the most probable, more than 1
        strays further.
    seed : int
        Of the draws.

    Returns
    -------
    str
        What was written, without the prompt.

    Raises
    ------
    ValueError
        If the prompt is empty, prompt and words are longer than `LONGEST` tokens, or
        an option makes no sense.
    """
    if words < 1 or not 0 <= temperature < np.inf:
        raise ValueError(
            f"words is at least 1 and temperature at least 0, not {words} and "
            f"{temperature}."
        )
    [ids] = _tokens(tokenizer, [prompt])
    if len(ids) + words > LONGEST:
        raise ValueError(
            f"A prompt of {len(ids)} tokens and {words} words are more than {LONGEST}: "
            "shorten it, or ask for fewer words."
        )
    random = np.random.default_rng(seed)
    stops = {tokenizer.numbers[stop] for stop in STOPS}
    past, written = model.nothing(), []
    while len(written) < words:
        _, lasts, new = model.read([ids], [len(ids)], past)
        past = ops.concatenate([past, new], axis=3)
        scores = model.next_scores(lasts[-1])[0]
        token = _drawn(scores, temperature, random)
        if token in stops:
            break
        written.append(token)
        ids = [token]
    return tokenizer.decode(written)


def _drawn(scores, temperature, random):
    if temperature == 0:
        return int(scores.argmax())
    scores = (scores - scores.max()).astype("float64") / temperature
    chances = np.exp(scores)
    return int(random.choice(len(chances), p=chances / chances.sum()))


def _one_token(tokenizer, word):
    ids = tokenizer.encode(word)
    if len(ids) != 1:
        parts = [tokenizer.decode([number]) for number in ids]
        raise ValueError(
            f"{word!r} is {len(ids)} tokens ({parts}), and only one can come next: "
            "choose a frequent word, with the space before it."
        )
    return ids[0]


def _tokens(tokenizer, texts):
    """Give each text's tokens; ValueError if one has none or too many."""
    if isinstance(texts, str):
        raise ValueError("texts is a list of texts; for a single one write [text].")
    found = []
    for number, text in enumerate(texts):
        if not isinstance(text, str | list | tuple | np.ndarray):
            raise ValueError(
                f"Text {number} is {text!r}, neither a str nor a list of tokens."
            )
        ids = tokenizer.encode(text) if isinstance(text, str) else [*map(int, text)]
        if not 0 < len(ids) <= LONGEST:
            raise ValueError(
                f"Text {number} has {len(ids)} tokens: between 1 and {LONGEST} can be "
                "read. Leave empty texts out, and cut long ones."
            )
        if not 0 <= min(ids) <= max(ids) < len(tokenizer.tokens):
            raise ValueError(
                f"Text {number} has numbers that are no tokens: they go from 0 to "
                f"{len(tokenizer.tokens) - 1}."
            )
        found.append(ids)
    return found


def _read_all(model, tokenizer, texts, blocks):
    """Run texts of like lengths together; two arrays (blocks, n, width).

    With what all of them begin with, examples in a prompt, the model is run once.
    """
    ids = _tokens(tokenizer, texts)
    width = model.output.shape[-1]
    means, lasts = np.empty((2, len(blocks), len(ids), width), np.float32)
    shared = _shared(ids)
    past, mean_before = model.nothing(), 0
    if shared:
        mean_before, _, past = model.read([ids[0][:shared]], [shared], past)
        mean_before = np.asarray(mean_before)[blocks]
    rests = [each[shared:] for each in ids]
    for rows in _batches([len(rest) for rest in rests]):
        padded, real = _padded([rests[row] for row in rows])
        mean, last, _ = model.read(padded, real, past)
        part = (real / (shared + real))[:, None]  # of a text's tokens
        means[:, rows] = part * np.asarray(mean)[blocks] + (1 - part) * mean_before
        lasts[:, rows] = np.asarray(last)[blocks]
    return means, lasts


def _shared(ids):
    """With how many tokens all texts begin; 0 where it is not worth it."""
    if len(ids) < 2:
        return 0
    count = len(os.path.commonprefix(ids))
    count = min(count, *(len(each) - 1 for each in ids))  # each has one of its own
    return count if count >= STEP else 0


def _batches(lengths):
    """Give the rows that run together, of one length once they are padded."""
    lengths = -(-np.array(lengths, int) // STEP) * STEP
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        together = max(1, TOGETHER // length)
        for start in range(0, len(rows), together):
            yield rows[start : start + together]


def _padded(ids):
    """Give tokens as one array, padded to a multiple of STEP, and their lengths."""
    lengths = np.array([len(each) for each in ids], np.int32)
    padded = np.zeros((len(ids), -(-lengths.max() // STEP) * STEP), np.int32)
    for row, each in zip(padded, ids, strict=True):
        row[: len(each)] = each
    return padded, lengths
