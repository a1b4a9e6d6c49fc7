"""BERT in plain Keras, to be read in class: a small one that knows sentences.

A text goes in as the numbers of its word pieces. Six blocks let each piece look at all
others (attention) and then think by itself. The mean of all pieces is the sentence.

    >>> model, tokenizer = load()
    >>> model.predict(tokenizer.encode(["A film to remember."])).shape
    (1, 384)

Import it late: it starts TensorFlow.
"""

from __future__ import annotations

import numpy as np

from tlcourse.language.files import model_files
from tlcourse.language.safetensors import read_safetensors
from tlcourse.language.wordpiece import WordPiece
from tlcourse.quiet import import_keras

keras = import_keras()
layers, ops = keras.layers, keras.ops

BLOCKS, WIDTH, HEADS, INNER = 6, 384, 12, 1536
PIECES, LONGEST = 30522, 512
_EPSILON = 1e-12  # in each LayerNormalization


@keras.saving.register_keras_serializable("tlcourse")
class LoRA(layers.Layer):
    """An addition to a frozen layer's weights, of low rank: ``x @ down @ up``.

    It begins with zeros, so the network begins as it was. Width ``x`` ``rank`` and
    ``rank`` ``x`` width numbers are trained in place of width ``x`` width.

    Parameters
    ----------
    rank : int

    References
    ----------
    Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """

    def __init__(self, rank, **options):
        super().__init__(**options)
        self.rank = rank

    def build(self, shape):
        width = shape[-1]
        self.down = self.add_weight(shape=(width, self.rank), name="down")
        self.up = self.add_weight(
            shape=(self.rank, width), name="up", initializer="zeros"
        )

    def call(self, x):
        return x @ self.down @ self.up

    def get_config(self):
        return {**super().get_config(), "rank": self.rank}


@keras.saving.register_keras_serializable("tlcourse")
class Attention(layers.Layer):
    """Each piece takes from all pieces, as much as its query fits their keys.

    Parameters
    ----------
    heads : int
        So many times side by side, each on ``width / heads`` numbers.
    rank : int
        Of a `LoRA` on queries and values; 0 for none.

    References
    ----------
    Vaswani et al. (2017), Attention is all you need.
    """

    def __init__(self, heads, rank=0, **options):
        super().__init__(**options)
        self.heads, self.rank = heads, rank

    def build(self, shape):
        width = shape[-1]
        names = ("query", "key", "value", "out")
        self.query, self.key, self.value, self.out = (
            layers.Dense(width, name=name) for name in names
        )
        self.dense = [self.query, self.key, self.value, self.out]
        self.lora = []
        if self.rank:
            self.lora = [LoRA(self.rank, name=f"{name}_lora") for name in ("q", "v")]
        for layer in self.dense + self.lora:
            layer.build(shape)

    def call(self, x, there):
        """Take and give (n, length, width); ``there`` says where no padding is."""
        weights, values = self.weights_and_values(x, there)
        mixed = ops.einsum("nhqk,nkhs->nqhs", weights, values)
        return self.out(ops.reshape(mixed, ops.shape(x)))

    def weights_and_values(self, x, there):
        """How much each piece takes from each, (n, heads, length, length); values."""
        query, key, value = self.query(x), self.key(x), self.value(x)
        if self.lora:
            query, value = query + self.lora[0](x), value + self.lora[1](x)
        size = x.shape[-1] // self.heads
        parts = (-1, x.shape[1], self.heads, size)
        query, key, value = (ops.reshape(each, parts) for each in (query, key, value))
        fit = ops.einsum("nqhs,nkhs->nhqk", query, key) / size**0.5
        fit = ops.where(there[:, None, None, :], fit, -1e9)  # nothing from padding
        return ops.softmax(fit, axis=-1), value

    def get_config(self):
        return {**super().get_config(), "heads": self.heads, "rank": self.rank}


@keras.saving.register_keras_serializable("tlcourse")
class Block(layers.Layer):
    """Attention, then a small network for each piece; each is added to what came in.

    Parameters
    ----------
    heads, inner : int
        Of the attention; width inside the small network.
    rank : int
        See `Attention`.
    """

    def __init__(self, heads, inner, rank=0, **options):
        super().__init__(**options)
        self.heads, self.inner, self.rank = heads, inner, rank

    def build(self, shape):
        self.attention = Attention(self.heads, self.rank, name="attention")
        self.norm1 = layers.LayerNormalization(epsilon=_EPSILON, name="norm1")
        self.inside = layers.Dense(self.inner, activation="gelu", name="inside")
        self.back = layers.Dense(shape[-1], name="back")
        self.norm2 = layers.LayerNormalization(epsilon=_EPSILON, name="norm2")
        for layer in (self.attention, self.norm1, self.inside, self.norm2):
            layer.build(shape)
        self.back.build((*shape[:-1], self.inner))

    def call(self, x, there):
        x = self.norm1(x + self.attention(x, there))
        return self.norm2(x + self.back(self.inside(x)))

    def get_config(self):
        own = {"heads": self.heads, "inner": self.inner, "rank": self.rank}
        return {**super().get_config(), **own}


