"""The lesson on trained networks: printed digits to handwritten ones."""

import tlcourse as tl
from tests.helpers import interval, load_backbone

RESTS_ON = (
    "adaptation/adapted", "adaptation/features", "adaptation/self_training",
    "adaptation/deep", "adaptation/layers", "adaptation/losses",
)  # fmt: skip
METHODS = ("pseudo_labels", "dann", "mmd", "deep_coral", "fine_tuned")


def measure(seed, name):
    """Adapt from 100 pictures of each printed digit, as the benchmark does."""
    task = tl.datasets.load("digits", 100, domain="fonts", seed=seed)
    target = tl.datasets.load_unlabelled("digits")
    labelled = target.reveal().train if name == "oracle" else task.train
    method = "source_only" if name == "oracle" else name
    adapt, backbone = getattr(tl.adaptation, method), load_backbone("glyphs")
    model = adapt(backbone, labelled, target.images, seed=seed)
    return [{"method": name, "value": target.accuracy(model)}]


def test_four_methods_close_most_of_the_gap_and_the_source_alone_is_no_help(evidence):
    names = (*METHODS, "source_only", "oracle")  # a test run repeats the first
    table = evidence("adapting.digits", measure, parts=names)
    accuracy = table.pivot(index="seed", columns="method", values="value")
    mean = accuracy.mean()
    gap = mean["oracle"] - mean["source_only"]
    best = mean[list(METHODS)].max()
    assert gap > 0.15
    assert best - mean["source_only"] > 0.6 * gap
    assert best < mean["oracle"]
    for name in ("pseudo_labels", "deep_coral", "mmd", "dann"):  # beyond the interval
        without = max(mean["source_only"], mean["fine_tuned"])
        assert interval(accuracy[name])[0] > without
    assert mean["fine_tuned"] < mean["source_only"] + 0.02
    assert mean["dann"] > mean["deep_coral"] + 0.02
