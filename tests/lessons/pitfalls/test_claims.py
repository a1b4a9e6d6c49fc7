"""What the lesson says of wrong cues, confidence, sources that hurt and forgetting."""

import dataclasses
import functools
import gc

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import interval, load_backbone
from tests.lessons.measured import flat
from tlcourse.quiet import import_keras

RESTS_ON = ("report",)
PX = 64
KINDS, PLACES = ("Braeburn", "Granny Smith"), ("studio", "orchard")
STRENGTHS = (0.5, 0.8, 0.9, 0.95, 1.0)
PER_KIND = 40
WAYS = ("as collected", "each slice weighs the same", "the middle alone")


def part(place, split):
    return getattr(tl.datasets.load("apples", domain=place), split)


def middle(images):
    """The lesson's one line of preprocessing: cut the edges off."""
    return images[:, 12:-12, 12:-12]


@functools.cache
def backbone(source="imagenet", seed=0):
    return tl.backbones.load(source=source, input_size=PX, seed=seed)


@functools.cache
def two_kinds(place, split):
    """The pictures of both kinds, and their labels."""
    task = tl.datasets.load("apples", domain=place)
    some, numbers = getattr(task, split), [task.classes.index(each) for each in KINDS]
    rows = np.isin(some.labels, numbers)
    return some.images[rows], (some.labels[rows] == numbers[1]).astype(int)


@functools.cache
def view(place, split, see, change=None):
    """Features or pixels of both kinds, whole or of the middle."""
    images, _ = two_kinds(place, split)
    images = images if change is None else change(images)
    return flat(images[:, ::2, ::2]) if see == "pixels" else backbone().features(images)


# --- a wrong cue ----------------------------------------------------------------------


def collected(strength, seed):
    """Label, place and rows of the training pictures of two farms."""
    rng = np.random.default_rng(seed)
    for label, home in enumerate(PLACES):
        usual = round(strength * PER_KIND)
        for place in PLACES:
            rows = np.flatnonzero(two_kinds(place, "train")[1] == label)
            count = usual if place == home else PER_KIND - usual
            yield label, place, rng.permutation(rows)[:count]


def cue_head(strength, seed, see, way):
    """A head on what two farms sent."""
    change = middle if way == "the middle alone" else None
    x, y, weights = [], [], []
    for label, place, rows in collected(strength, seed):
        if len(rows):
            x.append(view(place, "train", see, change)[rows])
            y += [label] * len(rows)
            weights += [PER_KIND / len(rows)] * len(rows)
    given = {"classify__sample_weight": np.array(weights)} if "weighs" in way else {}
    return tl.probes.linear_probe().fit(np.concatenate(x), y, **given)


def cue_rows(answers, see, way, strength):
    """Accuracy by slice; answers of a place's test split, as labels 0 and 1."""
    for place in PLACES:
        labels, said = two_kinds(place, "test")[1], answers(place)
        for label, kind in enumerate(KINDS):
            right = said[labels == label] == label
            yield {
                "sees": see, "way": way, "strength": strength, "kind": kind,
                "place": place, "value": float(right.mean()),
            }  # fmt: skip


def measure_cue(seed, part):
    if part == "fine-tuned":
        return list(cue_tuned(seed))
    found = []
    for see in ("EfficientNet-Lite0", "pixels"):
        for way in WAYS:
            change = middle if way == "the middle alone" else None
            for strength in STRENGTHS:
                head = cue_head(strength, seed, see, way)
                found += cue_rows(
                    lambda place, head=head, change=change, see=see: head.predict(
                        view(place, "test", see, change)
                    ),
                    see, way, strength,
                )  # fmt: skip
    return found


def cue_tuned(seed):
    """The last three blocks learn, too, from what was collected."""
    x, y = [], []
    for label, place, rows in collected(1.0, seed):
        x.append(two_kinds(place, "train")[0][rows])
        y += [label] * len(rows)
    sent = tl.datasets.Split(np.concatenate(x), np.array(y))
    unseen = tl.datasets.Split(*two_kinds("studio", "test"))
    task = dataclasses.replace(
        tl.datasets.load("apples"), classes=KINDS, train=sent, val=unseen, test=unseen
    )
    net = backbone()
    plans = [tl.FreezePlan.features(net), tl.FreezePlan.last(net, 3, body_rate=3e-4)]
    run = tl.transfer(
        net, task, plans, [10, 8], seed, validate=False, show_progress=False
    )

    def answers(place):
        return run.predict(two_kinds(place, "test")[0]).argmax(axis=1)

    yield from cue_rows(answers, "EfficientNet-Lite0", "fine-tuned", 1.0)


