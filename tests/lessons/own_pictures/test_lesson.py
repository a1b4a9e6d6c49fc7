"""What the cells find; the widgets have tests in tests/test_learner_widgets.py."""

import collections
import pathlib
import shutil

import numpy as np

import tlcourse as tl
from tests.helpers import cells, defined
from tlcourse.datasets.apples import CLASSES
from tlcourse.datasets.reports import copies
from tlcourse.lessons.own_pictures.bad_folders import FAULTS, SHOTS, bad_folder

FIGURES, REFUSED = {}, []


def test_shots_are_no_copies_and_a_backbone_finds_them():
    images, labels = bad_folder("five shots of each apple")
    assert len(labels) == len(np.unique(copies(images)))
    features = tl.backbones.load(input_size=96).features(images)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    alike = np.triu(features @ features.T, k=1)
    best = np.argsort(-alike, axis=None)[: len(images)]
    first, second = np.unravel_index(best, alike.shape)
    assert np.mean(first // SHOTS == second // SHOTS) > 0.95


def test_the_split_is_disjoint_whole_stratified_and_the_same_again(tmp_path):
    split = defined("own_pictures", "split")["split"]
    for name, count in {"a": 20, "b": 3, ".hidden": 4}.items():
        (tmp_path / "mine" / name).mkdir(parents=True)
        for place in range(count):
            (tmp_path / "mine" / name / f"{place}.jpg").write_text(f"{name} {place}")
    (tmp_path / "mine" / "notes.txt").write_text("no class")
    (tmp_path / "mine" / "b" / ".DS_Store").write_text("no picture")
    (tmp_path / "mine" / "a" / "more").mkdir()
    (tmp_path / "mine" / "a" / "0.jpg").rename(
        tmp_path / "mine" / "a" / "more" / "1.jpg"
    )
    found = []
    for to in ("one", "two"):
        split(tmp_path / "mine", tmp_path / to)
        files = [path for path in (tmp_path / to).rglob("*") if path.is_file()]
        found.append({str(x.relative_to(tmp_path / to)): x.read_text() for x in files})
    assert found[0] == found[1]
    assert sorted(found[0].values()) == sorted(
        f"{name} {place}" for name, count in {"a": 20, "b": 3}.items()
        for place in range(count)
    )  # fmt: skip
    counts = [sum(part in path for path in found[0]) for part in ("train/a", "val/a")]
    assert counts == [12, 4] and sum("b/" in path for path in found[0]) == 3


def test_the_bad_folders_have_their_faults_alone():
    orchard = tl.datasets.load("apples", 40, "orchard").train
    folders = {fault: bad_folder(fault) for fault in FAULTS}
    images, names = folders["another background"]
    assert (names == np.array(CLASSES)[orchard.labels]).all()
    same = (images == orchard.images).all(axis=(1, 2, 3))
    assert (same == (names != "Gala")).all()
    counts = {name: collections.Counter(names) for name, (_, names) in folders.items()}
    assert set(counts["three per class"].values()) == {3}
    assert counts["one rare class"].pop("Gala") == 4
    assert set(counts["one rare class"].values()) == {40}
    shots, names = folders["five shots of each apple"]
    assert shots.shape == (8 * 40, 64, 64, 3)
    assert set(counts["five shots of each apple"].values()) == {40}
    assert (names.reshape(-1, SHOTS) == names[::SHOTS, None]).all()


def test_cells_are_short():
    for source in cells("own_pictures")[1:]:
        assert len([line for line in source.splitlines() if line.strip()]) <= 15, source


def test_what_cannot_be_read_and_copies_are_taken_out_before_the_split(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(tl.datasets.folder("apples", "orchard", per_class=5), folder)
    folder = folder / "train"
    (folder / "Gala" / "empty.jpg").touch()
    shutil.copy(folder / "Gala" / "00000.jpg", folder / "Gala" / "00000 copy.jpg")
    before = len([*folder.rglob("*.jpg")])
    source = next(x for x in cells("own_pictures") if x.startswith("def take_out"))
    names = {"folder": folder, "pathlib": pathlib, "tl": tl}
    names["task"] = tl.datasets.from_folder(folder)
    exec(source, names)
    out = sorted(file.name for file in (folder / ".thrown_out").iterdir())
    assert out == ["Gala 00000.jpg", "Gala empty.jpg"] or (
        out == ["Gala 00000 copy.jpg", "Gala empty.jpg"]
    )
    after = tl.datasets.from_folder(folder).report
    assert not after.left_out and not after.copies
    assert len([*folder.rglob("*.jpg")]) == before  # nothing is lost
