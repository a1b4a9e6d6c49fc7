"""Transfer: what a run holds, that it repeats, and what bad tasks are told."""

import dataclasses

import numpy as np
import pytest

import tlcourse as tl
from tlcourse import training


@pytest.fixture(scope="module")
def backbone():
    return tl.backbones.load("mobilenet", source="glyphs")


@pytest.fixture(scope="module")
def task():
    return tl.datasets.load("faces", per_class=5)


def transfer(backbone, task, k=0, **options):
    plan = tl.FreezePlan.last(backbone, k)
    return tl.transfer(backbone, task, plan, show_progress=False, **options)


@pytest.mark.parametrize("k", [0, 2])
def test_a_run_holds_what_happened(backbone, task, k):
    run = transfer(backbone, task, k, epochs=3)
    assert set(run.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(values) == 3 for values in run.history.values())
    assert run.history["loss"][-1] < run.history["loss"][0]
    assert run.seconds > 0
    probabilities = run.predict(task.test.images)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    accuracy = np.mean(probabilities.argmax(1) == task.test.labels)
    assert run.test_accuracy == pytest.approx(accuracy, abs=1e-6)


@pytest.mark.parametrize("k", [0, 2, 14])
def test_same_seed_same_result_whatever_ran_before(backbone, task, k):
    first = transfer(backbone, task, k, epochs=2, seed=3)
    transfer(backbone, task, k, epochs=2, seed=4)
    again = transfer(backbone, task, k, epochs=2, seed=3)
    assert first.history == again.history
    for one, other in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_is_another_start(backbone, task):
    one, other = (transfer(backbone, task, seed=s, epochs=1) for s in (0, 1))
    assert not np.array_equal(one.weights[-2], other.weights[-2])


def test_a_used_workbench_is_as_good_as_new(backbone, task):
    """Compiled models are used again: nothing of the last run may be left."""
    transfer(backbone, task, 2, epochs=3, seed=1)
    used = transfer(backbone, task, 2, epochs=2, seed=0)
    training._workbench.cache_clear()
    new = transfer(backbone, task, 2, epochs=2, seed=0)
    for one, other in zip(used.weights, new.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_later_run_leaves_an_earlier_ones_model_alone(backbone, task):
    first = transfer(backbone, task, 2, epochs=1, seed=0)
    before = first.predict(task.test.images)
    transfer(backbone, task, 2, epochs=3, seed=1)
    np.testing.assert_array_equal(first.predict(task.test.images), before)


def test_frozen_features_are_computed_once(task, monkeypatch):
    backbone = tl.backbones.load("mobilenet", source="photos")
    pictures = []
    kept = backbone.model.predict

    def predict(images, **options):
        pictures.append(len(images))
        return kept(images, **options)

    monkeypatch.setattr(backbone.model, "predict", predict)
    transfer(backbone, task, epochs=10)
    assert pictures == [len(task.train), len(task.val), len(task.test)]
    transfer(backbone, task, epochs=10, seed=1)
    assert len(pictures) == 3  # nothing runs through the backbone again


def test_with_features_the_result_is_that_of_the_whole_model(backbone, task):
    """The linear layer on kept features is trained as on top of the backbone."""
    import keras

    run = transfer(backbone, task, epochs=5)
    spread = backbone.features(task.train.images).std()
    plan = tl.FreezePlan.features(backbone)
    whole, *start = training._workbench(backbone, plan, 2)
    training._reset(whole, *start, backbone, seed=0)
    *_, pooled, linear = whole.layers
    scaled = keras.layers.Rescaling(1 / spread)(pooled.output)
    plain = keras.Model(whole.input, linear(scaled))
    plain.compile(
        keras.optimizers.Adam(training.HEAD_RATE),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    images = backbone.preprocess(task.train.images)
    plain.fit(images, task.train.labels, batch_size=25, epochs=5, verbose=0)
    training._workbench.cache_clear()
    wanted = plain.predict(backbone.preprocess(task.test.images), verbose=0)
    given = run.model.predict(backbone.preprocess(task.test.images), verbose=0)
    np.testing.assert_allclose(given, wanted, atol=1e-4)


def test_random_features_are_judged_by_what_they_hold():
    """Their spread is 1e-18: unscaled, the head would stay at chance."""
    backbone = tl.backbones.load("mobilenet", source=None)
    task = tl.datasets.load("digits", per_class=20)
    assert transfer(backbone, task).test_accuracy > 0.3


def changed(task, **splits):
    return dataclasses.replace(task, **splits)


def test_bad_tasks_are_refused_before_any_work(backbone, task):
    split = task.train
    one_class = tl.datasets.Split(split.images[:5], np.zeros(5, int))
    no_images = tl.datasets.Split(split.images[:0], split.labels[:0])
    scaled = tl.datasets.Split(split.images / 255, split.labels)
    too_few = tl.datasets.Split(split.images, split.labels[:-1])
    unknown = tl.datasets.Split(split.images, split.labels + 1)
    for bad, said in [
        (changed(task, train=one_class), "All training examples are of one class"),
        (changed(task, train=no_images), "There are no images"),
        (changed(task, test=scaled), "Pixels must lie in 0-255"),
        (changed(task, val=too_few), "one label an image"),
        (changed(task, train=unknown), "count them from 0"),
    ]:
        with pytest.raises(ValueError, match=said):
            transfer(backbone, bad)
    with pytest.raises(ValueError, match="epochs must be"):
        transfer(backbone, task, epochs=0)


def test_the_progress_bar_says_how_far_it_is(backbone, task, capfd):
    plan = tl.FreezePlan.features(backbone)
    tl.transfer(backbone, task, plan, epochs=1, show_progress=False)
    assert capfd.readouterr() == ("", "")
