"""What the lesson says of freezing, forgetting and BatchNorm."""

import functools
import gc

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import defined, interval, load_backbone
from tests.lessons.measured import flat, red, trained
from tlcourse.quiet import import_keras

EPOCHS, DEPTHS, SIZES = 10, (0, 6, 14), (2, 10)
NEAR, FAR = "glyphs", "fractals"
PARTS = ("depths", "other plans")  # a test run repeats the first


def depths(backbone, seed):
    """The lesson's heat map, one draw: accuracy by size and depth, and the runs."""
    runs = {
        (size, k): trained(
            backbone, "digits", tl.FreezePlan.last(backbone, k), size, seed, EPOCHS
        )
        for k in DEPTHS
        for size in SIZES
    }
    rows = [
        row(backbone.source, f"last {k}", on_validation(run), labels=size)
        for (size, k), run in runs.items()
    ]
    return rows, runs


def on_validation(run):
    """Accuracy on the validation split: depths are choices, and test is for the end."""
    val = tl.datasets.load("digits").val
    return float((run.predict(val.images).argmax(1) == val.labels).mean())


def on_pixels(seed):
    """The lesson's simple opponent: a linear head on the digits' pixels."""
    rows, val = [], tl.datasets.load("digits").val
    for size in SIZES:
        train = tl.datasets.load("digits", per_class=size, seed=seed).train
        head = tl.probes.linear_probe().fit(red(train.images), train.labels)
        score = head.score(red(val.images), val.labels)
        rows.append(row("pixels", "linear head", float(score), labels=size))
    return rows


def row(source, plan, value, labels=10, measured="digits"):
    return {
        "source": source, "plan": plan, "labels": labels,
        "measured": measured, "value": value,
    }  # fmt: skip


def gentle(near):
    """Plan and epochs: all blocks train, in ways that are said to keep the source."""
    free = tl.FreezePlan.all
    probed = free(near).after_probe()
    return {
        "small steps": (free(near, body_rate=1e-4, head_rate=1e-2), EPOCHS),
        "decay": (free(near, decay=0.5), EPOCHS),
        "probe first": (probed, [5, EPOCHS]),
        "probe first, same epochs": (probed, EPOCHS),
        "gradual": (tl.FreezePlan.gradual(near), EPOCHS),
        "large steps": (free(near, body_rate=1e-2), EPOCHS),
    }


def old_head(near):
    """A function of a run: how many glyphs the head from before still reads."""
    glyphs, head = tl.datasets.load("glyphs", per_class=10), tl.probes.linear_probe()
    head.fit(near.features(glyphs.train.images), glyphs.train.labels)

    def remembers(run):
        return head.score(run.tuned.features(glyphs.test.images), glyphs.test.labels)

    return remembers


def far_choices(far):
    """Plan, labels and epochs; the first two as in exercise freezing.1."""
    names, plan = [block.name for block in far.blocks], tl.FreezePlan
    slow = plan.all(far, body_rate=1e-4, head_rate=1e-2)
    return {
        "first 8": (plan.blocks(far, names[:8]), 20, 20),
        "last 8": (plan.last(far, 8), 20, 20),
        "all, BatchNorm trains": (plan.all(far, batchnorm="train"), 10, EPOCHS),
        "all, small steps": (slow, 10, EPOCHS),
    }


def measure_depths(seed, part):
    near, far = load_backbone(NEAR), load_backbone(FAR)
    if part == "depths":
        return depths(far, seed)[0]
    scratch = trained(near, "digits", tl.FreezePlan.scratch(near), 10, seed, EPOCHS)
    rows = [row("none", "scratch", on_validation(scratch))]
    for name, (plan, labels, epochs) in far_choices(far).items():
        run = trained(far, "digits", plan, labels, seed, epochs)
        rows.append(row(FAR, name, on_validation(run), labels=labels))
    return rows


def measure_forgetting(seed, part):
    near = load_backbone(NEAR)
    remembers = old_head(near)
    if part == "depths":
        rows, runs = depths(near, seed)
        rows += on_pixels(seed)
        runs = {f"last {k}": runs[10, k] for k in DEPTHS}
    else:
        runs = {
            name: trained(near, "digits", plan, 10, seed, epochs)
            for name, (plan, epochs) in gentle(near).items()
        }
        rows = [row(NEAR, name, on_validation(run)) for name, run in runs.items()]
    return rows + [
        row(NEAR, name, remembers(run), measured="glyphs") for name, run in runs.items()
    ]


