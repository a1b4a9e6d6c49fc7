"""Transfer: what a run holds, that it repeats, and what bad tasks are told."""

import dataclasses
import pickle
import threading

import keras
import numpy as np
import pytest
from keras import layers

import tlcourse as tl
from tests.helpers import assert_same, load_backbone, refused, transfer
from tlcourse import activations, training


def score(run, task):
    """The share of the test split that a run says rightly."""
    return np.mean(run.predict(task.test.images).argmax(1) == task.test.labels)


@pytest.mark.parametrize("k", [0, 2])
def test_a_run_holds_what_happened_and_the_backbone_that_was_trained(backbone, task, k):
    run = transfer(backbone, task, k, epochs=3)
    assert set(run.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(values) == 3 for values in run.history.values())
    assert run.history["loss"][-1] < run.history["loss"][0]
    assert run.seconds > 0
    np.testing.assert_allclose(run.predict(task.test.images).sum(1), 1, rtol=1e-5)
    assert run.test_accuracy == pytest.approx(score(run, task), abs=1e-6)
    kernel, bias = run.weights[-2:]
    logits = run.tuned.features(task.test.images) @ kernel + bias
    assert run.test_accuracy == np.mean(logits.argmax(1) == task.test.labels)
    assert run.tuned.blocks == backbone.blocks and run.tuned.source == "tuned"
    before, after = backbone.model.get_weights(), run.tuned.model.get_weights()
    same = [np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert all(same) == (k == 0)
    arrived = pickle.loads(pickle.dumps(run.tuned))
    assert_same(arrived.model.get_weights(), run.weights[:-2])
    code = tl.FreezePlan.last(run.tuned, 1).as_keras()
    assert "weights=None" in code and "base.set_weights(run.tuned." in code


def test_a_second_training_of_the_head_goes_on_where_the_first_ended(backbone, task):
    """The kernel has taken the features' spread over; the next stage takes it back."""
    features = tl.FreezePlan.features(backbone)
    whole = transfer(backbone, task, features, 5)
    parts = transfer(backbone, task, (features,) * 2, [4, 1])
    assert parts.history["loss"][:4] == whole.history["loss"][:4]
    assert parts.history["loss"][4] == pytest.approx(whole.history["loss"][4], rel=0.1)


@pytest.mark.parametrize("k", [0, 2, 14])
def test_same_seed_same_result_whatever_ran_before_and_is_left_alone(backbone, task, k):
    """Compiled models are used again: nothing of another run may be left."""
    first = transfer(backbone, task, k, epochs=2, seed=3)
    before = first.predict(task.test.images)
    other = transfer(backbone, task, k, epochs=3, seed=4)
    again = transfer(backbone, task, k, epochs=2, seed=3)
    training._workbench.cache_clear()
    new = transfer(backbone, task, k, epochs=2, seed=3)
    assert first.history == again.history
    assert_same(first.weights, again.weights)
    assert_same(again.weights, new.weights)
    assert not np.array_equal(first.weights[-2], other.weights[-2])
    np.testing.assert_array_equal(first.predict(task.test.images), before)


@pytest.mark.parametrize(("k", "until"), [(0, "features"), (2, "block11")])
def test_what_is_frozen_runs_once(backbone, task, k, until, runs):
    activations.forget()
    transfer(backbone, task, k, epochs=3)
    every = len(task.train) + len(task.val) + len(task.test)
    assert runs == [("images", until, every)]
    transfer(backbone, task, k, epochs=2, seed=1)
    assert len(runs) == 1  # nothing runs through the frozen blocks again


def residual():
    """A small backbone in the style of ResNet: two residual blocks after a stem."""
    keras.utils.set_random_seed(0)
    inputs = x = keras.Input((32, 32, 3))
    for block, (width, step) in enumerate([(8, 2), (8, 1), (16, 2), (16, 1)], start=1):
        name = f"conv{block}_"
        y = layers.Conv2D(width, 3, step, "same", name=f"{name}a")(x)
        y = layers.BatchNormalization(name=f"{name}bn")(y)
        y = layers.ReLU(name=f"{name}relu")(y)
        if step == 1:
            y = layers.Add(name=f"{name}add")([x, y])
        x = layers.ReLU(name=f"{name}out")(y)
    model = keras.Model(inputs, x)
    blocks = tl.backbones._blocks(model, "resnet")
    return tl.backbones.Backbone("ResNet50", "photos", model, 32, blocks, {})


def mobilenet_v2():
    """Random weights; one look at noise sets BatchNorm, or features would be 1e-18."""
    backbone = tl.backbones.load("MobileNetV2", source=None, alpha=0.35, input_size=64)
    for layer in backbone.model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    noise = np.random.default_rng(0).uniform(-1, 1, (20, 64, 64, 3))
    backbone.model(noise, training=True)
    return backbone


BACKBONES = {
    "MobileNet": lambda: load_backbone("glyphs"),
    "MobileNetV2": mobilenet_v2,
    "residual": residual,
}


def fit_the_whole_model(backbone, task, plan, epochs, seed):
    """What `transfer` does, by Keras alone: the whole model in every epoch."""
    base = keras.models.clone_model(backbone.model)
    base.set_weights(backbone.model.get_weights())
    plan.apply(base)
    head = keras.layers.Dense(len(task.classes), kernel_initializer="zeros")
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    images, spread = backbone.preprocess(task.train.images), 1.0
    if not plan.trainable:
        spread = float(keras.Model(base.input, pooled).predict(images, verbose=0).std())
        pooled = keras.layers.Rescaling(1 / spread)(pooled)
    model = keras.Model(base.input, head(pooled))
    model.compile(
        keras.optimizers.Adam(plan.head_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    size = training.sound_batch(len(images), training.BATCH_SIZE)
    batches = training.batches(images, task.train.labels, seed, size)
    steps = -(-len(images) // size)
    model.fit(batches, epochs=epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
    *body, kernel, bias = model.get_weights()
    return [*body, kernel / spread, bias]


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("trained", ["none", "some", "all"])
def test_the_result_is_that_of_the_whole_model(name, trained, task):
    backbone = BACKBONES[name]()
    every = len(backbone.blocks)
    k = {"none": 0, "some": 2, "all": every}[trained]
    plan = tl.FreezePlan.last(backbone, k, batchnorm="frozen", body_rate=1e-3)
    after = training._runs_once(backbone, plan, set())
    wanted = {0: "features", every: "images"}.get(k, backbone.blocks[-3].name)
    assert after == wanted  # or there would be nothing to compare
    run = transfer(backbone, task, plan, epochs=3, seed=1)
    whole = fit_the_whole_model(backbone, task, plan, epochs=3, seed=1)
    for one, other in zip(run.weights, whole, strict=True):
        # Adam turns a gradient of nearly 0, rounded one way or the other, into a step.
        assert np.mean(abs(one - other) > 1e-4) < 0.002


def test_a_backbone_is_cut_only_where_it_narrows():
    """NASNet's cells read the two before them: nothing there can run in advance."""
    backbone = tl.backbones.load("NASNetMobile", source=None, input_size=32)
    plan = tl.FreezePlan.last(backbone, 2)
    assert training._runs_once(backbone, plan, set()) == "images"
    residual_net = residual()
    assert residual_net.cuts == tuple(block.name for block in residual_net.blocks)


def test_augmentation_runs_the_whole_model(backbone, task, monkeypatch):
    monkeypatch.setattr(training, "frozen_outputs", None)  # would fail if called
    flip = keras.layers.RandomFlip("horizontal")
    first, again, plain = (
        transfer(backbone, task, 1, epochs=2, augmentation=augmentation)
        for augmentation in (flip, flip, keras.layers.RandomRotation(0.5))
    )
    assert first.history == again.history  # its random numbers begin anew
    assert first.history["loss"] != plain.history["loss"]
    assert len(first.weights) == len(backbone.model.weights) + 2
    assert first.test_accuracy == score(first, task)


def test_a_schedule_goes_on_where_the_last_plan_ended_with_its_blocks(backbone, task):
    features, plan = tl.FreezePlan.features(backbone), tl.FreezePlan.last(backbone, 2)
    probe = transfer(backbone, task, features, 4)
    both = transfer(backbone, task, plan.after_probe(), [4, 3])
    assert both.history["loss"][:4] == probe.history["loss"]
    assert len(both.history["loss"]) == 7
    alone = transfer(backbone, task, plan, 3)
    assert both.history["loss"][4] < alone.history["loss"][0]
    assert both.plan == (features, plan)
    turned = transfer(backbone, task, (plan, features), 6)  # the head is trained last
    for run in (both, turned):
        assert run.test_accuracy == pytest.approx(score(run, task))
    assert_same(turned.weights[:-2], alone.weights[:-2])
    assert not np.array_equal(turned.weights[-2], alone.weights[-2])


def test_epochs_of_a_schedule_are_shared_out(backbone, task):
    stages = tl.FreezePlan.gradual(backbone, 3)
    run = transfer(backbone, task, stages, 7)
    assert len(run.history["loss"]) == len(run.history["val_loss"]) == 7
    for epochs in (2, [1, 2], [1, 0, 3], [1, 2, 3, 4], "ten", 1.5):
        given = (backbone, task, stages, epochs)
        refused("epochs must be a whole number", transfer, *given)


def test_unusable_plans_and_tasks_are_refused_before_any_work(backbone, task):
    other = tl.backbones.load("MobileNetV2", source=None, input_size=32)
    scratch = tl.FreezePlan.scratch(backbone)
    for plan, said in [
        (tl.FreezePlan.all(other), "names blocks that MobileNet does not have"),
        ([], "The schedule is empty"),
        (["features"], "must be a FreezePlan"),
        ((tl.FreezePlan.features(backbone), scratch), "put it first"),
    ]:
        refused(said, transfer, backbone, task, plan)
    images, labels = task.train.images, task.train.labels
    of_one_class = (images[:5], np.zeros(5, int))
    for split, bad, said in [
        ("train", of_one_class, "All training examples are of one class"),
        ("train", (images[:0], labels[:0]), "There are no images"),
        ("test", (images / 255, labels), "Pixels must lie in 0-255"),
        ("val", (images, labels[:-1]), "one label an image"),
        ("train", (images, labels + 1), "count them from 0"),
        ("train", (images, labels - 1), "count them from 0"),
        ("train", (images, labels.astype("float32")), "float32: give class numbers"),
        ("train", (images, labels == 1), "bool: give class numbers"),
        ("train", (images, np.eye(2)[labels]), "one-hot"),
    ]:
        changed = dataclasses.replace(task, **{split: tl.datasets.Split(*bad)})
        refused(said, transfer, backbone, changed)
    refused("epochs must be", transfer, backbone, task, epochs=0)


def test_from_scratch_nothing_of_the_source_is_left(backbone, task):
    plan = tl.FreezePlan.scratch(backbone)
    one, other, again = (
        transfer(backbone, task, plan, 1, seed=seed)
        for seed in (1, 2, 1)  # not 0: the source was pre-trained from that start
    )
    assert one.history == again.history
    kernel = backbone.model.get_weights()[0]
    for a, b in [(one.weights[0], other.weights[0]), (one.weights[0], kernel)]:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.3


def test_no_validation_changes_no_weight_and_no_bar_says_no_word(backbone, task, capfd):
    told = transfer(backbone, task, 2, epochs=2)
    untold = transfer(backbone, task, 2, epochs=2, validate=False)
    transfer(backbone, task, epochs=1)
    assert capfd.readouterr() == ("", "")
    assert set(untold.history) == {"loss", "accuracy"}
    assert untold.history["loss"] == told.history["loss"]
    assert_same(told.weights, untold.weights)


def stop_at(epoch):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, at, logs):
            self.model.stop_training = at + 1 == epoch

    return Stop()


@pytest.mark.parametrize("k", [0, 2])
def test_a_callback_can_stop_it(backbone, task, k):
    run = transfer(backbone, task, k, epochs=9, callbacks=[stop_at(2)])
    assert len(run.history["loss"]) == 2
    plans = tl.FreezePlan.last(backbone, k).after_probe()
    run = transfer(backbone, task, plans, 8, callbacks=[stop_at(2)])
    assert len(run.history["loss"]) == 2  # the next plan is not begun


def test_two_trainings_at_once_wait_for_one_another(backbone, task):
    """They share a compiled model: interleaved, each would get the other's weights."""
    wanted = [transfer(backbone, task, 2, epochs=3, seed=seed) for seed in (0, 1)]
    found = {}

    def train(seed):
        found[seed] = transfer(backbone, task, 2, epochs=3, seed=seed)

    threads = [threading.Thread(target=train, args=[seed]) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (0, 1):
        assert_same(wanted[seed].weights, found[seed].weights)


def test_random_features_are_judged_by_what_they_hold():
    """Their spread is 1e-18: unscaled, the head would stay at chance."""
    task = tl.datasets.load("digits", per_class=20)
    assert transfer(load_backbone("random"), task).test_accuracy > 0.3


def test_a_stopped_kernel_leaves_nothing_that_changes_the_next_run(backbone, task):
    def stop(epoch, logs):
        raise KeyboardInterrupt

    import keras

    stopping = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    for k in (0, 2):
        before = transfer(backbone, task, k, epochs=2)
        with pytest.raises(KeyboardInterrupt):
            transfer(backbone, task, k, epochs=4, callbacks=[stopping])
        assert_same(before.weights, transfer(backbone, task, k, epochs=2).weights)
