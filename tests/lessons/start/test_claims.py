"""What the lesson says: the source matters. Measured anew, over 5 seeds."""

import numpy as np
import pytest

import tlcourse as tl

SEEDS = range(5)
PER_CLASS = 5


def pixels(images):
    return images.reshape(len(images), -1)


@pytest.fixture(scope="module")
def accuracy():
    """Accuracies of each target and view, one for each seed, as the lesson has them."""
    views = {
        "pixels": pixels,
        "photographs": tl.backbones.load(source="imagenet_distilled").features,
        "letters": tl.backbones.load(source="glyphs").features,
    }
    found = {}
    for target in ("digits", "faces"):
        task = tl.datasets.load(target)
        for name, view in views.items():
            train, test = view(task.train.images), view(task.test.images)
            found[target, name] = []
            for seed in SEEDS:
                few = tl.datasets.few(task.train.labels, PER_CLASS, seed, target)
                head = tl.probes.linear_probe().fit(train[few], task.train.labels[few])
                found[target, name].append(head.score(test, task.test.labels))
    return {case: np.array(values) for case, values in found.items()}


def test_on_digits_letters_win_and_photographs_lose_to_pixels(accuracy):
    letters = accuracy["digits", "letters"] - accuracy["digits", "pixels"]
    photographs = accuracy["digits", "photographs"] - accuracy["digits", "pixels"]
    assert letters.min() > 0 and letters.mean() > 0.05
    assert photographs.max() < 0 and photographs.mean() < -0.05  # negative transfer


def test_on_faces_photographs_win_and_both_sources_beat_pixels(accuracy):
    photographs = accuracy["faces", "photographs"] - accuracy["faces", "letters"]
    letters = accuracy["faces", "letters"] - accuracy["faces", "pixels"]
    assert photographs.min() > 0 and photographs.mean() > 0.02
    assert letters.min() > 0 and letters.mean() > 0.05


def test_fifty_labelled_digits_and_a_head_are_enough():
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    plan = tl.FreezePlan.features(backbone)
    task = tl.datasets.load("digits", per_class=PER_CLASS)
    assert len(task.train) == 50 and len(task.classes) == 10
    scores = []
    for seed in SEEDS:
        task = tl.datasets.load("digits", per_class=PER_CLASS, seed=seed)
        run = tl.transfer(backbone, task, plan, seed=seed, show_progress=False)
        scores.append(run.test_accuracy)
        assert run.frozen_parameters == backbone.parameters
        assert run.trainable_parameters == (256 + 1) * 10  # the head alone
    assert min(scores) > 0.9