def measure_apples(seed, part):
    """The lesson's two phases, and its opponents, on another draw of the pictures."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    folder = tl.datasets.folder("apples", "orchard", per_class=20, seed=seed)
    read = functools.partial(
        keras.utils.image_dataset_from_directory, image_size=(96, 96), verbose=False
    )
    train = read(folder / "train", seed=seed)
    unseen = {name: read(folder / name, shuffle=False) for name in ("val", "test")}
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    pictures = keras.Input((96, 96, 3))
    features = keras.layers.GlobalAveragePooling2D()(base(pictures))
    chances = keras.layers.Dense(8, activation="softmax")(features)
    model, rows = keras.Model(pictures, chances), []

    def fit(way, rate, epochs, *callbacks):
        adam = keras.optimizers.Adam(rate)
        model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(
            train, validation_data=unseen["val"], epochs=epochs, shuffle=False,
            callbacks=callbacks, verbose=0,
        )  # fmt: skip
        for name, data in unseen.items():
            score = float(model.evaluate(data, verbose=0)[1])
            rows.append({"way": way, "split": name, "value": score})

    base.trainable = False
    fit("frozen", 1e-2, 10)
    head = model.get_weights()
    for still in (True, False) if part == "BatchNorm trains" else (True,):
        model.set_weights(head)
        base.trainable = True
        for layer in base.layers:
            if still and isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        stop = keras.callbacks.EarlyStopping(
            "val_accuracy", patience=4, restore_best_weights=True
        )
        fit("fine-tuned" if still else "BatchNorm trains", 3e-4, 12, stop)
    x, y = _arrays(train)
    pixels = tl.probes.linear_probe().fit(flat(x), y)
    for name, data in unseen.items():
        x, y = _arrays(data)
        score = float(pixels.score(flat(x), y))
        rows.append({"way": "pixels", "split": name, "value": score})
    gc.collect()
    if part == "BatchNorm trains":
        return [each for each in rows if each["way"] == part]
    return rows


def _arrays(data):
    images, labels = zip(*data.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def by_hand(backbone, freeze_batchnorm):
    """The lesson's plain Keras: a base, and a model that is yet to compile."""
    keras, lesson = import_keras(), defined("freezing", "copy", "norms")
    base = lesson["copy"](backbone)
    for norm in lesson["norms"](base):
        norm.trainable = not freeze_batchnorm
    inputs = keras.Input(base.input.shape[1:])
    pooled = keras.layers.GlobalAveragePooling2D()(base(inputs))
    return base, keras.Model(inputs, keras.layers.Dense(2)(pooled))


def compiled(model):
    return defined("freezing", "compiled")["compiled"](model)


def measure_batchnorm(seed):
    backbone = load_backbone("imagenet_distilled")
    task, rows = tl.datasets.load("faces", per_class=10, seed=seed), []
    train, test = (backbone.preprocess(x.images) for x in (task.train, task.test))
    averages = defined("freezing", "norms", "averages")["averages"]
    for freeze in (False, True):
        import_keras().utils.set_random_seed(seed)
        base, model = by_hand(backbone, freeze)
        before = averages(base)
        compiled(model).fit(
            train, task.train.labels, batch_size=20, epochs=3, verbose=0
        )
        pairs = zip(before, averages(base), strict=True)
        moved = np.mean([(a != b).any() for a, b in pairs])
        accuracy = model.evaluate(test, task.test.labels, verbose=0)[1]
        name = "frozen" if freeze else "free"
        for what, value in (("moved", float(moved)), ("accuracy", accuracy)):
            rows.append({"batchnorm": name, "measured": what, "value": value})
    return rows


@pytest.fixture
def far(evidence):
    table = evidence("freezing.far", measure_depths, parts=PARTS)
    return table.set_index(["plan", "labels", "seed"])["value"]


@pytest.fixture
def near(evidence):
    table = evidence("freezing.near", measure_forgetting, parts=PARTS)
    return table.set_index(["measured", "plan", "labels", "seed"])["value"]


APPLES = ("two phases", "BatchNorm trains")


def test_on_apples_fine_tuning_adds_to_a_frozen_one_whatever_batchnorm_does(evidence):
    table = evidence("freezing.apples", measure_apples, parts=APPLES)
    test = table[table["split"] == "test"].pivot(index="seed", columns="way")["value"]
    gain = test["fine-tuned"] - test["frozen"]
    assert 0.03 < gain.mean() < 0.07 and interval(gain)[0] > 0  # 'about five points'
    assert (test["frozen"] > test["pixels"] + 0.2).all()
    more = test["BatchNorm trains"] - test["fine-tuned"]
    low, high = interval(more)  # five draws can tell no difference
    assert abs(more.mean()) < 0.03 and low < 0 < high


