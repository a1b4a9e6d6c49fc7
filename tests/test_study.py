"""Studies: tidy tables, intervals, and what a gain is worth in labels."""

import json
import pickle
import time
from unittest import mock

import distributed
import joblib
import numpy as np
import pandas
import pytest

import tlcourse as tl
from tests.helpers import interval, load_backbone, refused, started
from tlcourse import activations

PLANS = {"frozen": tl.FreezePlan.features, "last": lambda b: tl.FreezePlan.last(b, 1)}


def small(**changes):
    """A study of eight short trainings."""
    choices = {"targets": ["faces"], "sources": ["glyphs", "photos"]}
    choices |= {"plans": {"frozen": PLANS["frozen"]}, "per_class": [2, 5]}
    return tl.Study(**{**choices, "seeds": [0, 1], "epochs": 2, **changes})


@pytest.fixture(scope="module")
def table():
    return small().run(show_progress=False)


@pytest.fixture
def trainings(monkeypatch):
    """How often it trains, as ``call_count``; all training is real."""
    spy = mock.Mock(wraps=tl.study.transfer)
    monkeypatch.setattr(tl.study, "transfer", spy)
    return spy


def alone(backbone, plan):
    """One of a study's trainings by itself, that of 5 labels per class and seed 1."""
    task = tl.datasets.load("faces", per_class=5, seed=1)
    return tl.transfer(backbone, task, plan, epochs=2, seed=1, show_progress=False)


def assert_same(one, other):
    """Equal but for the time, and for one test image of 80 that may stand on edge."""
    one, other = (table.drop(columns="seconds") for table in (one, other))
    pandas.testing.assert_frame_equal(one, other, atol=0.0126, rtol=0)


def test_a_study_has_a_row_for_each_combination_as_compare_for_each_strategy(backbone):
    study = small(sources=["glyphs"], plans=PLANS)
    table = study.run(show_progress=False)
    columns = "target source plan per_class seed accuracy seconds trainable"
    assert list(table.columns) == columns.split()
    assert len(table) == 8 and not table.duplicated(list(table.columns[:5])).any()
    rows = table.query("plan == 'last' and per_class == 5")
    row, run = rows.query("seed == 1"), alone(backbone, PLANS["last"](backbone))
    assert row["accuracy"].item() == pytest.approx(run.test_accuracy, abs=0.0126)
    assert row["trainable"].item() == run.trainable_parameters
    summary = study.summary()
    assert len(summary) == 4 and (summary["n"] == 2).all()
    there = summary.query("plan == 'last' and per_class == 5")
    assert there["mean"].item() == pytest.approx(rows["accuracy"].mean())
    plans = {name: (backbone, make(backbone)) for name, make in PLANS.items()}
    table = tl.study.compare(plans, "faces", [2, 5], [0, 1], epochs=2)
    assert len(table) == 8
    assert not table.duplicated(["strategy", "per_class", "seed"]).any()
    row = table.query("strategy == 'frozen' and per_class == 5 and seed == 1")
    run = alone(backbone, plans["frozen"][1])
    assert row["accuracy"].item() == run.test_accuracy
    assert row["trainable"].item() == run.trainable_parameters


def test_its_cells_share_their_features_and_each_seed_draws_its_random_weights(runs):
    activations.forget()
    small().run(show_progress=False)
    task = tl.datasets.load("faces")
    every = ("images", "features", len(task.train) + len(task.val) + len(task.test))
    assert runs == [every, every]  # once for each source, whatever the labels
    table = small(sources=[None], per_class=[5], seeds=range(4)).run(False)
    assert (table["source"] == "random").all()
    assert table["accuracy"].nunique() > 1


def test_an_interrupted_study_goes_on_and_a_whole_one_does_nothing(trainings, table):
    study = small()
    trainings.side_effect = [*3 * [mock.DEFAULT], KeyboardInterrupt]
    with pytest.raises(KeyboardInterrupt):
        study.run(show_progress=False)
    assert len(study.table) == 3
    trainings.side_effect = None
    whole = study.run(show_progress=False)
    assert_same(whole, table)
    assert study.run(show_progress=False).equals(whole)
    assert trainings.call_count == 4 + 5  # none twice but the one that was cut short


