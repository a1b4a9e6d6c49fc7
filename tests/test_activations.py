"""What frozen blocks put out is computed once, kept whole, and never stale."""

import dataclasses
import itertools
import os
import time

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import assert_same, started, transfer
from tlcourse import activations


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    activations.forget()
    yield
    activations.forget()


@pytest.fixture
def on_disk(monkeypatch):
    """Nothing is kept in memory."""
    monkeypatch.setattr(activations, "MEMORY_LIMIT", 0)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 255, (30, 16, 16, 3)).astype("float32")


def files():
    return sorted(activations.folder().glob("*"))


def test_nothing_is_computed_twice_nor_can_be_changed(backbone, images, runs):
    one, other = activations.frozen_outputs(backbone, [images[:20], images[20:]])
    assert runs == [("images", "features", 30)]  # both in one go
    again, whole = activations.frozen_outputs(backbone, [images[:20], images])
    assert runs == [("images", "features", 30), ("images", "features", 30)]
    assert again is one
    np.testing.assert_allclose(whole[20:], other, atol=1e-5)
    np.testing.assert_allclose(backbone.features(images), whole, atol=1e-5)
    assert not files()
    with pytest.raises(ValueError, match="read-only"):
        again[0] = 0


@pytest.mark.parametrize(("k", "until"), [(0, "features"), (2, "block11")])
def test_draws_of_few_labels_take_rows_of_the_whole(backbone, task, runs, k, until):
    draws = [np.array([3, 1, 4, 8]), np.array([1, 5, 9, 2, 6])]
    drawn = [transfer(backbone, task, k, 2, rows=rows) for rows in draws]
    images = len(task.train) + len(task.val) + len(task.test)
    assert runs == [("images", until, images)]  # once for both draws
    for run, rows in zip(drawn, draws, strict=True):
        few = tl.datasets.Split(task.train.images[rows], task.train.labels[rows])
        wanted = transfer(backbone, dataclasses.replace(task, train=few), k, 2)
        assert_same(run.weights, wanted.weights, atol=1e-5)
    assert runs[1:] == [("images", until, len(rows)) for rows in draws]


def test_a_longer_prefix_goes_on_from_a_shorter_one(backbone, images, runs):
    activations.frozen_outputs(backbone, [images], "block3")
    activations.frozen_outputs(backbone, [images], "block9")
    (features,) = activations.frozen_outputs(backbone, [images])
    way = ("images", "block3", "block9", "features")
    assert runs == [(*step, 30) for step in itertools.pairwise(way)]
    np.testing.assert_allclose(features, backbone.features(images), atol=1e-5)


def test_other_images_or_weights_are_computed_anew(images, runs):
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    (before,) = activations.frozen_outputs(backbone, [images], "block3")
    changed = images.copy()
    changed[7, 0, 0, 0] += 0.5
    activations.frozen_outputs(backbone, [changed], "block3")
    layer = backbone.model.get_layer("conv_pw_3_bn")
    layer.set_weights([1.1 * w for w in layer.get_weights()])
    (after,) = activations.frozen_outputs(backbone, [images], "block3")
    assert len(runs) == 3 and not np.allclose(before, after)
    layer = backbone.model.get_layer("conv_pw_4_bn")  # not in the prefix
    layer.set_weights([1.1 * w for w in layer.get_weights()])
    assert activations.frozen_outputs(backbone, [images], "block3")[0] is after


def test_past_the_limit_arrays_go_to_mapped_files(backbone, images, monkeypatch, runs):
    (wanted,) = activations.frozen_outputs(backbone, [images], "block5")
    monkeypatch.setattr(activations, "MEMORY_LIMIT", wanted.nbytes + 10)
    activations.frozen_outputs(backbone, [images[:25]], "block5")  # pushes it out
    assert [path.suffix for path in files()] == [".npy"]
    (mapped,) = activations.frozen_outputs(backbone, [images], "block5")
    assert isinstance(mapped, np.memmap) and len(runs) == 2
    np.testing.assert_array_equal(mapped, wanted)
    monkeypatch.setattr(activations, "MEMORY_LIMIT", 1000)
    activations.forget()
    large = activations.frozen_outputs(backbone, [images[:9], images[9:]], "block5")
    assert all(isinstance(array, np.memmap) for array in large)
    np.testing.assert_allclose(np.concatenate(large), wanted, atol=1e-5)
    assert {path.suffix for path in files()} == {".npy"}  # no drafts are left


def test_training_from_mapped_files_gives_the_same(backbone, task, monkeypatch):
    wanted = transfer(backbone, task, 2, epochs=2)
    activations.forget()
    monkeypatch.setattr(activations, "MEMORY_LIMIT", 0)
    mapped = transfer(backbone, task, 2, epochs=2)
    assert files()
    assert_same(wanted.weights, mapped.weights, atol=1e-6)


def test_the_oldest_files_make_room_a_damaged_one_is_written_anew_and_no_folder_named(
    backbone, images, monkeypatch, tmp_path, on_disk, runs
):
    size = activations.frozen_outputs(backbone, [images[:10]], "block5")[0].nbytes
    (path,) = files()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    activations.frozen_outputs(backbone, [images[:10]], "block5")
    assert len(runs) == 2 and path.read_bytes() == whole
    monkeypatch.setattr(activations, "DISK_LIMIT", 2.5 * size)
    activations.frozen_outputs(backbone, [images[10:20]], "block5")
    oldest = files()[0]
    os.utime(oldest, (1, 1))
    activations.frozen_outputs(backbone, [images[20:]], "block5")
    assert len(files()) == 2 and not oldest.exists()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="Set TLCOURSE_CACHE to a folder with room"):
        activations.frozen_outputs(backbone, [images])


KILLED = """
import sys
import numpy as np
import tlcourse as tl
from tests.helpers import assert_same, transfer
from tlcourse import activations, backbones

activations.MEMORY_LIMIT = 0
backbones._BATCH_PIXELS = 0  # many small batches
backbone = tl.backbones.load("mobilenet", source="glyphs")
images = np.random.default_rng(0).uniform(0, 255, (30, 16, 16, 3)).astype("float32")
kept, count = backbones.in_batches, iter(range(100))

def slow(function, inputs, most):
    for outputs in kept(function, inputs, most):
        yield outputs
        print("a batch is written", flush=True)
        sys.stdin.readline()

backbones.in_batches = slow
activations.frozen_outputs(backbone, [images], "block5")
"""


def test_after_a_kill_half_way_no_half_file_is_read(backbone, images, on_disk):
    with started(KILLED) as process:
        assert process.stdout.readline() == "a batch is written\n"
        process.kill()
    assert not files()  # half of it was in a file without a name
    (found,) = activations.frozen_outputs(backbone, [images], "block5")
    np.testing.assert_allclose(found, backbone.run(images, until="block5"), atol=1e-5)
    assert [path.suffix for path in files()] == [".npy"]


def test_drafts_of_dead_processes_are_deleted_at_once(backbone, images, on_disk):
    with started("") as dead:
        pass
    with started("input()") as living:
        named = f"dead.{dead.pid}", f"living.{living.pid}", f"again.{living.pid}"
        drafts = [activations.folder() / f"{name}.draft" for name in named]
        activations.folder().mkdir()
        for draft in drafts:
            draft.write_bytes(b"half of an array")
        an_hour_ago = time.time() - 3600  # before the process of that number began
        os.utime(drafts[2], (an_hour_ago, an_hour_ago))
        activations.frozen_outputs(backbone, [images], "block5")
        assert [path for path in files() if path.suffix == ".draft"] == [drafts[1]]
        living.communicate("\n")