# --- a new place: confidence, forgetting ----------------------------------------------


def of_studio(seed):
    """The lesson's studio model, its head trained on features: a network and a head."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    head = keras.Sequential(
        [keras.Input((1280,)), keras.layers.Dense(8, activation="softmax")]
    )
    train = few_apples("studio", seed)
    learn(head, backbone().features(train.images), train.labels, 1e-2, 20)
    return backbone(), head


def few_apples(place, seed):
    return tl.datasets.load("apples", per_class=20, domain=place, seed=seed).train


def learn(model, x, labels, rate, epochs):
    adam = import_keras().optimizers.Adam(rate)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, labels, epochs=epochs, verbose=0)


def whole_model(head):
    """Put the head on a base whose blocks train, but for BatchNorm."""
    keras = import_keras()
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    inputs = keras.Input((PX, PX, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(base(inputs))
    model = keras.Model(inputs, keras.layers.Dense(8, activation="softmax")(pooled))
    model.layers[-1].set_weights(head.get_weights())
    return model


def measure_new_place(seed, part_of_it):
    net, head = of_studio(seed)
    if part_of_it == "confidence":
        return list(confidence_rows(net, head))
    model = whole_model(head)
    before = model.get_weights()
    new, old = few_apples("orchard", seed), few_apples("studio", seed)
    learn(model, new.images, new.labels, 3e-4, 8)
    after, rows = model.get_weights(), []
    for share in (0, 0.25, 0.5, 0.75, 1):
        mixed = zip(before, after, strict=True)
        model.set_weights([(1 - share) * b + share * a for b, a in mixed])
        rows += place_rows(f"{share:.0%} of the way", model)
    model.set_weights(before)
    images = np.concatenate([old.images, new.images])
    labels = np.concatenate([old.labels, new.labels])
    learn(model, images, labels, 3e-4, 4)  # as many steps
    rows += place_rows("both places", model)
    del model
    gc.collect()
    return rows


def place_rows(way, model):
    for place in PLACES:
        test = part(place, "test")
        score = float(model.evaluate(test.images, test.labels, verbose=0)[1])
        yield row(place, "accuracy", score, way)


def confidence_rows(net, head):
    """Accuracy, confidence and ECE, before and after a temperature of the studio."""

    def said(place, split):
        some = part(place, split)
        return head.predict(net.features(some.images), verbose=0), some.labels

    of_studio = tl.report.temperature(*said("studio", "val"))
    yield row("studio", "temperature", of_studio, "trained")
    for place in PLACES:
        of_place = tl.report.temperature(*said(place, "val"))
        ways = {"as trained": 1, "temperature of the studio": of_studio}
        ways["temperature of the place"] = of_place
        chances, labels = said(place, "test")
        right = float((chances.argmax(axis=1) == labels).mean())
        yield row(place, "accuracy", right, "trained")
        for way, factor in ways.items():
            cool = tl.report.cooled(chances, factor)
            yield row(place, "ECE", tl.report.ece(cool, labels), way)
            yield row(place, "confidence", float(cool.max(axis=1).mean()), way)


def row(place, what, value, way):
    return {"way": way, "place": place, "what": what, "value": value}


# --- does the source help? ------------------------------------------------------------

TARGETS = {"digits": None, "apples": "orchard"}
FEW = 10


def target_only():
    """Models that know nothing but the target's pixels."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    return {
        "pixels, linear": tl.probes.linear_probe(),
        "pixels, SVM": SVC(C=10),
        "pixels, nearest": KNeighborsClassifier(1),
        "pixels, forest": RandomForestClassifier(300, random_state=0),
    }


@functools.cache
def whole(target, source, split, seed=0):
    images = getattr(tl.datasets.load(target, domain=TARGETS[target]), split).images
    if source == "pixels":
        return flat(images) / 255
    net = load_backbone("glyphs") if source == "glyphs" else backbone(source, seed)
    return net.features(images)


