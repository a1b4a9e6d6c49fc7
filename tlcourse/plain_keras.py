"""Write a FreezePlan as plain Keras code."""

from __future__ import annotations

import inspect

from tlcourse.backbones import BUNDLED, LITE0
from tlcourse.batchnorm import SMALLEST_BATCH
from tlcourse.quiet import import_keras

BATCH_SIZE = 25  # 100 labels make four full batches


def write(plan, classes, epochs, seed):
    """Write a plan as a short program in plain Keras.

    Parameters
    ----------
    plan : FreezePlan
    classes, epochs, seed : int

    Returns
    -------
    str
        See ``FreezePlan.as_keras``.
    """
    parts = [
        _imports(plan),
        _base(plan),
        _freezing(plan),
        _head(plan, classes),
        _training(plan, epochs, seed),
    ]
    return "\n".join(parts)


def _imports(plan):
    code = "import keras\nimport tensorflow as tf\n"
    if plan.backbone.source in BUNDLED and not plan.from_scratch:
        code += "from tlcourse.backbones import bundled_files\n"
    if plan.backbone.name == LITE0:
        code += "from tlcourse.efficientnet_lite import EfficientNetLite0\n"
    code += (
        f"\n# x_train: {plan.backbone.name}'s preprocessed images, "
        "y_train: their class numbers.\n"
    )
    return code + (_optimizer_class() if _has_many_rates(plan) else "")


def _optimizer_class():
    from tlcourse.blockwise_adam import BlockwiseAdam

    source = inspect.getsource(BlockwiseAdam)
    before, _, after = source.split('"""', 2)  # without the docstring
    return f"\n\n{before.rstrip()}\n    {after.lstrip()}\n"


def _base(plan):
    backbone = plan.backbone
    if backbone.scaling is not None:
        return "base = ...  # the model that tl.backbones.from_model was given\n"
    weights, later = "None", ""
    if plan.from_scratch or backbone.source is None:
        pass
    elif backbone.source == "imagenet":
        weights = '"imagenet"'
    elif backbone.source in BUNDLED:  # its file comes with the course
        weights = f'str(bundled_files("{backbone.source}")[0])'
    else:
        later = "\nbase.set_weights(run.tuned.model.get_weights())  # of an earlier run"
    options = {**backbone.options, "include_top": False}
    lines = [f"    {name}={value!r},\n" for name, value in options.items()]
    lines += [f"    weights={weights},\n"]
    place = "" if backbone.name == LITE0 else "keras.applications."
    return f"base = {place}{backbone.name}(\n{''.join(lines)}){later}"


def _freezing(plan):
    """What trains: ranges of layers, then what BatchNorm does."""
    ranges = " or ".join(f"{first} <= place <= {last}" for first, last in _ranges(plan))
    code = "for place, layer in enumerate(base.layers):\n"
    code += f"    layer.trainable = {ranges or 'False'}\n"
    if _drops_out(plan):
        code += (
            "    if isinstance(layer, keras.layers.Dropout) and not layer.trainable:\n"
            "        layer.rate = 0.0\n"
        )
    if not plan.trainable:
        return code
    code += "    if isinstance(layer, keras.layers.BatchNormalization)"
    if plan.batchnorm == "frozen":
        return f"{code}:\n        layer.trainable = False\n"
    code += f" and layer.trainable:\n        layer.momentum = {plan.momentum}\n"
    if plan.batchnorm == "adapt":
        code += (
            "        for variable in layer.trainable_variables:\n"
            "            variable.trainable = False\n"
        )
    return code


def _ranges(plan):
    """First and last place of each run of layers whose blocks train."""
    model = plan.backbone.model
    free = {
        name
        for block in plan.backbone.blocks
        if block.name in plan.trainable
        for name in block.layers
    }
    places = [i for i, layer in enumerate(model.layers) if layer.name in free]
    starts = [i for i in places if i - 1 not in places]
    ends = [i for i in places if i + 1 not in places]
    return list(zip(starts, ends, strict=True))


def _drops_out(plan):
    keras = import_keras()
    return any(
        isinstance(layer, keras.layers.Dropout) for layer in plan.backbone.model.layers
    )


def _head(plan, classes):
    code = "pooled = keras.layers.GlobalAveragePooling2D()(base.output)\n"
    if not plan.trainable:
        # One learning rate then suits every backbone.
        code += (
            "spread = keras.Model(base.input, pooled).predict(x_train).std()\n"
            "pooled = keras.layers.Rescaling(1 / float(spread))(pooled)\n"
        )
    return code + (
        f'head = keras.layers.Dense({classes}, kernel_initializer="zeros")\n'
        "model = keras.Model(base.input, head(pooled))\n"
    )


def _training(plan, epochs, seed):
    return f"""
{_optimizer(plan)}
model.compile(
    optimizer,
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
# A very small last batch would spoil BatchNorm's averages.
sizes = range({BATCH_SIZE}, 0, -1)
size = next(s for s in sizes if not 0 < len(x_train) % s < {SMALLEST_BATCH})
batches = tf.data.Dataset.from_tensor_slices((x_train, y_train))
batches = batches.shuffle(len(x_train), seed={seed}).batch(size).repeat()
steps = -(-len(x_train) // size)
model.fit(batches, epochs={epochs}, steps_per_epoch=steps, shuffle=False)
"""


def _has_many_rates(plan):
    return len({plan.head_rate, *plan.rates().values()} - {0.0}) > 1


def _optimizer(plan):
    if not _has_many_rates(plan):
        return f"optimizer = keras.optimizers.Adam({plan.head_rate:g})"
    rates = plan.rates()
    layers = plan.backbone.model.layers
    block_of = {name: b.name for b in plan.backbone.blocks for name in b.layers}
    first_of = {}  # the place of each training block's first layer
    for place, layer in enumerate(layers):
        block = block_of.get(layer.name)
        if block in plan.trainable:
            first_of.setdefault(block, place)
    table = "".join(
        f"    {place}: {rates[block]:.6g},  # {block}\n"
        for block, place in first_of.items()
    )
    return f"""# The learning rate of each block, by the place of its first layer.
rates = {{
{table}}}
scales = []
for place, layer in enumerate(base.layers):
    rate = rates[max([p for p in rates if p <= place], default=min(rates))]
    scales += [rate / {plan.head_rate:g}] * len(layer.trainable_variables)
optimizer = BlockwiseAdam(scales + [1.0, 1.0], learning_rate={plan.head_rate:g})"""
