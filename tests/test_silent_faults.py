"""What used to lower a result, or to fail late, without a word."""

import dataclasses
import warnings

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import load_backbone, refused, transfer
from tlcourse.batchnorm import SMALLEST_BATCH, sound_batch
from tlcourse.datasets import Split


def test_no_batch_is_too_small_for_batchnorm_and_one_or_two_more_do_not_spoil_it():
    """With a last batch of one or two, the mean was .91 where 50 pictures gave 1.00."""
    for examples in range(1, 1200):
        size = sound_batch(examples, 25)
        assert 1 <= size <= 25
        last = examples % size or size
        assert last >= min(examples, SMALLEST_BATCH), examples
    backbone, task = load_backbone("imagenet_distilled"), tl.datasets.load("faces")
    plan = tl.FreezePlan.all(backbone, batchnorm="train")
    found = {50: [], 51: [], 52: []}
    for count, accuracies in found.items():
        for seed in range(2):
            order = np.random.default_rng(seed).permutation(len(task.train))
            options = {"seed": seed, "rows": np.sort(order[:count])}
            run = transfer(backbone, task, plan, **options)
            accuracies.append(run.test_accuracy)
    fifty, *more = map(np.mean, found.values())
    assert min(more) > fifty - 0.05, found


def test_a_rare_class_is_found_when_classes_count_alike(backbone):
    """Digits, 3 pictures of the eights and 40 of the others, over five draws."""
    task, recalls, accuracies = tl.datasets.load("digits", per_class=40), {}, {}
    for weight in (None, "balanced"):
        runs = []
        for seed in range(5):
            rng = np.random.default_rng(seed)
            eights = rng.permutation(np.flatnonzero(task.train.labels == 8))[3:]
            rows = np.setdiff1d(np.arange(len(task.train)), eights)
            options = {"seed": seed, "rows": rows, "class_weight": weight}
            runs.append(transfer(backbone, task, **options))
        recalls[weight] = np.mean([run.recall[8] for run in runs])
        accuracies[weight] = np.mean([run.balanced_accuracy for run in runs])
    assert recalls["balanced"] > recalls[None] + 0.05, recalls
    assert accuracies["balanced"] > accuracies[None], accuracies


def test_the_run_tells_of_a_class_that_is_missed(backbone, task):
    run = transfer(backbone, task, epochs=1)
    missed = np.array([[70, 0], [8, 2]])
    run = dataclasses.replace(run, confusion=missed, test_accuracy=72 / 80)
    assert run.recall.tolist() == [1, 0.2]
    assert "accuracy 0.900, balanced accuracy 0.600" in repr(run)


def test_a_sources_labels_of_another_kind_are_refused(backbone, task):
    images, labels = task.train.images, task.train.labels
    for wrong in (labels + 1, labels - 1):
        given = (backbone, Split(images, wrong), task.test.images)
        words = "The labels of the source go from"
        refused(words, tl.adaptation.source_only, *given)


def test_no_validation_is_no_fault_training_pictures_in_test_are_told(backbone, task):
    for val in (None, Split(task.val.images[:0], task.val.labels[:0])):
        run = transfer(backbone, dataclasses.replace(task, val=val), epochs=1)
        assert set(run.history) == {"loss", "accuracy"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer(backbone, task, epochs=1)
    both = Split(
        np.concatenate([task.test.images, task.train.images[:3]]),
        np.concatenate([task.test.labels, task.train.labels[:3]]),
    )
    with pytest.warns(UserWarning, match="3 of the 83 test pictures"):
        transfer(backbone, dataclasses.replace(task, test=both), epochs=1)