def measure_gap(seed, part):
    target = part if part in TARGETS else "digits"
    task = tl.datasets.load(target, domain=TARGETS[target])
    few = tl.datasets.few(task.train.labels, FEW, seed, task.name)
    if part == "fine-tuned":
        return list(gap_tuned(seed))
    sources = {"frozen ImageNet": "imagenet", "frozen random weights": None}
    if target == "digits":
        sources["frozen glyphs"] = "glyphs"
    found = []
    for way, source in sources.items():
        drawn = seed if source is None else 0
        x, *unseen = (
            whole(target, source, split, drawn) for split in ("train", "val", "test")
        )
        head = tl.probes.linear_probe().fit(x[few], task.train.labels[few])
        found += gap_rows(target, way, head.predict, *unseen)
    x, *unseen = (whole(target, "pixels", split) for split in ("train", "val", "test"))
    for way, model in target_only().items():
        model.fit(x[few], task.train.labels[few])
        found += gap_rows(target, way, model.predict, *unseen)
    return found


def gap_rows(target, way, predict, *unseen):
    task = tl.datasets.load(target, domain=TARGETS[target])
    for split, x in zip(("val", "test"), unseen, strict=True):
        right = predict(x) == getattr(task, split).labels
        yield {
            "target": target, "way": way, "split": split, "value": float(right.mean())
        }  # fmt: skip


def gap_tuned(seed):
    task = tl.datasets.load("digits", per_class=FEW, seed=seed)
    net = backbone()
    plans = [tl.FreezePlan.features(net), tl.FreezePlan.all(net, body_rate=3e-4)]
    run = tl.transfer(
        net, task, plans, [5, 10], seed, validate=False, show_progress=False
    )
    unseen = (getattr(task, split).images for split in ("val", "test"))
    yield from gap_rows(
        "digits", "fine-tuned ImageNet", lambda x: run.predict(x).argmax(1), *unseen
    )
    gc.collect()


# --- few labels -----------------------------------------------------------------------


SIZES = ("5 labels", "20 labels", "60 labels")  # per class; 60 are all


def measure_few(seed, labels):
    net, count = backbone(), int(labels.split()[0])
    task = tl.datasets.load("apples", per_class=count, domain="orchard", seed=seed)
    plan = tl.FreezePlan.features(net)
    history = tl.transfer(net, task, plan, 30, seed, show_progress=False).history
    low = int(np.argmin(history["val_loss"]))
    measured = {
        "training accuracy": history["accuracy"][-1],
        "validation accuracy": history["val_accuracy"][-1],
        "accuracy at the lowest": history["val_accuracy"][low],
        "training loss": history["loss"][-1],
        "validation loss": history["val_loss"][-1],
        "lowest validation loss": history["val_loss"][low],
        "epoch of the lowest": low + 1,
    }
    return [
        {"labels": count, "what": what, "value": float(value)}
        for what, value in measured.items()
    ]


# --- the claims -----------------------------------------------------------------------


@pytest.fixture
def cue(evidence):
    table = evidence("pitfalls.cue", measure_cue, parts=("frozen", "fine-tuned"))
    keys = ["sees", "way", "strength", "kind", "place", "seed"]
    return table.set_index(keys)["value"].sort_index()


@pytest.fixture
def new_place(evidence):
    parts = ("confidence", "forgetting")
    table = evidence("pitfalls.new_place", measure_new_place, parts=parts)
    keys = ["what", "way", "place", "seed"]
    return table.set_index(keys)["value"].sort_index()


@pytest.fixture
def gap(evidence):
    parts = ("apples", "digits", "fine-tuned")
    table = evidence("pitfalls.gap", measure_gap, parts=parts)
    keys = ["target", "split", "way", "seed"]
    return table.set_index(keys)["value"].sort_index()


@pytest.fixture
def few(evidence):
    table = evidence("pitfalls.few", measure_few, parts=SIZES)
    return table.pivot_table("value", "seed", ["what", "labels"])


def worst(cue, sees, way, strength):
    """The worst slice's accuracy, by seed."""
    return cue[sees, way, strength].groupby("seed").min()


NET, PIXELS = "EfficientNet-Lite0", "pixels"
COLLECTED, WEIGHED, MIDDLE = WAYS


def test_red_apples_in_the_orchard_are_called_green_and_a_test_taken_alike_is_not(cue):
    for sees in (NET, PIXELS):
        rows = cue[sees, COLLECTED, 1.0].unstack("seed")
        for kind, place in zip(KINDS, PLACES, strict=True):
            assert rows.loc[kind, place].min() > 0.95
    rows = cue[NET, COLLECTED, 1.0].unstack("seed")
    assert (rows.loc["Braeburn", "orchard"] < 0.6).all()
    assert (rows.idxmin() == ("Braeburn", "orchard")).all()