def test_a_killed_study_goes_on_in_another_process(tmp_path, trainings, table):
    code = "from tests.test_study import small; small(folder={!r}).run(False)"
    process = started(code.format(str(tmp_path)))
    while len(list(tmp_path.glob("[!.]*.json"))) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    finished = list(tmp_path.glob("[!.]*.json"))
    assert 2 <= len(finished) <= 8
    half_written = tmp_path / f".{finished[0].stem}.1.draft.json"
    half_written.write_text('{"accur')
    study = small(folder=tmp_path)
    assert len(study.table) == len(finished)
    assert_same(study.run(show_progress=False), table)
    assert trainings.call_count == 8 - len(finished)
    finished = tmp_path.glob("[!.]*.json")
    assert all(json.loads(path.read_text()) for path in finished)


def test_what_is_kept_is_never_taken_for_another_study(tmp_path, trainings):
    one = {"sources": ["glyphs"], "per_class": [2], "seeds": [0], "folder": tmp_path}
    small(**one).run(show_progress=False)
    small(**one, plans={"frozen": PLANS["last"]}).run(show_progress=False)
    small(**one, epochs=3).run(show_progress=False)
    photos = {"glyphs": load_backbone("photos")}
    small(**{**one, "sources": photos}).run(show_progress=False)
    assert trainings.call_count == 4
    small(**one, plans={"renamed": PLANS["frozen"]}).run(show_progress=False)
    assert trainings.call_count == 4  # the same work under another name


def test_two_processes_give_the_same_table(table, tmp_path):
    with joblib.parallel_config(n_jobs=2):
        assert_same(small(folder=tmp_path).run(show_progress=False), table)
    assert len(list(tmp_path.glob("*.json"))) == 8


def test_a_dask_cluster_gives_the_same_table(table):
    options = {"threads_per_worker": 1, "dashboard_address": None}
    cluster = distributed.LocalCluster(n_workers=2, **options)
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
    few, test = (
        tl.datasets.Split(split.images, split.labels % 2)
        for split in (digits.train, digits.test)
    )
    parity = tl.datasets.Task("parity", ("even", "odd"), few, test, test)
    sources = {"changed": changed, "as it was": backbone}
    choices = {"targets": {"parity": parity}, "sources": sources}
    here = small(**choices).run(show_progress=False)
    with joblib.parallel_config(n_jobs=2):
        there = small(**choices).run(show_progress=False)
    assert_same(there, here)
    assert set(here["source"]) == {"changed", "as it was"}
    images = digits.test.images[:5]
    arrived = pickle.loads(pickle.dumps(changed))
    np.testing.assert_allclose(arrived.features(images), changed.features(images))


def test_an_impossible_study_is_refused_before_it_begins(trainings):
    for changes, words in (
        ({"seeds": []}, "seeds must be a list or dict with entries"),
        ({"targets": "faces"}, "targets must be a list"),
        ({"targets": ["cats"]}, "no data set 'cats'"),
        ({"sources": ["paintings"]}, "no source 'paintings'"),
        ({"per_class": [5, 5000]}, "at most"),
        ({"plans": {"deep": lambda b: tl.FreezePlan.last(b, 99)}}, "from 0 to 14"),
        ({"plans": {"none": lambda b: None}}, "plan must be a FreezePlan"),
        ({"epochs": 0}, "epochs must be a whole number"),
    ):
        refused(words, small, **changes)
    assert not trainings.called


def test_intervals_are_students_and_labels_worth_reads_the_other_curve():
    values = np.random.default_rng(0).normal(0.8, 0.05, 5)
    strategies = [*5 * ["five"], "one"]
    table = pandas.DataFrame({"strategy": strategies, "accuracy": [*values, 0.5]})
    five, one = tl.tables.summarise(table, ["strategy"]).itertuples()
    assert (five.low, five.high) == pytest.approx(interval(values))
    assert five.mean == pytest.approx(values.mean()) and five.n == 5
    assert one.mean == 0.5 and np.isnan(one.low) and np.isnan(one.high)
    curves = {"strategy": ["ours"] * 3 + ["theirs"] * 3, "per_class": [1, 10, 100] * 2}
    summary = pandas.DataFrame({**curves, "mean": [0.6, 0.8, 0.95, 0.5, 0.6, 0.8]})
    worth = tl.tables.labels_worth(summary, "ours", "theirs")
    assert worth["needed"].tolist()[:2] == pytest.approx([10, 100])
    assert np.isinf(worth["needed"].iloc[2])


def test_probes_tell_what_each_block_knows(backbone):
    table = tl.probes.probe_blocks(backbone, "faces", per_class=10, seeds=[0, 1])
    assert list(table["block"].unique()) == [b.name for b in backbone.blocks]
    assert len(table) == 2 * len(backbone.blocks)
    assert table.groupby("block")["accuracy"].mean().max() > 0.8