def test_near_frozen_is_as_good_as_any_and_far_all_blocks_help_most(near, far):
    mean = near["digits"].groupby(["plan", "labels"]).mean()
    for k in (6, 14):
        assert mean["last 0", 2] > mean[f"last {k}", 2] + 0.01
        assert abs(mean["last 0", 10] - mean[f"last {k}", 10]) < 0.03
    mean = far.groupby(["plan", "labels"]).mean()
    for labels in SIZES:
        assert mean["last 0", labels] < 0.35
        assert max(DEPTHS, key=lambda k: mean[f"last {k}", labels]) == 14
    gain = mean["last 14"] - mean["last 0"]
    assert 0.05 < gain[2] < gain[10] - 0.1
    assert mean["last 6", 10] > mean["last 0", 10] + 0.05


def test_a_far_source_beats_none_by_its_first_blocks_if_batchnorm_trains(far):
    assert round(far["last 14", 10].mean(), 2) == 0.75
    assert round(far["scratch", 10].mean(), 2) == 0.38
    on_none = far["last 14", 10] - far["scratch", 10]
    on_the_last = far["first 8", 20] - far["last 8", 20]
    for ahead in (on_none, on_the_last):
        assert ahead.mean() > 0.1 and (ahead > 0).all()
    trains = far["all, BatchNorm trains", 10]
    assert round(trains.mean(), 2) == 0.85
    assert trains.mean() > far["last 14", 10].mean() + 0.03
    assert (far["all, small steps", 10] < far["last 14", 10]).all()


def test_near_with_a_head_alone_beats_pixels_and_they_far_with_everything(near, far):
    for labels in SIZES:
        head, pixels, everything = (
            near["digits", "last 0", labels],
            near["digits", "linear head", labels],
            far["last 14", labels],
        )
        assert (head > everything + 0.1).all()
        assert (head > pixels).all() and (pixels > everything).all()


def test_the_more_blocks_train_and_the_larger_the_steps_the_more_is_forgotten(near):
    mean = near.groupby(["measured", "plan", "labels"]).mean()
    glyphs, digits = mean["glyphs"].droplevel("labels"), mean["digits"].xs(10, level=1)
    kept = [glyphs[f"last {k}"] for k in DEPTHS]
    assert (np.diff(kept) < -0.04).all()
    assert kept[0] > 0.85 and kept[-1] < kept[0] - 0.3
    assert glyphs["small steps"] > glyphs["last 0"] - 0.06
    for plan in ("decay", "probe first"):
        assert glyphs["last 14"] + 0.1 < glyphs[plan] < glyphs["small steps"] - 0.03
    for plan in ("small steps", "decay", "probe first"):
        assert abs(digits[plan] - digits["last 14"]) < 0.03
    assert near["glyphs", "large steps"].max() < 0.2
    assert digits["large steps"] < 0.9
    for plan in ("probe first, same epochs", "gradual"):  # no help for the target
        assert digits[plan] < digits["last 14"] + 0.02


def test_batchnorm_frozen_layer_by_layer_stays_and_does_better(evidence):
    table = evidence("freezing.batchnorm", measure_batchnorm)
    value = table.set_index(["measured", "batchnorm", "seed"])["value"]
    assert (value["moved", "frozen"] == 0).all() and (value["moved", "free"] == 1).all()
    ahead = value["accuracy", "frozen"] - value["accuracy", "free"]
    assert ahead.mean() > 0.1 and value["accuracy", "frozen"].mean() > 0.85


def kernels_moved(base, model):
    """How many of the base's kernels move in a step on noise, by the lesson's count."""
    noise = np.random.default_rng(0).normal(size=(8, *model.input.shape[1:]))
    given = {"x_train": noise, "y_train": np.arange(8) % 2}
    return defined("freezing", "moving", **given)["moving"](base, model)


@pytest.mark.parametrize("first", [True, False], ids=["freeze", "set free"])
def test_flags_set_after_the_first_fit_wait_for_compile(first):
    """Either way round, and without a warning."""
    base, model = by_hand(load_backbone("imagenet_distilled"), True)
    norms = defined("freezing", "norms")["norms"](base)
    kernels = sum(1 for layer in base.layers if layer.weights) - len(norms)
    counts = {True: kernels, False: 0}

    def set_flags(trainable):
        base.trainable = trainable
        for norm in norms:
            norm.trainable = False

    set_flags(first)
    assert kernels_moved(base, compiled(model)) == counts[first]
    set_flags(not first)
    assert kernels_moved(base, model) == counts[first]  # ignored
    assert kernels_moved(base, compiled(model)) == counts[not first]


def test_true_reaches_the_layers_only_of_a_base_that_was_frozen_as_a_whole():
    keras = import_keras()
    base = keras.Sequential([keras.Input((3,)), *map(keras.layers.Dense, (2, 2))])
    base.layers[0].trainable = False
    base.trainable = True
    assert [layer.trainable for layer in base.layers] == [False, True]
    base.trainable = False
    base.trainable = True
    assert [layer.trainable for layer in base.layers] == [True, True]
