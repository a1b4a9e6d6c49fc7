"""Studies: tidy tables, intervals, and what a gain is worth in labels."""

import json
import pickle
import signal
import subprocess
import sys
import time

import distributed
import joblib
import numpy as np
import pandas
import pytest
import scipy.stats

import tlcourse as tl
from tlcourse import activations

PLANS = {"frozen": tl.FreezePlan.features, "last": lambda b: tl.FreezePlan.last(b, 1)}


def small(**changes):
    """A study of eight short trainings."""
    choices = {
        "targets": ["faces"],
        "sources": ["glyphs", "photos"],
        "plans": {"frozen": PLANS["frozen"]},
        "per_class": [2, 5],
        "seeds": [0, 1],
        "epochs": 2,
    }
    return tl.Study(**{**choices, **changes})


@pytest.fixture(scope="module")
def table():
    return small().run(show_progress=False)


@pytest.fixture
def trainings(monkeypatch):
    """Which seeds are trained, one entry a training."""
    told, transfer = [], tl.study.transfer

    def spy(backbone, task, plan, epochs, seed, **options):
        told.append(seed)
        return transfer(backbone, task, plan, epochs, seed, **options)

    monkeypatch.setattr(tl.study, "transfer", spy)
    return told


def assert_same(one, other):
    """Equal but for the time, and for one test image of 80 that may stand on edge."""
    pandas.testing.assert_frame_equal(
        one.drop(columns="seconds"), other.drop(columns="seconds"), atol=0.0126, rtol=0
    )


def test_a_study_gives_a_row_for_each_combination():
    study = small(sources=["glyphs"], plans=PLANS)
    table = study.run(show_progress=False)
    assert list(table.columns) == [
        "target", "source", "plan", "per_class", "seed",
        "accuracy", "seconds", "trainable",
    ]  # fmt: skip
    assert len(table) == 8 and not table.duplicated(list(table.columns[:5])).any()
    row = table.query("plan == 'last' and per_class == 5 and seed == 1")
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    task = tl.datasets.load("faces", per_class=5, seed=1)
    run = tl.transfer(backbone, task, PLANS["last"](backbone), epochs=2, seed=1)
    assert row["accuracy"].item() == pytest.approx(run.test_accuracy, abs=0.0126)
    assert row["trainable"].item() == run.trainable_parameters
    summary = study.summary()
    assert len(summary) == 4 and (summary["n"] == 2).all()
    mean = table.query("plan == 'last' and per_class == 5")["accuracy"].mean()
    there = summary.query("plan == 'last' and per_class == 5")
    assert there["mean"].item() == pytest.approx(mean)


def test_its_cells_share_their_features(monkeypatch):
    activations.forget()
    seen, run = [], tl.backbones.Backbone.run

    def spy(self, inputs, *args, **options):
        seen.append(len(inputs))
        return run(self, inputs, *args, **options)

    monkeypatch.setattr(tl.backbones.Backbone, "run", spy)
    small().run(show_progress=False)
    task = tl.datasets.load("faces")
    every = len(task.train) + len(task.val) + len(task.test)
    assert seen == [every, every]  # once for each source, whatever the labels


def test_a_second_run_does_nothing_twice(trainings):
    study = small()
    table = study.run(show_progress=False)
    assert len(trainings) == 8
    assert study.run(show_progress=False).equals(table) and len(trainings) == 8


def test_an_interrupted_study_goes_on(monkeypatch, trainings, table):
    spy = tl.study.transfer

    def interrupted(*args, **options):
        if len(trainings) == 3:
            raise KeyboardInterrupt
        return spy(*args, **options)

    study = small()
    with monkeypatch.context() as patch:
        patch.setattr(tl.study, "transfer", interrupted)
        with pytest.raises(KeyboardInterrupt):
            study.run(show_progress=False)
    assert len(study.table) == 3
    assert_same(study.run(show_progress=False), table)
    assert len(trainings) == 8


KILLED = """
import tlcourse as tl
study = tl.Study(["faces"], ["glyphs", "photos"], {"frozen": tl.FreezePlan.features},
                 [2, 5], [0, 1], 2, folder=FOLDER)
study.run(show_progress=False)
"""


def test_a_killed_study_goes_on_in_another_process(tmp_path, trainings, table):
    code = KILLED.replace("FOLDER", repr(str(tmp_path)))
    process = subprocess.Popen([sys.executable, "-c", code])
    while len(list(tmp_path.glob("*.json"))) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = list(tmp_path.glob("*.json"))
    assert 2 <= len(finished) <= 8
    (tmp_path / f"{finished[0].stem}.1.draft").write_text('{"accur')  # half-written
    study = small(folder=tmp_path)
    assert len(study.table) == len(finished)
    assert_same(study.run(show_progress=False), table)
    assert len(trainings) == 8 - len(finished)
    assert all(json.loads(path.read_text()) for path in tmp_path.glob("*.json"))


def test_what_is_kept_is_never_taken_for_another_study(tmp_path, trainings):
    one = {"sources": ["glyphs"], "per_class": [2], "seeds": [0], "folder": tmp_path}
    small(**one).run(show_progress=False)
    small(**one, plans={"frozen": PLANS["last"]}).run(show_progress=False)
    small(**one, epochs=3).run(show_progress=False)
    backbone = tl.backbones.load("mobilenet", source="photos")
    small(**{**one, "sources": {"glyphs": backbone}}).run(show_progress=False)
    assert len(trainings) == 4
    small(**one, plans={"renamed": PLANS["frozen"]}).run(show_progress=False)
    assert len(trainings) == 4  # the same work under another name