def encoder(length=64, rank=0):
    """Build the network, with random weights.

    Parameters
    ----------
    length : int
        Pieces of a text, at most 512.
    rank : int
        Of a `LoRA` in each block; 0 for none.

    Returns
    -------
    keras.Model
        Numbers of pieces, int (n, length), 0 for padding, to sentences (n, 384) of
        length 1. Its layers ``block1`` to ``block6`` give (n, length, 384).
    """
    if not 2 < length <= LONGEST:
        raise ValueError(f"length must be from 3 to {LONGEST}, not {length!r}.")
    ids = keras.Input((length,), dtype="int32", name="ids")
    there = ops.not_equal(ids, 0)
    places = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    x = layers.Embedding(PIECES, WIDTH, name="pieces")(ids)
    x = x + layers.Embedding(LONGEST, WIDTH, name="places")(places)
    x = layers.LayerNormalization(epsilon=_EPSILON, name="norm")(x)
    for number in range(1, BLOCKS + 1):
        x = Block(HEADS, INNER, rank, name=f"block{number}")(x, there)
    x = layers.GlobalAveragePooling1D(name="mean")(x, mask=there)
    return keras.Model(ids, layers.UnitNormalization(name="sentence")(x), name="bert")


def load(length=64, rank=0):
    """Give the published model (all-MiniLM-L6-v2), and what cuts texts for it.

    It was pre-trained as BERT (Wang et al. 2020, MiniLM) and then on a billion pairs of
    sentences that belong together.

    Parameters
    ----------
    length, rank : int
        See `encoder`.

    Returns
    -------
    model : keras.Model
    tokenizer : WordPiece

    Raises
    ------
    ModelNotAvailable
        If it is not on this computer and cannot be fetched.
    """
    folder = model_files("bert")
    model = encoder(length, rank)
    _fill(model, read_safetensors(folder / "model.safetensors"))
    return model, WordPiece(folder / "vocab.txt")


def _fill(model, arrays):
    """Give each layer its weights; PyTorch stores those of a Dense layer turned."""
    words = arrays["embeddings.word_embeddings.weight"]
    # Each piece also gets the vector of the first of two texts; here is only one.
    places = arrays["embeddings.position_embeddings.weight"]
    model.get_layer("pieces").set_weights([words])
    first = arrays["embeddings.token_type_embeddings.weight"][0]
    model.get_layer("places").set_weights([places + first])

    def give(layer, name):
        kernel, bias = (arrays[f"{name}.{what}"] for what in ("weight", "bias"))
        layer.set_weights([kernel.T, bias])

    give(model.get_layer("norm"), "embeddings.LayerNorm")
    for number in range(BLOCKS):
        block, name = model.get_layer(f"block{number + 1}"), f"encoder.layer.{number}"
        attention = block.attention
        for which in ("query", "key", "value"):
            give(getattr(attention, which), f"{name}.attention.self.{which}")
        give(attention.out, f"{name}.attention.output.dense")
        give(block.norm1, f"{name}.attention.output.LayerNorm")
        give(block.inside, f"{name}.intermediate.dense")
        give(block.back, f"{name}.output.dense")
        give(block.norm2, f"{name}.output.LayerNorm")


def train_lora_alone(model):
    """Freeze all of an encoder but its `LoRA` layers. Compile it afterwards."""
    for layer in model.layers:
        layer.trainable = isinstance(layer, Block)
        if isinstance(layer, Block):
            for part in (layer.norm1, layer.norm2, layer.inside, layer.back):
                part.trainable = False
            for part in layer.attention.dense:
                part.trainable = False


def word_vectors(model, ids, block):
    """What a block gives for each piece; ndarray (n, length, 384).

    Parameters
    ----------
    model : keras.Model
        An `encoder`.
    ids : ndarray, int, (n, length)
    block : str
        "block1" to "block6".
    """
    part = keras.Model(model.input, model.get_layer(block).output)
    return part.predict(ids, verbose=0)


def attention_weights(model, ids, block):
    """How much each piece takes from each; ndarray (n, 12 heads, length, length).

    The rows, of which each sums to 1, take; the columns give. For parameters see
    `word_vectors`.
    """
    layer = model.get_layer(block)
    before = keras.Model(model.input, layer.input[0])
    weights, _ = layer.attention.weights_and_values(before(ids), ops.not_equal(ids, 0))
    return np.asarray(weights)
