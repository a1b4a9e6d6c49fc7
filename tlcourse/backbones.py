"""Pre-trained backbones: a Keras model with all that belongs to it.

A `Backbone` holds a model without its top, the preprocessing that this model was
trained with, and its blocks in order. `load` brings one, `catalogue` lists them all.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import dataclasses
import functools
import gc
import hashlib
import json
import pathlib
import re
import warnings

import numpy as np

from tlcourse import efficientnet_lite
from tlcourse.inference import Folded, in_batches, read_by
from tlcourse.pictures import check_images
from tlcourse.quiet import import_keras
from tlcourse.resources import cache_folder, draft_of, where

BUNDLED = ("glyphs", "fractals", "photos", "imagenet_distilled")
BUNDLED_ALPHA, BUNDLED_SIZE = 0.25, 64
# On cats or dogs, 10 per class, .94 at 160 px and .96 at 224, at half of the speed.
LITE0, LITE0_SIZE = "EfficientNetLite0", 160

# A place in a backbone is the end of the block with that name, or one of these two.
IMAGES, FEATURES = "images", "features"

# How layers are gathered into blocks: by family, the part of a layer's name that
# names its block. Layers without such a name belong to the block before them.
_FAMILIES = {
    "vgg16": r"(block\d)",
    "vgg19": r"(block\d)",
    "resnet": r"(conv\d)_",
    "resnet_v2": r"(conv\d)_",
    "inception_v3": r"(mixed\d+)",
    "inception_resnet_v2": r"(mixed_\d[ab]|block35|block17|block8|conv_7b)",
    "xception": r"(block\d+)",
    "mobilenet": r"conv_[dp]w_(\d+)",
    "mobilenet_v2": r"^block_(\d+)|(Conv_1)",
    "mobilenet_v3": r"^expanded_conv_(\d+)_|^(conv_1)",
    "densenet": r"(?:conv|pool)(\d)_",
    "nasnet": r"^(?:normal|reduction|separable|adjust).*?_(stem_\d|reduce_\d+|\d+)$",
    "efficientnet": r"(block\d)[a-z]_|(top)_",
    "efficientnet_v2": r"(block\d)[a-z]_|(top)_",
    "convnext": r"stage_(\d)|downsampling_block_(\d)",
}


@dataclasses.dataclass(frozen=True)
class Block:
    """Consecutive layers that are frozen or trained together.

    Attributes
    ----------
    name : str
    layers : tuple of str
        Names of the layers, first to last.
    parameters : int
        Number of weights, those of BatchNorm's statistics included.
    output : str
        Name of the last operation: a layer, or an addition written with +.
    """

    name: str
    layers: tuple[str, ...]
    parameters: int
    output: str


@dataclasses.dataclass(frozen=True, eq=False)
class Backbone:
    """A Keras model without top, and what belongs to it.

    Attributes
    ----------
    name : str
        The model's name in ``catalogue()``.
    source : str or None
        What it was pre-trained on; None if its weights are random.
    model : keras.Model
        Preprocessed images (n, input_size, input_size, 3) to feature maps
        (n, h, w, d).
    input_size : int
        Height and width that the model expects, pixels.
    blocks : tuple of Block
        From the input to the output.
    card : dict
        Where the weights come from: task, recipe, time, score, licence.
    options : dict
        What ``keras.applications`` was given to make the model, but for the weights.
    scaling : callable, optional
        Of a model of one's own: images, float32 (n, input_size, input_size, 3), 0-255,
        to what the model takes.
    """

    name: str
    source: str | None
    model: object
    input_size: int
    blocks: tuple[Block, ...]
    card: dict
    options: dict = dataclasses.field(default_factory=dict)
    scaling: object = None

    @property
    def parameters(self):
        """Number of weights, int."""
        return self.model.count_params()

    @functools.cached_property
    def cuts(self):
        """Names of the blocks after which the model can be cut in two, tuple of str.

        There the graph narrows to a single tensor.
        """
        narrow = _narrow(self.model)
        return tuple(block.name for block in self.blocks if block.output in narrow)

    def preprocess(self, images):
        """Resize images, the middle square, and scale them as this model saw its own.

        Parameters
        ----------
        images : array, (n, height, width, 3), 0-255

        Returns
        -------
        ndarray, float32, (n, input_size, input_size, 3)

        Raises
        ------
        ValueError
            If there are no images, or their shape or range is wrong.
        """
        images = check_images(images)
        return self._scale(images)

    def _scale(self, images):
        return np.asarray(self.scaled(resized(images, self.input_size)), "float32")

    def scaled(self, pictures):
        """Scale pictures of the right size, 0-255, as this model was trained on them.

        Parameters
        ----------
        pictures : array or tensor, float32, (n, input_size, input_size, 3)
            Keras's functions may change an array in place.

        Returns
        -------
        array or tensor, (n, input_size, input_size, 3)
        """
        if self.scaling is not None:
            return self.scaling(pictures)
        family = getattr(import_keras().applications, _facts(self.name)["family"])
        return family.preprocess_input(pictures)

    def features(self, images):
        """Describe each image by the average of the last feature maps.

        Parameters
        ----------
        images : array, (n, height, width, 3), 0-255

        Returns
        -------
        ndarray, float32, (n, d)
        """
        return self.run(check_images(images))

    def classify(self, images):
        """Give the probabilities of ImageNet's classes, by the head of the source.

        Models of ``keras.applications`` see the images at their default size.

        Parameters
        ----------
        images : array, (n, height, width, 3), 0-255

        Returns
        -------
        ndarray, float32, (n, 1000)

        Raises
        ------
        ValueError
            If the source is not ``"imagenet"``.
        """
        if self.source != "imagenet":
            raise ValueError(
                f"The source {self.source!r} has no classes of ImageNet: load a "
                'backbone with source="imagenet".'
            )
        facts, images = _facts(self.name), check_images(images)
        family = getattr(import_keras().applications, facts["family"])
        model = self._with_top
        inputs = family.preprocess_input(resized(images, model.input.shape[1]))
        return np.asarray(model.predict(inputs, verbose=0), "float32")

    @functools.cached_property
    def _with_top(self):
        """The source's model, head and all."""
        facts, options = _facts(self.name), self.options
        if facts["model"] not in (LITE0, "MobileNet"):  # the others know one size alone
            size = facts["input_size"]
            options = {**options, "input_shape": (size, size, 3)}
        return _build(facts, "imagenet", options, include_top=True)

    def run(self, inputs, after=IMAGES, until=FEATURES, make=np.empty):
        """Run some of the blocks, those after one and up to another.

        Parameters
        ----------
        inputs : array
            What the block ``after`` puts out, (n, h, w, d); or images
            (n, height, width, 3), 0-255.
        after : str
            Name of a block, or "images": the first block is the first to run.
        until : str
            Name of a block, or "features": all blocks run, and the last maps are
            averaged.
        make : callable, optional
            ``make(shape, dtype)`` gives the array to write to, one on disk perhaps.

        Returns
        -------
        ndarray, float32, (n, h, w, d) or (n, d)
        """
        part = self._part(after, until)
        predict = part.with_weights()  # somebody may have changed them
        prepare = self._scale if after == IMAGES else np.asarray
        side = self.input_size if after == IMAGES else inputs.shape[1]
        outputs = make((len(inputs), *part.model.output.shape[1:]), "float32")
        done = 0
        for batch in in_batches(
            lambda batch: predict(prepare(batch)), inputs, _BATCH_PIXELS // side**2
        ):
            outputs[done : done + len(batch)] = batch
            done += len(batch)
        return outputs

    @functools.cached_property
    def _part(self):
        """`_cut_out` for this model; the parts used last are kept, traced."""
        return functools.lru_cache(maxsize=4)(functools.partial(_cut_out, self))

    def activations(self, images):
        """Give what each block puts out, for looking at it or probing it.

        Parameters
        ----------
        images : array, (n, height, width, 3), 0-255

        Returns
        -------
        dict of str to ndarray, float32, (n, h, w, d)
            By block, from the first to the last.
        """
        keras = import_keras()
        outputs = [output_of(self.model, block) for block in self.blocks]
        model = keras.Model(self.model.input, outputs)
        maps = model.predict(self.preprocess(images), verbose=0)
        return {block.name: m for block, m in zip(self.blocks, maps, strict=True)}

    def __reduce__(self):
        """Travel to another process as weights, and arrive once."""
        weights = self.model.get_weights()
        digest = hash_of((self.name, self.source, self.options), weights)
        facts = {
            each.name: getattr(self, each.name)
            for each in dataclasses.fields(self)
            if each.name not in ("model", "blocks")
        }
        if self.scaling is not None:  # Keras has no function that makes this model
            facts["options"] = import_keras().saving.serialize_keras_object(self.model)
        return _arrive, (digest, facts, weights)

    def __repr__(self):
        return (
            f"Backbone({self.name!r}, source={self.source!r}, {self.input_size} px, "
            f"{len(self.blocks)} blocks, {self.parameters:,} parameters)"
        )


