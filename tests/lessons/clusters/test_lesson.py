"""The code that the lesson writes out."""

import numpy as np
import pytest

from tests.helpers import cells, defined
from tlcourse.unsupervised import losses

pytestmark = pytest.mark.usefixtures("one_thread")


def written_out(name, **given):
    return defined("clusters", name, **given)[name]


def test_the_loss_of_the_rows_is_the_packages_loss():
    rng = np.random.default_rng(0)
    views = [rng.normal(size=(5, 4)).astype("float32") for _ in range(2)]
    row = written_out("nt_xent_of_row")
    cosines = np.array(losses.similarities(*views))
    mean = np.mean([row(cosines, i) for i in range(10)])
    assert mean == pytest.approx(float(losses.nt_xent(*views)), rel=1e-5)


def test_digits_are_placed_whole():
    images = np.random.default_rng(0).uniform(1, 255, (30, 8, 8, 3)).astype("float32")
    placed = written_out("placed")
    middle, moved = placed(images, 0, seed=1), placed(images, 1, seed=1)
    assert (middle[:, 2:10, 2:10] == images).all()
    assert moved.sum((1, 2, 3)) == pytest.approx(images.sum((1, 2, 3)), rel=1e-5)
    assert (moved != middle).any((1, 2, 3)).mean() > 0.5


def test_heads_trained_together_are_those_trained_alone():
    rng = np.random.default_rng(0)
    pair = [rng.normal(size=(64, 6)).astype("float32") for _ in range(2)]
    train = written_out("train_heads", pair=pair)
    weights = [{"variance": 25.0, "covariance": 10.0}, {"variance": 0.0}]
    together, alone = train(weights), train(weights[:1])
    found = together.predict(pair, verbose=0)[0], alone.predict(pair, verbose=0)
    assert np.allclose(found[0], np.squeeze(found[1]), atol=1e-3)


def test_labels_are_asked_for_where_the_ways_say():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    rich = np.eye(3)[labels] * 9 + rng.normal(size=(60, 3))
    found = written_out("asked")(rich, labels, 3, seed=0)
    assert (found["whole clusters"][1] == labels).all()
    for way in ("nearest the centres", "random"):
        chosen, told = found[way]
        assert len(set(chosen)) == 3 and (told == labels[chosen]).all()


def test_no_training_of_the_lesson_is_given_a_task_or_labels():
    [call] = [
        c for cell in cells("clusters") for c in cell.splitlines() if ".simclr(" in c
    ]
    assert "task" not in call and "labels" not in call
