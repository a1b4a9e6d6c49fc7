"""Frozen work done once, against the pattern of the Keras guide; from a cold start.

    python tests/benchmarks/freezing.py [--json FILE]

MobileNetV2(0.35) at 96 px learns 500 handwritten digits for 20 epochs, in the two ways
side by side: a frozen base that runs in every epoch, as in the Keras guide 'Transfer
learning & fine-tuning', and `tlcourse.transfer`. Each training has a process of its
own, so that building, tracing and compiling count and so does the peak of its memory;
only the imports, the data and the backbone, the same for both, are there before the
clock starts. Both give the validation split's scores after every epoch and end with
the test split's. Accuracies are those of the test split.
"""

import pathlib
import resource
import statistics
import tempfile
import time

from measuring import command, in_new_process, interval

EPOCHS, BATCH, REPEATS = 20, 25, 3
SEEDS = range(REPEATS)


def blank():
    """MobileNetV2(0.35) at 96 px, of which no weights come with the course."""
    import tlcourse as tl

    return tl.backbones.load("MobileNetV2", source=None, alpha=0.35, input_size=96)


def pretrain(path):
    """Train on drawn signs for two minutes, so that an accuracy means something."""
    import numpy as np

    import tlcourse as tl

    backbone, glyphs = blank(), tl.datasets.load("glyphs")
    plan = tl.FreezePlan.all(backbone)
    run = tl.transfer(backbone, glyphs, plan, 8, validate=False, show_progress=False)
    np.savez(path, *run.tuned.model.get_weights())
    return {"accuracy": run.test_accuracy}


def load(path, seed):
    """The pre-trained backbone, and a task of 500 images."""
    import numpy as np

    import tlcourse as tl

    backbone = blank()
    with np.load(path) as weights:
        backbone.model.set_weights([weights[name] for name in weights])
    return backbone, tl.datasets.load("digits", per_class=50, seed=seed)


def guide(backbone, task, last, seed):
    """The Keras guide's pattern: the whole model in every epoch; gives an accuracy."""
    import keras

    keras.utils.set_random_seed(seed)
    base = backbone.model
    first = len(base.layers)
    if last:
        first = base.layers.index(base.get_layer(backbone.blocks[-last].layers[0]))
    for place, layer in enumerate(base.layers):
        batchnorm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = place >= first and not batchnorm
    inputs = keras.Input(base.input.shape[1:])
    x = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    model = keras.Model(inputs, keras.layers.Dense(len(task.classes))(x))
    model.compile(
        keras.optimizers.Adam(1e-3 if last else 1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    splits = (task.train, task.val, task.test)
    train, val, test = ((backbone.preprocess(s.images), s.labels) for s in splits)
    model.fit(*train, batch_size=BATCH, epochs=EPOCHS, validation_data=val, verbose=0)
    return model.evaluate(*test, verbose=0, return_dict=True)["accuracy"]


def ours(backbone, task, last, seed):
    """The same by `transfer`; gives an accuracy."""
    import tlcourse as tl

    plan = tl.FreezePlan.last(backbone, last, batchnorm="frozen", body_rate=1e-3)
    run = tl.transfer(backbone, task, plan, EPOCHS, seed, show_progress=False)
    return run.test_accuracy


def train(path, way, last, seed):
    """Train once in this process."""
    backbone, task = load(path, int(seed))
    started = time.perf_counter()
    accuracy = {"guide": guide, "ours": ours}[way](backbone, task, int(last), int(seed))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"seconds": seconds, "megabytes": peak, "accuracy": accuracy}


def extract(path):
    """Time features from raw images: ours and Keras's own, over batch sizes."""
    backbone, task = load(path, 0)
    images, preprocess = task.train.images, backbone.preprocess
    model = backbone.model
    import keras

    pooled = keras.layers.GlobalAveragePooling2D()(model.output)
    model = keras.Model(model.input, pooled)

    def on_batch(size):
        for start in range(0, len(images), size):
            model.predict_on_batch(preprocess(images[start : start + size]))

    ways = {"ours": lambda: backbone.features(images)}
    for size in (16, 25, 32, 50, 64, 100, 125, 250, 500):
        ways[f"predict, {size} a batch"] = lambda size=size: model.predict(
            preprocess(images), batch_size=size, verbose=0
        )
        ways[f"predict_on_batch, {size} a batch"] = lambda size=size: on_batch(size)
    seconds = {name: [] for name in ways}
    for turn in range(9):  # in turns, so that another program disturbs all alike
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if turn >= 2:  # the first ones trace
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(s) for name, s in seconds.items()}


def side_by_side(path, last):
    """Train both ways for each seed, in turn; their figures by way."""
    found = {"guide": [], "ours": []}
    for seed in SEEDS:
        for way, runs in found.items():
            runs.append(in_new_process(__file__, "train", path, way, last, seed))
    return found


def report(name, found):
    """Print a table of both ways; the speed-ups and accuracies."""
    print(f"\n{name}, mean of {REPEATS} seeds (95 % interval)")
    print(f"{'':12}{'seconds':>16}{'peak MB':>14}{'accuracy':>16}")
    for way, runs in found.items():
        cells = [interval([run[key] for run in runs]) for key in runs[0]]
        (s, ds), (m, dm), (a, da) = cells
        print(f"{way:12}{s:9.2f} ±{ds:5.2f}{m:8.0f} ±{dm:4.0f}{a:9.3f} ±{da:5.3f}")
    pairs = zip(found["guide"], found["ours"], strict=True)
    ratio, reach = interval([g["seconds"] / o["seconds"] for g, o in pairs])
    print(f"{'speed-up':12}{ratio:9.2f} ±{reach:5.2f}")
    means = {w: interval([r["accuracy"] for r in runs]) for w, runs in found.items()}
    return ratio, reach, means


def measure(folder):
    """Measure and print all; the JSON's keys."""
    path = pathlib.Path(folder) / "weights.npz"
    signs = in_new_process(__file__, "pretrain", path)["accuracy"]
    print(f"Pre-trained on drawn signs: accuracy {signs:.2f} among 70 new to it")
    found = {"accuracy": {}, "interval": {}}
    for key, last, name in (
        ("all_frozen", 0, "All blocks frozen"),
        ("last_two_blocks", 2, "Last two blocks trained"),
    ):
        ratio, reach, means = report(name, side_by_side(path, last))
        found[f"{key}_speedup"] = ratio
        found["interval"][f"{key}_speedup"] = reach
        found["accuracy"][key] = {way: mean for way, (mean, _) in means.items()}
        found["interval"][key] = {way: half for way, (_, half) in means.items()}
    seconds = in_new_process(__file__, "extract", path)
    own = seconds.pop("ours")
    best = min(seconds, key=seconds.get)
    found["extraction_share_of_best"] = seconds[best] / own
    print(f"\nFeatures of 500 images: ours {own:.3f} s; Keras's best, {best}, ", end="")
    print(f"{seconds[best]:.3f} s: {seconds[best] / own:.0%} of the best speed")
    return found


if __name__ == "__main__":
    # In the folder stands what the steps, each a process of its own, hand on.
    with tempfile.TemporaryDirectory() as folder:
        steps = {"pretrain": pretrain, "train": train, "extract": extract}
        command(__doc__, lambda: measure(folder), **steps)