def test_two_processes_give_the_same_table(table, tmp_path):
    with joblib.parallel_config(n_jobs=2):
        assert_same(small(folder=tmp_path).run(show_progress=False), table)
    assert len(list(tmp_path.glob("*.json"))) == 8


def test_a_dask_cluster_gives_the_same_table(table):
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        study = small()
        with joblib.parallel_config("dask"):
            assert_same(study.run(show_progress=False), table)
        done = client.run(lambda dask_worker: dask_worker.state.executed_count)
        assert len(done) == 2 and all(done.values())


def test_backbones_and_tasks_of_ones_own_go_to_other_processes(backbone):
    """A backbone whose weights were changed, and a task with other classes."""
    changed = pickle.loads(pickle.dumps(backbone))
    assert changed is pickle.loads(pickle.dumps(backbone)) is not backbone
    changed.model.set_weights([w * 1.01 for w in changed.model.get_weights()])
    digits = tl.datasets.load("digits")
    few = tl.datasets.Split(digits.train.images, digits.train.labels % 2)
    test = tl.datasets.Split(digits.test.images, digits.test.labels % 2)
    parity = tl.datasets.Task("parity", ("even", "odd"), few, test, test)
    choices = {
        "targets": {"parity": parity},
        "sources": {"changed": changed, "as it was": backbone},
    }
    here = small(**choices).run(show_progress=False)
    with joblib.parallel_config(n_jobs=2):
        there = small(**choices).run(show_progress=False)
    assert_same(there, here)
    assert set(here["source"]) == {"changed", "as it was"}
    images = digits.test.images[:5]
    arrived = pickle.loads(pickle.dumps(changed))
    np.testing.assert_allclose(arrived.features(images), changed.features(images))


def test_random_weights_are_drawn_for_each_seed():
    table = small(sources=[None], per_class=[5], seeds=range(4)).run(False)
    assert (table["source"] == "random").all()
    assert table["accuracy"].nunique() > 1


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"seeds": []}, "seeds must be a list or dict with entries"),
        ({"targets": "faces"}, "targets must be a list"),
        ({"targets": ["cats"]}, "no data set 'cats'"),
        ({"sources": ["paintings"]}, "no source 'paintings'"),
        ({"per_class": [5, 5000]}, "at most"),
        ({"plans": {"deep": lambda b: tl.FreezePlan.last(b, 99)}}, "from 0 to 14"),
        ({"plans": {"none": lambda b: None}}, "plan must be a FreezePlan"),
        ({"epochs": 0}, "epochs must be a whole number"),
    ],
)
def test_an_impossible_study_is_refused_before_it_begins(changes, words, trainings):
    with pytest.raises(ValueError, match=words):
        small(**changes)
    assert not trainings


def test_compare_runs_every_strategy_on_the_same_labels(backbone):
    plans = {
        "features": (backbone, tl.FreezePlan.features(backbone)),
        "last block": (backbone, tl.FreezePlan.last(backbone, 1)),
    }
    table = tl.study.compare(plans, "faces", [2, 5], [0, 1], epochs=2)
    assert len(table) == 8
    assert not table.duplicated(["strategy", "per_class", "seed"]).any()
    row = table.query("strategy == 'features' and per_class == 5 and seed == 1")
    task = tl.datasets.load("faces", per_class=5, seed=1)
    plan = tl.FreezePlan.features(backbone)
    run = tl.transfer(backbone, task, plan, epochs=2, seed=1, show_progress=False)
    assert row["accuracy"].item() == run.test_accuracy
    assert row["trainable"].item() == run.trainable_parameters


def test_intervals_are_students():
    rng = np.random.default_rng(0)
    values = rng.normal(0.8, 0.05, 5)
    table = pandas.DataFrame({"strategy": "a", "accuracy": values})
    row = tl.tables.summarise(table, ["strategy"]).iloc[0]
    low, high = scipy.stats.t.interval(
        0.95, 4, loc=values.mean(), scale=scipy.stats.sem(values)
    )
    assert (row["mean"], row["low"], row["high"]) == pytest.approx(
        (values.mean(), low, high)
    )
    assert row["n"] == 5


def test_one_seed_has_no_interval():
    table = pandas.DataFrame({"strategy": ["a"], "accuracy": [0.5]})
    row = tl.tables.summarise(table, ["strategy"]).iloc[0]
    assert row["mean"] == 0.5
    assert np.isnan(row["low"]) and np.isnan(row["high"])


def test_labels_worth_reads_the_other_curve():
    summary = pandas.DataFrame({
        "strategy": ["ours"] * 3 + ["theirs"] * 3,
        "per_class": [1, 10, 100] * 2,
        "mean": [0.6, 0.8, 0.95, 0.5, 0.6, 0.8],
    })  # fmt: skip
    worth = tl.tables.labels_worth(summary, "ours", "theirs")
    assert worth["needed"].tolist()[:2] == pytest.approx([10, 100])
    assert np.isinf(worth["needed"].iloc[2])


def test_probes_tell_what_each_block_knows(backbone):
    table = tl.probes.probe_blocks(backbone, "faces", per_class=10, seeds=[0, 1])
    assert list(table["block"].unique()) == [b.name for b in backbone.blocks]
    assert len(table) == 2 * len(backbone.blocks)
    assert table.groupby("block")["accuracy"].mean().max() > 0.8