def hash_of(facts, arrays):
    """Hash facts, by what Python prints of them, and arrays; 32 hexadecimal digits."""
    digest = hashlib.sha256(repr(facts).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:32]


_arrived = collections.OrderedDict()  # backbones from other processes, by digest


def _arrive(digest, facts, weights):
    """Build a backbone that was sent here; the same one when it is sent again."""
    if digest not in _arrived:
        if facts["scaling"] is not None:
            make = import_keras().saving.deserialize_keras_object
            model, family = make(facts["options"]), None
            facts = {**facts, "options": {}}
        else:
            known = _facts(facts["name"])
            model, family = _build(known, None, facts["options"]), known["family"]
        model.set_weights(weights)
        _arrived[digest] = Backbone(model=model, blocks=_blocks(model, family), **facts)
        while len(_arrived) > 4:
            _arrived.popitem(last=False)
    return _arrived[digest]


def resized(images, size):
    """Bring the middle square of images to so many pixels; float32, always a copy.

    A picture that shrinks is smoothed first (antialiasing): without it fine patterns
    turn into coarse ones that are not there.
    """
    if images.shape[1:3] == (size, size):
        return np.array(images, "float32")  # a copy: Keras scales in place
    side = min(images.shape[1:3])
    top, left = ((length - side) // 2 for length in images.shape[1:3])
    images, shrinks = images[:, top : top + side, left : left + side], side > size
    resize = import_keras().ops.image.resize
    return np.concatenate(
        [
            np.array(resize(np.float32(part), (size, size), antialias=shrinks))
            for part in _parts(images)
        ]
    )


def _parts(images, size=256):
    """Cut images into parts: all of them, resized at once, may take a gigabyte."""
    return [images[i : i + size] for i in range(0, len(images), size)]


# Pixels a batch. Measured on two cores: fewer leave them idle, more no longer fit
# their caches.
_BATCH_PIXELS = 2**20


def _cut_out(backbone, after, until):
    """Some of the blocks, for inference."""
    keras = import_keras()
    ends = {b.name: output_of(backbone.model, b) for b in backbone.blocks}
    begin = backbone.model.input if after == IMAGES else ends[after]
    pool = keras.layers.GlobalAveragePooling2D()
    end = pool(backbone.model.output) if until == FEATURES else ends[until]
    return Folded(keras.Model(begin, end))


def load(
    name="efficientnet_lite0",
    source="imagenet",
    *,
    alpha=None,
    input_size=None,
    seed=0,
):
    """Bring a backbone.

    Parameters
    ----------
    name : str
        A model of ``catalogue()``, in any case: ``"mobilenet"``, ``"ResNet50"``.
    source : str or None
        ``"imagenet"`` is Keras's own ``weights="imagenet"``, for every model (Keras
        downloads it once). That of EfficientNet-Lite0 is installed with the course; if
        it is missing or damaged, the distilled MobileNet comes instead. ``"glyphs"``,
        ``"fractals"``, ``"photos"`` and ``"imagenet_distilled"`` come with the course,
        for ``"mobilenet"``. None gives random weights.
    alpha : float, optional
        Width of MobileNet and its successors; 0.25 for MobileNet and otherwise 1.0
        unless told.
    input_size : int, optional
        Height and width of the input, pixels; what the model was trained with unless
        told, and 160 for EfficientNet-Lite0.
    seed : int
        For random weights. It sets the seeds of Keras, NumPy and Python.

    Returns
    -------
    Backbone

    Raises
    ------
    ValueError
        If there is no such model or source, or the bundled weights are damaged.
    ConnectionError
        If Keras's weights have to be downloaded and cannot be.
    """
    if import_keras().config.image_data_format() != "channels_last":
        raise ValueError(
            "Keras is set to channels_first, and this course needs channels_last: "
            'write "image_data_format": "channels_last" in ~/.keras/keras.json (or in '
            "$KERAS_HOME/keras.json) and restart the kernel."
        )
    facts = _facts(name)
    options = _options(facts, source, alpha, input_size)
    free_memory()
    if facts["model"] == LITE0 and source == "imagenet":
        try:
            efficientnet_lite.read(efficientnet_lite.weights_file())
        except (OSError, ValueError) as problem:
            warnings.warn(
                f"{problem} Until then the distilled MobileNet takes its place.",
                stacklevel=2,
            )
            return load("mobilenet", "imagenet_distilled", input_size=input_size)
    if source in BUNDLED:
        weights, card = _bundled(source)
    elif source == "imagenet":
        weights, card = "imagenet", _imagenet_card(facts)
    else:
        weights, card = None, {"source": None, "task": "none: random weights"}
        import_keras().utils.set_random_seed(seed)
    model = _build(facts, weights, options)
    blocks = _blocks(model, facts["family"])
    size = options["input_shape"][0]
    return Backbone(facts["model"], source, model, size, blocks, card, options)


def from_model(model, preprocess=None, *, source="own"):
    """Make a backbone of a Keras model of one's own.

    Its blocks are those of `blocks_of`.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential, of one fixed square size: images (n, size, size, 3)
        to feature maps (n, h, w, d), without pooling and head.
    preprocess : callable, optional
        Images, float32 (n, size, size, 3), 0-255, to what the model takes; unless
        told, the model takes them as they are. For studies in several processes it is
        a function of a module.
    source : str
        What the model was trained on, for tables and repr.

    Returns
    -------
    Backbone

    Raises
    ------
    ValueError
        If the model is no graph of layers, or its input or output has another shape.
    """
    shape = getattr(model, "input_shape", None)
    if not hasattr(model, "operations") or not isinstance(shape, tuple):
        raise ValueError(
            "A backbone must be a built Functional or Sequential model with one input: "
            "wrap yours as keras.Model(inputs, outputs)."
        )
    if len(shape) != 4 or shape[1] is None or shape[1] != shape[2] or shape[3] != 3:
        raise ValueError(
            f"A backbone's input must be one fixed square, (n, size, size, 3), not "
            f"{shape}: build the model with keras.Input((size, size, 3))."
        )
    if len(model.output_shape) != 4:
        raise ValueError(
            f"A backbone must put out feature maps (n, h, w, d), not "
            f"{model.output_shape}: leave pooling and head away, as "
            "keras.Model(model.input, model.get_layer(NAME).output) does."
        )
    card = {"source": source, "task": "unknown: a model of your own"}
    blocks = blocks_of(model)
    return Backbone(
        model.name, source, model, shape[1], blocks, card,
        scaling=preprocess or _as_they_are,
    )  # fmt: skip


def _as_they_are(images):
    return images


def free_memory():
    """Give back what Keras models that nobody uses any more still hold; takes 0.3 s.

    They hang in cycles, 100 MB each, and of what is freed the C library keeps most.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc alone has it
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _options(facts, source, alpha, input_size):
    """Choose the arguments for Keras's function, refusing what cannot be."""
    if source not in (*BUNDLED, "imagenet", None):
        raise ValueError(
            f"There is no source {source!r}. Choose one of {', '.join(BUNDLED)}, "
            "imagenet, or None for random weights."
        )
    quarter = facts["model"] == "MobileNet"
    options = {}
    if facts["family"].startswith("mobilenet"):
        options["alpha"] = alpha or (BUNDLED_ALPHA if quarter else 1.0)
    elif alpha is not None:
        raise ValueError(f"{facts['model']} has no alpha: leave it out.")
    default = LITE0_SIZE if facts["model"] == LITE0 else facts["input_size"]
    if quarter:
        default = 128 if source == "imagenet" else BUNDLED_SIZE
    if source in BUNDLED and not (quarter and options["alpha"] == BUNDLED_ALPHA):
        raise ValueError(
            f"The source {source!r} comes with MobileNet(alpha={BUNDLED_ALPHA}) alone: "
            'load("mobilenet"), or take source="imagenet" or None.'
        )
    size = default if input_size is None else input_size
    if not isinstance(size, (int, np.integer)) or size < 32:
        raise ValueError(f"input_size must be a whole number from 32 up, not {size!r}.")
    return {**options, "input_shape": (int(size), int(size), 3)}


def _build(facts, weights, options, include_top=False):
    """Call the model's function; turn Keras's failures into sentences that help."""
    keras = import_keras()
    home = efficientnet_lite if facts["model"] == LITE0 else keras.applications
    make = getattr(home, facts["model"])
    try:
        return make(weights=weights, include_top=include_top, **options)
    except Exception as problem:
        said = str(problem)
        if "URL fetch failure" in said:
            raise ConnectionError(
                f"Keras could not download the ImageNet weights of {facts['model']}. "
                'Without a network take source="imagenet_distilled", or connect and '
                "try again."
            ) from None
        if weights == "imagenet" and isinstance(problem, OSError):
            raise OSError(
                f"Keras could not store or read the ImageNet weights of "
                f"{facts['model']} ({said.splitlines()[0]}). Delete its file in "
                "~/.keras/models (or in $KERAS_HOME/models), see that the folder can "
                "be written to, and try again."
            ) from None
        raise


def bundled_files(source):
    """Where the weights and the card of a bundled source lie; two paths."""
    stem = where("weights") / f"mobilenet_{source}"
    return stem.with_suffix(".weights.h5"), stem.with_suffix(".json")


def _bundled(source):
    """Path of the weights and the card of a bundled source, once checked."""
    weights, card = bundled_files(source)
    try:
        facts = json.loads(card.read_text(encoding="utf-8"))
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    except (OSError, ValueError):
        facts, digest = {}, None
    if digest is None or digest != facts.get("sha256"):
        raise ValueError(
            f"The bundled weights {source!r} are missing or damaged ({weights}). "
            "Install the course again: pip install --force-reinstall --no-deps tlcourse"
        )
    return str(weights), facts


def file(name="efficientnet_lite0"):
    """Write EfficientNet-Lite0 as a ``.keras`` file, once; for plain Keras.

    ``keras.saving.load_model`` opens it. It has no top and takes pictures
    (n, height, width, 3) of any size, 0-255, unscaled.

    Parameters
    ----------
    name : {"efficientnet_lite0"}
        The only model with weights that keras.applications does not have.

    Returns
    -------
    str
        The path, in the user's cache.

    Raises
    ------
    OSError, ValueError
        If its weights are not installed or damaged.
    """
    model = _facts(name)["model"]
    if model != LITE0:
        raise ValueError(
            f'In plain Keras keras.applications.{model}(weights="imagenet") gives that '
            "model: file is for efficientnet_lite0."
        )
    digest = efficientnet_lite.SHA256[:8]
    path = cache_folder("models") / f"efficientnet_lite0_no_top_{digest}.keras"
    if not path.exists():
        model = efficientnet_lite.EfficientNetLite0("imagenet", include_top=False)
        with draft_of(path) as draft:
            model.save(draft)
    return str(path)


def _imagenet_card(facts):
    if facts["model"] == LITE0:
        made = {"from": efficientnet_lite.PACKAGE, "licence": "Apache-2.0"}
    else:
        made = {"from": "keras.applications"}
    return {
        "source": "imagenet",
        "architecture": facts["model"],
        "task": "tell the 1000 classes of ImageNet apart (1.28 million photographs)",
        "score": {"top-1 accuracy of the full-size model": facts["top1"]},
        **made,
    }


def output_of(model, block):
    """Give the symbolic tensor that a block puts out in a model or a copy of it."""
    (output,) = (x.output for x in model.operations if x.name == block.output)
    return output


def _narrow(model):
    """Names of the operations at which the graph narrows to a single tensor."""
    readers = read_by(model)
    position = {name: i for i, name in enumerate(readers)}
    narrow, furthest = set(), 0
    for i, (name, later) in enumerate(readers.items()):
        if furthest <= i:  # nothing before this operation is read after it
            narrow.add(name)
        furthest = max([furthest, *(position[reader] for reader in later)])
    return narrow


def blocks_of(model):
    """Gather the layers of a model that puts out maps into blocks.

    A model of keras.applications is known by the names of its layers. In any other one
    a block is a stretch of one height, as far as the graph narrows there.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential.

    Returns
    -------
    tuple of Block
    """
    names = [layer.name for layer in model.layers]

    def fit(family):
        found = [re.search(_FAMILIES[family], name) for name in names]
        # Of "block1" and "block10" the pattern knows best that tells them apart.
        return sum(map(bool, found)), len({x[0] for x in found if x})

    best = max(_FAMILIES, key=fit)
    return _blocks(model, best if fit(best)[1] >= 4 else None)


def _blocks(model, family):
    """Gather a model's layers into named blocks; a tuple of `Block`.

    A block ends where the graph narrows to one tensor, so that a model can be cut
    between any two. NASNet never narrows: each cell reads the two before it.
    """
    narrow, heights = _narrow(model), []
    gathered, segment, current = {}, [], "stem"
    for operation in model.operations:
        segment.append(operation)
        # Padding serves the convolution after it: it opens a block, ends none.
        padding = type(operation).__name__ == "ZeroPadding2D"
        if (operation.name not in narrow or padding) and family != "nasnet":
            continue
        if family is None:
            current = _stage_name(operation, heights)
        else:
            names = (_block_name(each.name, family) for each in reversed(segment))
            current = next((name for name in names if name), current)
        gathered.setdefault(current, []).extend(segment)
        segment = []
    names = list(gathered)
    if len(names) > 1 and _parameters(gathered[names[0]]) == 0:
        # Padding and scaling alone are no block: they open the next one.
        gathered[names[1]] = gathered.pop(names[0]) + gathered[names[1]]
        gathered = {name: gathered[name] for name in names[1:]}
    first, layer = model.operations[0], import_keras().layers.Layer
    return tuple(
        Block(
            name,
            # Keras renames the input layer whenever a model is copied.
            tuple(x.name for x in parts if isinstance(x, layer) and x is not first),
            _parameters(parts),
            parts[-1].name,
        )
        for name, parts in gathered.items()
    )


def _parameters(operations):
    """Number of weights of those that are layers."""
    layer = import_keras().layers.Layer
    return sum(x.count_params() for x in operations if isinstance(x, layer))


def _stage_name(operation, heights):
    """Name the block of a model of no known family: what has one height is a block."""
    height = operation.output.shape[1]
    if height not in heights:
        heights.append(height)
    return f"block{len(heights)}"


def _block_name(layer, family):
    """Name of the block that a layer's name tells, or None."""
    found = re.search(_FAMILIES[family], layer)
    if not found:
        return None
    if family == "convnext":  # stage 1 begins by halving: downsampling block 0
        stage, halving = found.groups()
        return f"stage{stage or int(halving) + 1}"
    part = next(group for group in found.groups() if group)
    if family == "densenet":
        return f"conv{part}" if part != "1" else "stem"
    if family == "nasnet":
        return (
            part if part.startswith("stem") else f"cell_{part.removeprefix('reduce_')}"
        )
    return f"block{part}" if part.isdigit() else re.sub("(?i)conv_1$", "top", part)


@functools.cache
def _facts(name):
    """Row of the catalogue for a model's name in any spelling, as a dict."""
    table = catalogue()
    wanted = re.sub(r"[\s_-]", "", str(name)).lower()
    row = table[table["model"].str.lower() == wanted]
    if row.empty:
        raise ValueError(
            f"There is no model {name!r}. tl.backbones.catalogue() lists them: "
            f"{', '.join(table['model'][:8])} and {len(table) - 8} more."
        )
    return row.iloc[0].to_dict()


def catalogue():
    """List keras.applications and EfficientNet-Lite0, with the figures that are known.

    Returns
    -------
    pandas.DataFrame
        A row a model: ``model``, ``family`` (its module in keras.applications),
        ``parameters`` (millions, with top), ``megabytes``, ``top1`` (ImageNet
        validation accuracy, 0-1), ``depth`` (layers with weights, by Keras's count),
        ``input_size`` (pixels) and ``blocks`` (counted by this module). Empty where
        Keras gives no figure. Source: keras.io/api/applications; of
        EfficientNet-Lite0, its makers.
    """
    import pandas  # here, because it takes half a second

    return pandas.read_csv(pathlib.Path(__file__).with_name("catalogue.csv"))
