"""What used to lower a result, or to fail late, without a word."""

import dataclasses
import warnings

import keras
import numpy as np
import pytest

import tlcourse as tl
from tests.conftest import load_backbone
from tlcourse.batchnorm import SMALLEST_BATCH, sound_batch
from tlcourse.datasets import Split


def transfer(backbone, task, plan, epochs=20, **options):
    return tl.transfer(backbone, task, plan, epochs, show_progress=False, **options)


def with_train(task, **changes):
    return dataclasses.replace(task, train=dataclasses.replace(task.train, **changes))


def test_no_batch_is_too_small_for_batchnorm():
    for examples in range(1, 1200):
        size = sound_batch(examples, 25)
        assert 1 <= size <= 25
        last = examples % size or size
        assert last >= min(examples, SMALLEST_BATCH), examples


def test_one_or_two_pictures_more_do_not_spoil_batchnorm():
    """With a last batch of one or two, the mean was .91 where 50 pictures gave 1.00."""
    backbone, task = load_backbone("imagenet_distilled"), tl.datasets.load("faces")
    plan = tl.FreezePlan.all(backbone, batchnorm="train")
    found = {}
    for count in (50, 51, 52):
        draws = [
            np.sort(np.random.default_rng(seed).permutation(len(task.train))[:count])
            for seed in range(4)
        ]
        found[count] = np.mean(
            [
                transfer(backbone, task, plan, seed=seed, rows=rows).test_accuracy
                for seed, rows in enumerate(draws)
            ]
        )
    assert min(found[51], found[52]) > found[50] - 0.05, found


def test_a_rare_class_is_found_when_classes_count_alike(backbone):
    """Digits, 3 pictures of the eights and 40 of the others, over five draws."""
    task, recalls, accuracies = tl.datasets.load("digits", per_class=40), {}, {}
    plan = tl.FreezePlan.features(backbone)
    for weight in (None, "balanced"):
        runs = []
        for seed in range(5):
            rng = np.random.default_rng(seed)
            eights = rng.permutation(np.flatnonzero(task.train.labels == 8))[3:]
            rows = np.setdiff1d(np.arange(len(task.train)), eights)
            runs.append(
                transfer(
                    backbone, task, plan, seed=seed, rows=rows, class_weight=weight
                )
            )
        recalls[weight] = np.mean([run.recall[8] for run in runs])
        accuracies[weight] = np.mean([run.balanced_accuracy for run in runs])
    assert recalls["balanced"] > recalls[None] + 0.05, recalls
    assert accuracies["balanced"] > accuracies[None], accuracies


def test_the_run_tells_of_a_class_that_is_missed(backbone, task):
    run = transfer(backbone, task, tl.FreezePlan.features(backbone), 1)
    missed = np.array([[70, 0], [8, 2]])
    run = dataclasses.replace(run, confusion=missed, test_accuracy=72 / 80)
    assert run.recall.tolist() == [1, 0.2]
    assert "accuracy 0.900, balanced accuracy 0.600" in repr(run)


@pytest.mark.parametrize(
    "labels, words",
    [
        (lambda labels: labels.astype("float32"), "float32: give class numbers"),
        (lambda labels: labels == 1, "bool: give class numbers"),
        (lambda labels: np.eye(2)[labels], "one-hot"),
        (lambda labels: labels + 1, "count them from 0"),
        (lambda labels: labels - 1, "count them from 0"),
    ],
)
def test_labels_of_another_kind_are_refused(backbone, task, labels, words):
    task = with_train(task, labels=labels(task.train.labels))
    with pytest.raises(ValueError, match=words):
        transfer(backbone, task, tl.FreezePlan.features(backbone))


@pytest.mark.parametrize("shift", [1, -1])
def test_adaptation_counts_classes_from_0(backbone, task, shift):
    source = Split(task.train.images, task.train.labels + shift)
    with pytest.raises(ValueError, match="The labels of the source go from"):
        tl.adaptation.source_only(backbone, source, task.test.images)


def test_a_missing_validation_split_is_no_fault(backbone, task):
    empty = Split(task.val.images[:0], task.val.labels[:0])
    for val in (None, empty):
        run = transfer(
            backbone,
            dataclasses.replace(task, val=val),
            tl.FreezePlan.features(backbone),
            1,
        )
        assert set(run.history) == {"loss", "accuracy"}


def test_a_test_with_training_pictures_is_told(backbone, task):
    plan = tl.FreezePlan.features(backbone)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer(backbone, task, plan, 1)
    both = Split(
        np.concatenate([task.test.images, task.train.images[:3]]),
        np.concatenate([task.test.labels, task.train.labels[:3]]),
    )
    with pytest.warns(UserWarning, match="3 of the 83 test pictures"):
        transfer(backbone, dataclasses.replace(task, test=both), plan, 1)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_gives_float32(policy, tmp_path):
    task = tl.datasets.load("faces", per_class=10)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        backbone = load_backbone("imagenet_distilled")
        for k in (0, 2):
            run = transfer(backbone, task, tl.FreezePlan.last(backbone, k), 5)
            assert backbone.features(task.test.images[:2]).dtype == np.float32
            assert run.predict(task.test.images).dtype == np.float32
            assert run.test_accuracy > 0.8
            saved = keras.saving.load_model(run.save(tmp_path / "faces.keras"))
            images = task.test.images[:9]
            chances = saved.predict(images, verbose=0)
            np.testing.assert_allclose(chances, run.predict(images), atol=1e-3)
    finally:
        keras.config.set_dtype_policy(before)
