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

import time

from measuring import each_seed, intervals

# Each with its name where it learns from the target's own labels.
BASELINES = {"source_only": "oracle", "fine_tuned": "oracle_fine_tuned"}
ON_FEATURES = (
    "importance_weighting", "subspace_alignment", "coral", "optimal_transport",
    "pseudo_labels", "adabn", "tent",
)  # fmt: skip
DEEP = ("deep_coral", "mmd", "dann")
# Their names in adapt.
IN_ADAPT = {"importance_weighting": "IWC", "subspace_alignment": "SA", "coral": "CORAL"}
DEEP_IN_ADAPT = {"deep_coral": "DeepCORAL", "dann": "DANN"}


def one_seed(seed):
    """Run every method once; accuracy and seconds by library and method."""
    import tlcourse as tl

    backbone = tl.backbones.load("mobilenet", source="glyphs")
    source = tl.datasets.load("digits", 100, domain="fonts", seed=seed).train
    target = tl.datasets.load_unlabelled("digits")
    found = {"accuracy": {}, "seconds": {}}

    def run(name, source):
        method = getattr(tl.adaptation, name)
        return method(backbone, source, target.images, seed=seed)

    for name in (*BASELINES, *ON_FEATURES, *DEEP):
        started = time.perf_counter()
        model = run(name, source)
        found["seconds"][name] = time.perf_counter() - started
        found["accuracy"][name] = target.accuracy(model)
    labelled = target.reveal()
    for name, oracle in BASELINES.items():
        found["accuracy"][oracle] = target.accuracy(run(name, labelled.train))
    theirs = adapt_on_features(backbone, source, labelled)
    return {**found, "adapt": theirs | adapt_deep(backbone, source, labelled, seed)}


def adapt_on_features(backbone, source, target):
    """adapt's methods on our features, standardised by the source as ours are."""
    import adapt.feature_based
    import adapt.instance_based
    from sklearn.preprocessing import StandardScaler

    import tlcourse as tl

    splits = (source, target.train, target.test)
    given = [backbone.features(split.images) for split in splits]
    xs, xt, unseen = map(StandardScaler().fit(given[0]).transform, given)
    found = {}
    for name, theirs in IN_ADAPT.items():
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
    splits = (source, target.train, target.test)
    xs, xt, unseen = (backbone.preprocess(split.images) for split in splits)
    found = {}
    for name, theirs in DEEP_IN_ADAPT.items():
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
    ours, reach = intervals(runs, "accuracy")
    theirs, their_reach = intervals(runs, "adapt")
    seconds, _ = intervals(runs, "seconds")
    print(f"Printed to handwritten digits, mean of {len(runs)} seeds (95 % interval)")
    print(f"{'':22}{'tlcourse':>15}{'adapt':>15}{'seconds':>10}")
    for name in ours:
        line = f"{name:22}{ours[name]:8.3f} ±{reach[name]:5.3f}"
        if name in theirs:
            line += f"{theirs[name]:8.3f} ±{their_reach[name]:5.3f}"
        print(f"{line:52}" + (f"{seconds[name]:10.1f}" if name in seconds else ""))
    methods = {name: ours[name] for name in (*ON_FEATURES, *DEEP)}
    best, low = max(methods, key=methods.get), ours["source_only"]
    closed = (methods[best] - low) / (ours["oracle"] - low)
    print(f"{best} closes {closed:.0%} of the gap between source-only and oracle.")
    plain = {name: mean for name, mean in ours.items() if name not in methods}
    return {
        **plain, "methods": methods, "interval": reach, "adapt": theirs,
        "adapt_interval": their_reach, "seconds": seconds, "closed": closed,
    }  # fmt: skip


if __name__ == "__main__":
    each_seed(__file__, __doc__, one_seed, report)