def test_what_helps_most_is_a_cut_or_pictures_of_both_places_and_not_fine_tuning(cue):
    as_sent = worst(cue, NET, COLLECTED, 1.0)
    assert interval(worst(cue, NET, MIDDLE, 1.0) - as_sent)[0] > 0.3
    assert interval(worst(cue, NET, "fine-tuned", 1.0) - as_sent)[0] < 0.05
    assert worst(cue, NET, WEIGHED, 1.0).equals(as_sent)  # no slice to weigh
    few = worst(cue, NET, COLLECTED, 0.95)
    assert interval(few - as_sent)[0] > 0.1
    assert interval(worst(cue, NET, WEIGHED, 0.95) - few)[0] > 0
    half = worst(cue, NET, COLLECTED, 0.5)
    assert half.mean() > 0.97
    for strength in STRENGTHS:  # the simple opponent
        ahead = worst(cue, NET, COLLECTED, strength)
        assert ahead.mean() > worst(cue, PIXELS, COLLECTED, strength).mean()


def test_a_temperature_of_the_studio_mends_the_studio_and_not_the_orchard(new_place):
    value = new_place
    drop = (
        value["accuracy", "trained", "studio"] - value["accuracy", "trained", "orchard"]
    )
    assert (drop > 0.2).all()
    ece = value["ECE"].unstack("way")
    of_studio = "temperature of the studio"
    assert ece.loc["studio", of_studio].max() < 0.06
    assert (ece.loc["orchard", of_studio] > 0.2).all()
    gain = (
        ece.loc["orchard", of_studio] - ece.loc["orchard", "temperature of the place"]
    )
    assert (gain > 0.1).all()


def test_the_studio_is_forgotten_old_pictures_help_and_the_mean_of_weights_not(
    new_place,
):
    value = new_place["accuracy"].unstack("place")
    before, half, after = (value.loc[f"{x}% of the way"] for x in (0, 50, 100))
    assert interval(before["studio"] - after["studio"])[0] > 0.03
    assert interval(after["orchard"] - before["orchard"])[0] > 0.15
    for place in PLACES:  # in neither place better than the end of the way
        assert half[place].mean() < after[place].mean()
    both = value.loc["both places"]
    assert interval(both["studio"] - after["studio"])[0] > 0
    assert both["studio"].mean() > before["studio"].mean() - 0.07
    assert interval(both["orchard"] - before["orchard"])[0] > 0.1


def best_alone(gap, target):
    """Test accuracy of the best model on pixels, chosen on validation, by seed."""
    mean = gap[target, "val"].groupby("way").mean()
    best = mean[mean.index.str.startswith("pixels")].idxmax()
    return gap[target, "test", best]


def test_on_digits_frozen_imagenet_loses_to_pixels_and_is_no_better_than_random(gap):
    of = gap["digits", "test"]
    frozen, alone = of["frozen ImageNet"], best_alone(gap, "digits")
    assert 0.13 < (alone - frozen).mean() < 0.17  # '15 points'
    assert interval(alone - frozen)[0] > 0.1
    assert (of["frozen random weights"] - frozen).mean() > 0.02
    assert interval(of["frozen random weights"] - frozen)[0] > -0.02
    assert interval(of["fine-tuned ImageNet"] - frozen)[0] > 0.05
    assert interval(alone - of["fine-tuned ImageNet"])[0] > 0
    assert interval(of["frozen glyphs"] - alone)[0] > 0


def test_frozen_imagenet_wins_on_apples(gap):
    frozen, alone = gap["apples", "test", "frozen ImageNet"], best_alone(gap, "apples")
    assert 0.17 < (frozen - alone).mean() < 0.21  # '19 points'
    for other in (alone, gap["apples", "test", "frozen random weights"]):
        assert interval(frozen - other)[0] > 0.1


def test_on_five_labels_the_loss_rises_and_the_accuracy_does_not_fall(few):
    assert few["training accuracy", 5].min() > 0.97
    apart = few["training accuracy", 5] - few["validation accuracy", 5]
    assert apart.min() > 0.2
    rise = few["validation loss", 5] - few["lowest validation loss", 5]
    assert interval(rise)[0] > 0
    fall = few["accuracy at the lowest", 5] - few["validation accuracy", 5]
    assert fall.mean() < 0.03
    for fewer, more in ((5, 20), (20, 60)):
        gain = few["validation accuracy", more] - few["validation accuracy", fewer]
        assert interval(gain)[0] > 0
