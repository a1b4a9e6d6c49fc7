"""Printed digits to handwritten ones, by our methods and by the public library adapt.

    python tests/benchmarks/adaptation.py [--json FILE]

Each of five seeds draws 100 pictures of each printed digit, adapts the bundled backbone
`glyphs` to handwritten digits without their labels, and scores the handwritten test
split. Both libraries get the same pictures. The methods on features get the same
features of the frozen backbone and fit the same head; the deep ones train the same
network with Adam at the same rate for as many epochs of the same batches. The strength
of each method is its library's default. adapt's DeepCORAL gives its encoder no gradient
from the task, so it is no Deep CORAL in the sense of its paper.

`source_only` and `oracle` are linear heads on the frozen backbone; `fine_tuned` and
`oracle_fine_tuned` are networks that were trained throughout, without adaptation.
"""

import json
import sys
import time

from measuring import command, in_new_process, interval

PER_CLASS, SEEDS = 100, range(5)
BASELINES = ("source_only", "fine_tuned")
ON_FEATURES = (
    "importance_weighting", "subspace_alignment", "coral", "optimal_transport",
    "pseudo_labels", "adabn", "tent",
)  # fmt: skip
DEEP = ("deep_coral", "mmd", "dann")
# Their names in adapt.
SHALLOW_THERE = {
    "importance_weighting": "IWC",
    "subspace_alignment": "SA",
    "coral": "CORAL",
}
DEEP_THERE = {"deep_coral": "DeepCORAL", "dann": "DANN"}


def one_seed(seed):
    """Run every method once; accuracy and seconds by library and method."""
    import tlcourse as tl

    backbone = tl.backbones.load("mobilenet", source="glyphs")
    source = tl.datasets.load("digits", PER_CLASS, domain="fonts", seed=seed).train
    target = tl.datasets.load_unlabelled("digits")
    found = {"accuracy": {}, "seconds": {}, "adapt": {}}
    for name in (*BASELINES, *ON_FEATURES, *DEEP):
        started = time.perf_counter()
        method = getattr(tl.adaptation, name)
        model = method(backbone, source, target.images, seed=seed)
        found["seconds"][name] = time.perf_counter() - started
        found["accuracy"][name] = target.accuracy(model)
    labelled = target.reveal()
    for name, oracle in zip(BASELINES, ("oracle", "oracle_fine_tuned"), strict=True):
        method = getattr(tl.adaptation, name)
        model = method(backbone, labelled.train, target.images, seed=seed)
        found["accuracy"][oracle] = target.accuracy(model)
    found["adapt"] = {
        **adapt_on_features(backbone, source, labelled),
        **adapt_deep(backbone, source, labelled, seed),
    }
    return found


def adapt_on_features(backbone, source, target):
    """adapt's methods on our features, standardised by the source as ours are."""
    import adapt.feature_based
    import adapt.instance_based
    from sklearn.preprocessing import StandardScaler

    import tlcourse as tl

    ours = backbone.features(source.images)
    scale = StandardScaler().fit(ours)
    xs, xt, unseen = (
        scale.transform(backbone.features(images))
        for images in (source.images, target.train.images, target.test.images)
    )
    found = {}
    for name, theirs in SHALLOW_THERE.items():
        weighs = theirs == "IWC"
        part = adapt.instance_based if weighs else adapt.feature_based
        head = tl.probes.linear_probe()
        # A pipeline would not take the weights; the features are standardised already.
        head = head.steps[-1][1] if weighs else head
        options = {"n_components": 20} if theirs == "SA" else {}  # as ours
        model = getattr(part, theirs)(head, Xt=xt, verbose=0, random_state=0, **options)
        model.fit(xs, source.labels)
        said = model.predict(unseen, **({} if weighs else {"domain": "tgt"}))
        found[name] = float((said == target.test.labels).mean())
    return found


def adapt_deep(backbone, source, target, seed):
    """adapt's deep methods on our pictures, with our network, optimizer and length."""
    import adapt.feature_based
    import keras
    import numpy as np

    from tlcourse.adaptation import deep
    from tlcourse.batchnorm import copied_model

    classes = len(target.classes)
    xs, xt, unseen = (
        backbone.preprocess(images)
        for images in (source.images, target.train.images, target.test.images)
    )
    found = {}
    for name, theirs in DEEP_THERE.items():
        keras.utils.set_random_seed(seed)
        body = copied_model(backbone)
        body.trainable = True
        encoder = keras.Sequential([body, keras.layers.GlobalAveragePooling2D()])
        task = keras.Sequential([keras.layers.Dense(classes, activation="softmax")])
        networks = {"encoder": encoder, "task": task}
        if theirs == "DANN":
            networks["discriminator"] = keras.Sequential([
                keras.layers.Dense(64, activation="relu"),
                keras.layers.Dense(1, activation="sigmoid"),
            ])  # fmt: skip
        # adapt copies the optimizer for each network, and loses a schedule on the way.
        model = getattr(adapt.feature_based, theirs)(
            **networks, Xt=xt, optimizer=keras.optimizers.Adam(deep.RATE),
            loss="categorical_crossentropy", verbose=0, random_state=seed,
        )  # fmt: skip
        model.fit(
            xs, np.eye(classes, dtype="float32")[source.labels],
            epochs=deep.EPOCHS, batch_size=deep.BATCH, verbose=0,
        )  # fmt: skip
        said = np.asarray(model.predict(unseen)).argmax(1)
        found[name] = float((said == target.test.labels).mean())
    return found


def report(runs):
    """Print a table; the JSON's keys."""

    def collect(part):
        names = runs[0][part]
        return {name: interval([run[part][name] for run in runs]) for name in names}

    ours, theirs, seconds = map(collect, ("accuracy", "adapt", "seconds"))
    print(f"Printed to handwritten digits, mean of {len(runs)} seeds (95 % interval)")
    print(f"{'':22}{'tlcourse':>15}{'adapt':>15}{'seconds':>10}")
    for name, (mean, half) in ours.items():
        line = f"{name:22}{mean:8.3f} ±{half:5.3f}"
        line += "{:8.3f} ±{:5.3f}".format(*theirs[name]) if name in theirs else 15 * " "
        print(line + (f"{seconds[name][0]:10.1f}" if name in seconds else ""))
    low, high = ours["source_only"][0], ours["oracle"][0]
    best = max((*ON_FEATURES, *DEEP), key=lambda name: ours[name][0])
    closed = (ours[best][0] - low) / (high - low)
    print(f"{best} closes {closed:.0%} of the gap between source-only and oracle.")
    return {
        "source_only": low,
        "oracle": high,
        "methods": {name: ours[name][0] for name in (*ON_FEATURES, *DEEP)},
        "fine_tuned": ours["fine_tuned"][0],
        "oracle_fine_tuned": ours["oracle_fine_tuned"][0],
        "interval": {name: half for name, (_, half) in ours.items()},
        "adapt": {name: mean for name, (mean, _) in theirs.items()},
        "adapt_interval": {name: half for name, (_, half) in theirs.items()},
        "seconds": {name: mean for name, (mean, _) in seconds.items()},
        "closed": closed,
    }


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].isdigit():
        print(json.dumps(one_seed(int(sys.argv[1]))))
    else:
        command(__doc__, lambda: report([in_new_process(__file__, s) for s in SEEDS]))
