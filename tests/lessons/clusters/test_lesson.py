"""The exercises, and the code that it writes out."""

import json
from functools import partial

import numpy as np
import pytest
import threadpoolctl

import tlcourse as tl
from tlcourse import unsupervised
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.clusters import checks
from tlcourse.unsupervised.recipes import RECIPES

NOTEBOOK = notebook("clusters")


@pytest.fixture(autouse=True)
def one_thread():
    with threadpoolctl.threadpool_limits(1):  # small matrices: two threads wait
        yield


def cells():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def written_out(name, **scope):
    """A function as the lesson writes it out, without what follows it."""
    parts = [part for cell in cells() for part in cell.split("\n\n\n")]
    [source] = [part for part in parts if f"def {name}(" in part]
    scope = {"np": np, "tl": tl, "unsupervised": unsupervised, **scope}
    exec(source, scope)
    return scope[name]


def failure(number, answer):
    return checking.first_failure(lessons.exercise(number), answer)


# --- exercises ------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["clusters.1", "clusters.2", "clusters.3"])
def test_the_naive_start_fails_and_the_solution_passes(number):
    [start] = [cell for cell in cells() if f'check("{number}"' in cell]
    scope = {"np": np, "check": lambda number, answer: None}
    exec(start, scope)
    assert failure(number, scope["answer"]) is not None
    scope = {}
    exec(lessons.exercise(number).solution, scope)
    assert failure(number, scope["answer"]) is None


def same_numbers(labels, clusters):
    return (labels == clusters).mean()


def greedy(labels, clusters):
    """The largest cell first, then the largest that is left."""
    counts = np.array([
        [((labels == a) & (clusters == b)).sum() for b in np.unique(clusters)]
        for a in np.unique(labels)
    ])  # fmt: skip
    right = 0
    for _ in range(min(counts.shape)):
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        right += counts[row, column]
        counts[row], counts[:, column] = -1, -1
    return right / len(labels)


def never_less_than_half(labels, clusters):
    return max(0.5, unsupervised.clustering_accuracy(labels, clusters))


@pytest.mark.parametrize(
    "answer, words",
    [
        (same_numbers, "under other numbers"),
        (unsupervised.nmi, "never get the same class"),
        (never_less_than_half, "into pieces"),
        (greedy, "best way"),
    ],
)
def test_wrong_accuracies_are_named(answer, words):
    assert words in failure("clusters.1", answer)[0]


def test_the_packages_accuracy_and_brute_force_pass():
    for answer in (unsupervised.clustering_accuracy, checks.by_brute_force):
        assert failure("clusters.1", answer) is None


def test_the_courses_own_recipes_pass():
    assert (
        failure("clusters.2", {name: RECIPES[name] for name in checks.TARGETS}) is None
    )


@pytest.mark.parametrize(
    "target, names, words",
    [
        ("digits", ["warp", "shift"], "names that"),
        ("digits", "shift", "names that"),
        ("digits", ["shift"], "at least two"),
        ("digits", ["shift", "grey"], "at least two"),
        ("tissue", ["any_way_up", "grey"], "kinds of tissue"),
        ("digits", ["shift", "mirror"], "leaves a digit"),
        ("digits", ["crop", "light"], "leaves a digit"),
        ("apples", ["crop", "grey"], "kinds of apples"),
        ("tissue", ["crop", "light"], "no up and down"),
    ],
)
def test_wrong_choices_of_changes_are_named(target, names, words):
    answer = {name: RECIPES[name] for name in checks.TARGETS} | {target: names}
    assert words in failure("clusters.2", answer)[0]


def furthest(features, budget):
    clusters = unsupervised.kmeans(features, budget)
    return np.concatenate(unsupervised.odd_ones_out(clusters, features))


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda features, budget: range(5), "different positions"),
        (lambda features, budget: np.zeros(budget, int), "different positions"),
        (lambda features, budget: np.arange(budget) * 1000, "different positions"),
        (lambda features, budget: features[:budget, 0], "different positions"),
        (
            lambda features, budget: np.random.default_rng(0).permutation(800)[:budget],
            "ten digits",
        ),
        (furthest, "ten digits"),
    ],
)
def test_wrong_choices_of_pictures_are_named(answer, words):
    assert words in failure("clusters.3", answer)[0]


def test_other_seeds_and_a_list_of_positions_pass():
    def chosen(features, budget):
        clusters = unsupervised.kmeans(features, budget, seed=4)
        return [int(rows[0]) for rows in unsupervised.nearest(clusters, features)]

    assert failure("clusters.3", chosen) is None


# --- the code of the lesson -----------------------------------------------------------


def test_the_loss_of_the_rows_is_the_packages_loss():
    from tlcourse.unsupervised import losses

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
    import keras
    import tensorflow

    from tlcourse.unsupervised import losses

    rng = np.random.default_rng(0)
    pair = [rng.normal(size=(64, 6)).astype("float32") for _ in range(2)]
    given = {"keras": keras, "losses": losses, "pair": pair, "tf": tensorflow}
    train = written_out("train_heads", **given, partial=partial)
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
    [call] = [c for cell in cells() for c in cell.splitlines() if ".simclr(" in c]
    assert "task" not in call and "labels" not in call
