"""Episodes, prototypes, classifiers of few shots, and their score."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

import tlcourse as tl
from tests.helpers import refused
from tlcourse import few_shot

METHODS = (few_shot.nearest_centroid, few_shot.linear_probe, few_shot.cosine_head)


@pytest.fixture(scope="module")
def digits():
    return tl.datasets.load("digits")


def blobs(seed=0, episodes=3, ways=4, shots=2, d=12):
    """Features of classes that lie apart, in every episode elsewhere."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(episodes, ways, d)) * 4
    labels, asked = np.repeat(np.arange(ways), shots), np.repeat(np.arange(ways), 5)

    def around(labels):
        noise = rng.normal(size=(episodes, len(labels), d)) / 4
        return (centres[:, labels] + noise).astype("float32")

    return around(labels), labels, around(asked), asked


def test_an_episode_is_made_of_its_classes_and_of_two_splits(digits):
    drawn = few_shot.episode(digits, ways=3, shots=2, queries=4, seed=1)
    assert len(set(drawn.classes)) == 3
    assert drawn.support_labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert drawn.query_labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    train, test = digits.train.labels[drawn.support], digits.test.labels[drawn.query]
    assert (train == drawn.classes[drawn.support_labels]).all()
    assert (test == drawn.classes[drawn.query_labels]).all()
    assert len(set(drawn.support)) == 6 and len(set(drawn.query)) == 12


def test_the_same_seed_draws_the_same_and_more_shots_take_none_away(digits):
    one, five = (few_shot.episode(digits, shots=n, seed=[3, 1]) for n in (1, 5))
    again = few_shot.episode(digits, shots=5, seed=[3, 1])
    assert (five.support == again.support).all() and (one.query == five.query).all()
    assert set(one.support) <= set(five.support)
    other = few_shot.episode(digits, shots=5, seed=[3, 2])
    assert not np.array_equal(five.support, other.support)


def test_an_episode_as_a_task_has_its_pictures_and_names(digits):
    drawn = few_shot.episode(digits, ways=2, shots=3, queries=4, seed=0)
    task = few_shot.as_task(digits, drawn)
    assert task.classes == tuple(digits.classes[k] for k in drawn.classes)
    assert (task.train.images == digits.train.images[drawn.support]).all()
    assert len(task.test) == 8 and len(task.val) == 0


def test_prototypes_are_means_and_the_nearest_one_names_a_query():
    support, labels, queries, truth = blobs()
    centres = few_shot.prototypes(support, labels)
    assert centres.shape == (3, 4, 12)
    np.testing.assert_allclose(centres[1, 2], support[1, labels == 2].mean(axis=0))
    said = few_shot.nearest_centroid(support, labels, queries)
    assert (said == truth).all()
    sklearn = NearestCentroid().fit(support[1], labels)
    assert (said[1] == sklearn.predict(queries[1])).all()
    alone = few_shot.nearest_centroid(support[1], labels, queries[1])
    assert (alone == said[1]).all()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_every_classifier_finds_classes_that_lie_apart(method):
    support, labels, queries, truth = blobs()
    assert (method(support, labels, queries) == truth).all()


def test_cosine_heads_of_many_episodes_are_those_of_each_one():
    support, labels, queries, _ = blobs(1, shots=6)
    rng = np.random.default_rng(0)
    support += rng.normal(size=support.shape) * 4  # so that there is much to learn
    queries += rng.normal(size=queries.shape) * 4
    together = few_shot.cosine_head(support, labels, queries)
    alone = [
        few_shot.cosine_head(support[k : k + 1], labels, queries[k : k + 1])[0]
        for k in range(3)
    ]
    assert (together == alone).mean() > 0.98


def test_the_score_is_the_share_of_right_answers_in_each_episode(digits):
    flat = [part.images[..., 0].reshape(len(part), -1) for part in
            (digits.train, digits.test)]  # fmt: skip
    options = {"ways": 3, "shots": 2, "queries": 4, "seed": 5}
    right = few_shot.accuracies(*flat, digits, episodes=6, **options)
    drawn = few_shot.episode(digits, 3, 2, 4, seed=[5, 4])
    said = few_shot.nearest_centroid(
        flat[0][drawn.support], drawn.support_labels, flat[1][drawn.query]
    )
    assert right.shape == (6,) and right[4] == (said == drawn.query_labels).mean()
    assert (few_shot.accuracies(*flat, digits, episodes=6, **options) == right).all()


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("ways must be a whole number from 2 to 10 for 'digits', not 11", {"ways": 11}),
        ("ways must be .* not 1", {"ways": 1}),
        ("shots must be a whole number from 1 to 87 .* not 0", {"shots": 0}),
        ("shots must be .* not 2.0", {"shots": 2.0}),
        ("queries must be .* from 1 to 70", {"queries": 71}),
        ("at least one", {"episodes": 0}),
    ],
)
def test_numbers_that_are_not_possible_are_refused(digits, words, options):
    rows = [np.zeros((len(part), 2)) for part in (digits.train, digits.test)]
    refused(words, few_shot.accuracies, *rows, digits, **options)


def test_features_that_do_not_fit_are_refused(digits):
    rows = [np.zeros((len(part), 2)) for part in (digits.train, digits.test)]
    refused("898 pictures of the task's train", few_shot.accuracies, rows[1], rows[1],
            digits)  # fmt: skip
    refused("test needs", few_shot.accuracies, rows[0], digits.test.images, digits)
    refused("a label for each", few_shot.prototypes, np.zeros((3, 2)), [0, 1])
    refused("class 1 has no", few_shot.prototypes, np.zeros((3, 2)), [0, 2, 2])
