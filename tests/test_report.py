"""`tl.report`: calibration, temperature, slices and flips, of models and of arrays."""

import functools

import numpy as np
import pytest
import scipy.special

import tlcourse as tl
from tests.helpers import refused
from tlcourse.quiet import import_keras

RIGHT_OF_FOUR = np.array([0, 0, 0, 1])  # three of four are class 0
SURE = np.array([[0.75, 0.25]] * 4)
PICTURES = np.random.default_rng(0).uniform(0, 255, (6, 4, 4, 3)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2])


def drawn(n=4000, classes=5):
    """Probabilities, and labels that are drawn by them."""
    rng = np.random.default_rng(0)
    chances = scipy.special.softmax(rng.normal(size=(n, classes)), axis=1)
    labels = (chances.cumsum(1) > rng.uniform(size=(n, 1))).argmax(1)
    return chances, labels


@functools.cache
def model(activation=None, units=3):
    keras = import_keras()
    keras.utils.set_random_seed(0)
    pictures = keras.Input((4, 4, 3))
    small = keras.layers.Flatten()(pictures) / 100
    return keras.Model(pictures, keras.layers.Dense(units, activation)(small))


def test_ece_is_zero_where_confidence_is_right_and_one_where_all_is_wrong():
    assert tl.report.ece(SURE, RIGHT_OF_FOUR) == pytest.approx(0)
    assert tl.report.ece(np.eye(2)[[0, 0]], [1, 1]) == pytest.approx(1)
    chances, labels = drawn()
    assert tl.report.ece(chances, labels) < 0.03
    assert tl.report.ece(chances, labels, bins=1) < tl.report.ece(chances, labels) + 0.1


def test_temperature_finds_the_factor_that_was_put_in_and_changes_no_answer():
    chances, labels = drawn()
    for factor in (3, 0.5):
        overdone = scipy.special.softmax(np.log(chances) * factor, axis=1)
        found = tl.report.temperature(overdone, labels)
        assert found == pytest.approx(factor, rel=0.1)
        again = tl.report.cooled(overdone, found)
        assert (again.argmax(1) == overdone.argmax(1)).all()
        assert tl.report.ece(again, labels) < 0.03 < tl.report.ece(overdone, labels)


def test_slices_are_counted_and_the_worst_comes_first():
    by = {"class": ["a", "a", "b", "b"], "place": ["in", "out", "in", "in"]}
    table = tl.report.slices(SURE, np.array([0, 1, 0, 1]), by=by)
    assert list(table.columns) == ["class", "place", "n", "accuracy", "low", "high"]
    rows = table[["class", "place", "n", "accuracy"]].values.tolist()
    assert rows == [["a", "out", 1, 0], ["b", "in", 2, 0.5], ["a", "in", 1, 1]]
    assert table["high"].iloc[0] == pytest.approx(0.793, abs=1e-3)  # Wilson, 0 of 1


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_a_keras_model_its_data_set_and_its_answers_give_the_same(activation):
    import tensorflow as tf

    net, by = model(activation), {"class": LABELS}
    said = net.predict(PICTURES, verbose=0)
    pairs = tf.data.Dataset.from_tensor_slices((PICTURES, LABELS))
    shuffled = pairs.shuffle(6, reshuffle_each_iteration=True).batch(4)
    for measure in (tl.report.ece, tl.report.temperature):
        of_arrays = measure(said, LABELS)
        assert measure(net, LABELS, PICTURES) == pytest.approx(of_arrays)
        assert measure(net, images=shuffled) == pytest.approx(of_arrays, abs=1e-4)
    one = tl.report.slices(net, LABELS, PICTURES, by=by)
    assert one.equals(tl.report.slices(said, LABELS, by=by))
    upside = PICTURES[:, ::-1, ::-1]
    flips = tl.report.flip_rate(said, net.predict(upside, verbose=0))
    assert 0 < flips < 1 and flips == tl.report.flip_rate(net, upside, PICTURES)
    assert flips == tl.report.flip_rate(net, lambda x: x[:, ::-1, ::-1], shuffled)
    assert tl.report.flip_rate(net, lambda x: x, PICTURES) == 0


def test_logits_sigmoids_and_runs_are_understood():
    logits = np.array([[2.0, -1.0], [0.5, 3.0]])
    soft = scipy.special.softmax(logits, axis=1)
    np.testing.assert_allclose(tl.report.cooled(logits, 1), soft, atol=1e-6)
    one = scipy.special.expit(logits[:, 1:])
    both = np.concatenate([1 - one, one], axis=1)
    for given in (one, one[:, 0], logits[:, 1:]):
        np.testing.assert_allclose(tl.report.cooled(given, 1), both, atol=1e-6)
    sigmoid, labels = model("sigmoid", 1), LABELS % 2
    said = sigmoid.predict(PICTURES, verbose=0)[:, 0]
    of_pairs = tl.report.ece(np.stack([1 - said, said], axis=1), labels)
    assert tl.report.ece(sigmoid, labels, PICTURES) == pytest.approx(of_pairs)

    class Run:  # predicts probabilities, and knows no verbose
        def predict(self, images):
            return np.tile([0.75, 0.25], (len(images), 1))

    assert tl.report.ece(Run(), RIGHT_OF_FOUR, PICTURES[:4]) == pytest.approx(0)


TALLY = {"by": {"place": ["in"]}}


@pytest.mark.parametrize(
    ("words", "measure", "given", "options"),
    [
        ("ece needs at least one bin", "ece", (SURE, RIGHT_OF_FOUR), {"bins": 0}),
        ("ece needs the labels", "ece", (SURE,), {}),
        ("one class number", "ece", (SURE, [0, 1]), {}),
        ("one class number", "ece", (SURE, SURE), {}),
        ("labels from 0 to 1", "temperature", (SURE, RIGHT_OF_FOUR + 1), {}),
        (r"shape \(0, 1\)", "ece", ([], []), {}),
        ("no numbers", "ece", (SURE * np.nan, RIGHT_OF_FOUR), {}),
        ("sum to something else", "ece", (SURE / 2, RIGHT_OF_FOUR), {}),
        ("above 0", "cooled", (SURE, 0), {}),
        (r"shapes \(4, 2\) and \(3, 2\)", "flip_rate", (SURE, SURE[:3]), {}),
        ("one value of 'place'", "slices", (SURE, RIGHT_OF_FOUR), TALLY),
        ("something to slice by", "slices", (SURE, RIGHT_OF_FOUR), {"by": {}}),
    ],
)
def test_bad_input_is_refused_in_one_sentence(words, measure, given, options):
    said = refused(words, getattr(tl.report, measure), *given, **options)
    assert "\n" not in said and said.endswith(".")


def test_a_model_without_images_is_refused_and_the_reports_do_not_collide():
    assert "images=" in refused("needs the images", tl.report.ece, model(), LABELS)
    task = tl.datasets.from_arrays(PICTURES, ["a", "b"] * 3, val=0, test=0)
    assert task.report is not tl.report and callable(tl.setup_check.report)
