"""Pictures of one's own: every kind of file and label, splits, the report, refusals."""

import pathlib
import stat
import warnings
import zipfile

import numpy as np
import pandas
import PIL.Image
import pytest

import tlcourse as tl
from tests.helpers import ROOT, python, refused, transfer
from tlcourse import resources
from tlcourse.datasets import from_arrays, from_folder, from_zip
from tlcourse.pictures import read_picture

SHARED = ROOT.resolve().parent / "shared"
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (24, 40, 40, 3), "uint8")


def write(folder, name, picture, **options):
    folder.mkdir(parents=True, exist_ok=True)
    if not isinstance(picture, PIL.Image.Image):
        picture = PIL.Image.fromarray(picture)
    picture.save(folder / name, **options)


def write_all(folder, *parts):
    """Two classes of twelve different pictures each, over some splits where given."""
    for place, pixels in enumerate(PIXELS):
        part = folder / parts[place * len(parts) // 24] if parts else folder
        write(part / "ab"[place % 2], f"{place}.png", pixels)
    return folder


def splits(task):
    return task.train, task.val, task.test


@pytest.fixture
def folder(tmp_path):
    return write_all(tmp_path / "mine")


@pytest.fixture
def backbone():
    return tl.backbones.load("mobilenet", "glyphs")


def test_a_folder_becomes_a_task(folder):
    task = from_folder(folder, per_class=3, seed=1)
    assert task.name == "mine" and task.classes == ("a", "b")
    assert [*map(len, splits(task))] == [6, 4, 4]
    assert task.train.images.dtype == np.uint8
    everything = {
        image.tobytes(): label
        for split in splits(task)
        for image, label in zip(split.images, split.labels, strict=True)
    }
    assert len(everything) == 14
    origin = {pixels.tobytes(): place % 2 for place, pixels in enumerate(PIXELS)}
    assert everything.items() <= origin.items()
    assert "your own pictures" in task.card and "a | 3 | 2 | 2" in task.card
    assert "6 train, 4 val, 4 test images of 40 x 40 px" in repr(task)
    again = from_folder(folder, per_class=3, seed=1)
    np.testing.assert_array_equal(again.train.images, task.train.images)
    assert not np.array_equal(from_folder(folder, seed=2).test.images, task.test.images)


RED = np.full((30, 20, 3), (200, 30, 40), "uint8")
RGBA = np.dstack([RED, np.full((30, 20), 255, "uint8")])
RGBA[:15, :, 3] = 0
DEEP = np.full((30, 20), 200 * 257, "uint16")


KINDS = {  # what is written, and the colours of its upper and lower half
    "rgb.png": (RED, (200, 30, 40), (200, 30, 40)),
    "grey.png": (RED[..., 0], (200,) * 3, (200,) * 3),
    "grey_alpha.png": (PIL.Image.fromarray(RGBA).convert("LA"), (255,) * 3, None),
    "palette.gif": (PIL.Image.fromarray(RED).quantize(4), (200, 30, 40), None),
    "see_through.png": (RGBA, (255, 255, 255), (200, 30, 40)),
    "print.jpg": (PIL.Image.fromarray(RED).convert("CMYK"), (200, 30, 40), None),
    "deep.png": (PIL.Image.fromarray(DEEP), (200,) * 3, (200,) * 3),
    "photo.webp": (RED, (200, 30, 40), None),
    "scan.tiff": (RED, (200, 30, 40), None),
    "old.bmp": (RED, (200, 30, 40), None),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_picture_is_read(name, tmp_path):
    picture, upper, lower = KINDS[name]
    write(tmp_path, name, picture)
    read = np.asarray(read_picture(tmp_path / name), int)
    assert read.shape == (30, 20, 3)
    for row, colour in ((3, upper), (26, lower or read[26, 10])):
        assert np.abs(read[row, 10] - colour).max() <= 12, (row, read[row, 10])


def test_moving_and_turned_pictures_are_read(tmp_path):
    blue = PIL.Image.fromarray(RED[..., ::-1].copy())
    write(tmp_path, "a.gif", RED, save_all=True, append_images=[blue])
    assert np.asarray(read_picture(tmp_path / "a.gif"))[0, 0, 0] > 150
    # As a camera held upright writes it: lying, with a note that says so.
    lying = PIL.Image.fromarray(np.rot90(RED, 1).copy())
    lying.getexif()[0x0112] = 6
    write(tmp_path, "turned.jpg", lying, exif=lying.getexif())
    assert read_picture(tmp_path / "turned.jpg").size == (20, 30)


def test_the_report_tells_what_is_wrong(folder):
    write(folder / "a", "large.png", RNG.integers(0, 256, (300, 500, 3), "uint8"))
    whole = (folder / "a" / "large.png").read_bytes()
    (folder / "a" / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "a" / "notes.txt").write_text("no picture")
    (folder / "b" / "empty.jpg").write_bytes(b"")
    (folder / "b" / "Thumbs.db").write_bytes(b"system")
    (folder / "b" / ".hidden.png").write_bytes(b"system")
    write(folder / "b", "huge.png", PIL.Image.new("1", (9000, 6000)))
    write(folder / "b", "same.png", PIXELS[0])  # of class a
    smooth = PIL.Image.fromarray(PIXELS[2]).resize((160, 160))
    write(folder / "a", "smooth.png", smooth)
    write(folder / "a", "smooth again.jpg", smooth.resize((120, 120)), quality=90)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        task = from_folder(folder)
    told = str(task.report)
    for words in (
        "Files left out: 4.", "half.png (it is broken", "notes.txt (it is no picture)",
        "empty.jpg", "huge.png (it is huge, 9000 x 6000", "The same picture stands in "
        "two classes: a/0.png and b/same.png", "brought to one size", "Few pictures",
        "Copies or near copies", "results are rough",
    ):  # fmt: skip
        assert words in told, (words, told)
    assert "Thumbs" not in told and "hidden" not in told
    assert {pathlib.Path(file).name for file in task.report.left_out} == {
        "half.png", "notes.txt", "empty.jpg", "huge.png"
    }  # fmt: skip
    assert ("a/0.png", "b/same.png") in task.report.copies
    assert task.train.images.shape[1:] == (256, 256, 3)


def test_copies_stay_on_one_side_and_of_very_many_pictures_exact_ones_are_found(folder):
    for place in range(0, 24, 2):
        picture = PIL.Image.fromarray(PIXELS[place]).resize((80, 80))
        write(folder / "a", f"{place} again.jpg", picture, quality=95)
    for seed in range(3):
        report = str(from_folder(folder, seed=seed).report)
        assert "on another side" not in report and "12 groups" in report
    many = RNG.integers(0, 256, (6000, 8, 8, 3), "uint8")
    many[5999] = many[0]
    report = str(from_arrays(many, np.arange(6000) % 2).report)
    assert "picture 0 and picture 5999" in report and "in two classes" in report


def test_given_splits_are_kept_and_looked_at_and_missing_ones_taken_from_train(
    tmp_path,
):
    given = write_all(tmp_path / "given", "train", "train", "test", "valid")
    assert [*map(len, splits(from_folder(given)))] == [12, 6, 6]
    write(given / "test" / "a", "copy.png", PIXELS[0])
    assert "on another side of the split" in str(from_folder(given).report)
    task = from_folder(write_all(tmp_path / "two", "train", "train", "train", "val"))
    assert task.classes == ("a", "b")
    assert [*map(len, splits(task))] == [14, 6, 4]
    assert "no folder for test" in str(task.report)
    write(tmp_path / "unsorted" / "train", "1.png", PIXELS[0])
    write(tmp_path / "unsorted" / "test", "2.png", PIXELS[1])
    refused("give each class a subfolder", from_folder, tmp_path / "unsorted")


def test_small_pictures_of_mixed_sizes_are_not_blown_up(folder):
    write(folder / "a", "wide.png", RNG.integers(0, 256, (30, 60, 3), "uint8"))
    assert from_folder(folder).train.images.shape[1:] == (40, 40, 3)


def test_a_containers_memory_is_asked_for_what_the_pictures_take(
    folder, tmp_path, monkeypatch
):
    needed = 2 * PIXELS.nbytes
    monkeypatch.setattr(resources, "CGROUP", str(tmp_path))
    (tmp_path / "memory.current").write_text("1000000\n")
    (tmp_path / "memory.stat").write_text("inactive_file 0\n")
    for free, enough in ((needed, True), (needed - 1, False)):
        (tmp_path / "memory.max").write_text(f"{free + 1_000_000}\n")
        if enough:
            assert len(from_folder(folder).train) == 16
        else:
            refused("24 pictures of 40 x 40 px take", from_folder, folder)


def test_classes_without_pictures_are_told_or_refused(folder, tmp_path):
    (folder / "c").mkdir()
    (folder / "c" / "1.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert "No picture could be read in c" in str(from_folder(folder).report)
    (folder / "c").rename(tmp_path / "c")
    for name in "ab":
        (tmp_path / "phone" / name).mkdir(parents=True)
        (tmp_path / "phone" / name / "1.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "empty" / "a").mkdir(parents=True)
    write(tmp_path / "one" / "a", "1.png", PIXELS[0])
    for name, words in (
        ("phone", "Files left out: 2, 1.heic for one: .* JPEG"),
        ("nowhere", "There is no folder"),
        ("empty", "no pictures in subfolders"),
        ("one", "of one class, 'a'"),
    ):
        refused(words, from_folder, tmp_path / name)
    same = np.concatenate([PIXELS[:4], PIXELS[:12]])  # class 0 stands in class 1 too
    reports = [
        str(from_arrays(same, [0] * 4 + [1] * 12, seed=s).report) for s in range(9)
    ]
    assert any("No picture in test is of the class '0'" in each for each in reports)


def test_dark_pictures_are_no_copies_and_a_strong_imbalance_is_told():
    night = np.zeros((20, 64, 64, 3), "uint8")
    for place in range(20):  # each with one star, in a cell of its own
        night[place, 3 * place, 60 - 3 * place] = 255
    report = str(from_arrays(night, np.arange(20) % 2).report)
    assert "copies" not in report and "black" not in report
    assert "nearly black" in str(from_arrays(night // 16, np.arange(20) % 2).report)
    report = str(from_arrays(PIXELS, ["often"] * 19 + ["rarely"] * 5).report)
    assert "not balanced: 'often' has 11" in report and "class_weight" in report


def test_no_damage_to_a_file_stops_the_reading(tmp_path):
    rng, picture = np.random.default_rng(0), PIL.Image.fromarray(PIXELS[0])
    damaged = 0
    for kind in ("png", "jpg", "gif", "webp", "bmp", "dds", "jp2"):
        picture.save(tmp_path / f"whole.{kind}")
        whole = np.fromfile(tmp_path / f"whole.{kind}", "uint8")
        for _ in range(60):
            spoilt, places = whole.copy(), rng.integers(0, min(200, len(whole)), 4)
            spoilt[places] = rng.integers(0, 256, 4)
            spoilt.tofile(tmp_path / "spoilt")
            try:
                read_picture(tmp_path / "spoilt")
            except ValueError:
                damaged += 1
    assert damaged > 100


LETTERS = np.array(list("xyz"))[np.arange(24) % 3]
NUMBERS = np.arange(24) % 3


@pytest.mark.parametrize(
    ("labels", "classes", "names"),
    [
        (NUMBERS, None, NUMBERS),
        (NUMBERS + 1, None, NUMBERS + 1),
        (NUMBERS - 1, None, NUMBERS - 1),
        (NUMBERS + 1, "xyz", LETTERS),
        (NUMBERS, "xyz", LETTERS),
        (NUMBERS.astype(float), None, NUMBERS),
        (NUMBERS[:, None], None, NUMBERS),
        (LETTERS, None, LETTERS),
        (list(LETTERS), "zyx", LETTERS),
        (NUMBERS > 0, None, NUMBERS > 0),
        (np.eye(3)[NUMBERS], None, NUMBERS),
        (np.eye(3, dtype=int)[NUMBERS], "xyz", LETTERS),
        (pandas.Series(LETTERS, index=np.arange(24) * 7 + 3), None, LETTERS),
        (pandas.Series(LETTERS).astype("category"), None, LETTERS),
        (pandas.Categorical(LETTERS, categories=["z", "y", "x"]), None, LETTERS),
    ],
)
def test_labels_of_every_kind_are_taken(labels, classes, names):
    task = from_arrays(PIXELS, labels, classes=classes)
    assert set(task.classes) == set(map(str, names))
    name_of = {x.tobytes(): str(name) for x, name in zip(PIXELS, names, strict=True)}
    for split in splits(task):
        for image, label in zip(split.images, split.labels, strict=True):
            assert task.classes[label] == name_of[image.tobytes()]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": np.zeros(24, int)}, "of one class"),
        ({"labels": NUMBERS[:-1]}, "24 images and labels of shape"),
        ({"labels": np.where(NUMBERS == 0, np.nan, NUMBERS)}, "missing"),
        ({"labels": NUMBERS + 0.5}, "0.5 is no class"),
        ({"labels": np.ones((24, 3))}, "one-hot"),
        ({"labels": [None, *LETTERS[1:]]}, "missing"),
        ({"labels": LETTERS, "classes": "xy"}, "'z', which is not among"),
        ({"classes": ["only one"]}, "3 different labels and 1 classes"),
        ({"images": PIXELS / 255}, "undo any scaling"),
        ({"images": PIXELS[..., :2]}, "must have the shape"),
        ({"labels": pandas.array([None, *LETTERS[1:]], "string")}, "missing"),
        ({"classes": "aab"}, "the same name"),
        ({"images": [PIXELS[0], PIXELS[1][:20]]}, "differ in size"),
        ({"val": 0.6, "test": 0.5}, "together below 1"),
        ({"val": None}, "must be a share"),
        ({"labels": [0] * 22 + [1] * 2}, "'1' has 2 different pictures"),
        ({"per_class": 9}, "has only"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    refused(words, from_arrays, **{"images": PIXELS, "labels": NUMBERS, **change})


def test_without_validation_and_in_grey_but_not_without_test_pictures(backbone):
    task = from_arrays(PIXELS[..., 0], NUMBERS, val=0)
    assert len(task.val) == 0 and task.train.images.shape[-1] == 3
    assert "0 val" in repr(task)
    run = transfer(backbone, task, epochs=1)
    assert "val_loss" not in run.history
    assert "your own pictures" in run.model_card()
    task = from_arrays(PIXELS, NUMBERS, test=0)
    refused("no test pictures, .* test=0.2", transfer, backbone, task)


def test_a_zip_becomes_a_task(folder):
    packed = folder.with_name("packed.zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, pathlib.Path("around") / file.relative_to(folder))
        archive.writestr("__MACOSX/around/a/._0.png", b"system")
    task, wanted = from_zip(packed), from_folder(folder)
    np.testing.assert_array_equal(task.test.images, wanted.test.images)


LINK = zipfile.ZipInfo("a/link.png")
LINK.external_attr = (stat.S_IFLNK | 0o777) << 16


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("../out.png", b"", "leads out of it"),
        ("/etc/out.png", b"", "leads out of it"),
        ("C:\\out.png", b"", "leads out of it"),
        (LINK, "/etc/passwd", "leads out of it"),
        ("a/1.png", bytes(2 * 10**8), "would grow to"),
    ],
    ids=["above", "from the root", "on a drive", "a link", "a bomb"],
)
def test_dangerous_zips_are_not_unpacked(name, content, words, tmp_path, monkeypatch):
    path = tmp_path / "danger.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "unpacked"))
    (tmp_path / "unpacked").mkdir()
    refused(words, from_zip, path)
    assert not any((tmp_path / "unpacked").iterdir())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", RNG.bytes(500) + bytes(500))
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"PK\x01\x02") + 6] = 211  # of a version that nobody has
    path.write_bytes(whole)
    refused("cannot be unpacked", from_zip, path)
    refused("There is no zip file", from_zip, tmp_path / "unpacked")


def test_whatever_takes_a_name_takes_a_task_of_ones_own(folder, backbone):
    task = from_folder(folder, val=0.25)
    plans = {"features": tl.FreezePlan.features}
    study = tl.Study(
        targets=[task], sources=["glyphs"], plans=plans, per_class=[2], seeds=[0],
        epochs=1,
    )  # fmt: skip
    assert study.run(show_progress=False)["target"].tolist() == ["mine"]
    strategies = {"frozen": (backbone, tl.FreezePlan.features(backbone))}
    assert len(tl.study.compare(strategies, task, [2], [0], 1, False)) == 1
    assert len(tl.probes.probe_blocks(backbone, task, 2, [0])) == len(backbone.blocks)
    assert len(tl.transferability.rank({"glyphs": backbone}, task, scores=["knn"])) == 1
    hidden = tl.datasets.load_unlabelled(task, shares=[1.0, 0.5])
    assert "mine" in repr(hidden) and len(hidden.images) < len(task.train)
    adapted = tl.adaptation.coral(backbone, task.train, hidden.images)
    assert 0 <= hidden.accuracy(adapted) <= 1


def test_a_data_set_becomes_a_folder(tmp_path):
    import keras

    path = tl.datasets.folder("apples", "orchard", to=tmp_path / "apples")
    task, wanted = from_folder(path), tl.datasets.load("apples", domain="orchard")
    assert [*map(len, splits(task))] == [*map(len, splits(wanted))]
    assert sorted(task.classes) == sorted(wanted.classes)
    seen = keras.utils.image_dataset_from_directory(path / "train", image_size=(64, 64))
    assert seen.class_names == list(task.classes)
    refused("is there already", tl.datasets.folder, "apples", to=tmp_path / "apples")
    cached = tl.datasets.folder("digits", per_class=2)
    assert len(list(cached.glob("train/*/*.jpg"))) == 20
    assert cached != tl.datasets.folder("digits", per_class=2, seed=1)
    assert cached == tl.datasets.folder("digits", per_class=2)
    assert (cached / "test" / "3").is_dir()
    assert [x for x in cached.parent.iterdir() if x.name.startswith(".")] == []


def test_the_readmes_lines_run(folder):
    text = (ROOT / "README.md").read_text("utf-8")
    (code,) = [x for x in text.split("```")[1::2] if "from_folder" in x]
    folder.rename(folder.with_name("my_pictures"))
    code = f"import os; os.chdir({str(folder.parent)!r})\n{code.removeprefix('python')}"
    assert "| a | 8 | 2 | 2 |" in python(code).stdout
    assert (folder.parent / "my_pictures.keras").stat().st_size > 10**7


# From a folder to a score, over 5 draws; the head's rate is chosen on validation.
# KERAS_HOME is read at import.
SHOW = """
import sys, numpy as np, tlcourse as tl
backbone = tl.backbones.load(sys.argv[1], "imagenet")
for per_class in (10, 50):
    scores = {}
    for seed in range(5):
        options = {"val": 0.25, "test": 0.25, "per_class": per_class, "seed": seed}
        task = tl.datasets.from_folder(sys.argv[2], **options)
        for rate in (1e-2, 1e-3):
            plan = tl.FreezePlan.features(backbone, head_rate=rate)
            run = tl.transfer(backbone, task, plan, seed=seed, show_progress=False)
            pair = run.history["val_accuracy"][-1], run.test_accuracy
            scores.setdefault(rate, []).append(pair)
    means = [np.mean(pairs, axis=0).tolist() for pairs in scores.values()]
    print(max(means)[1])
"""


@pytest.mark.skipif(not SHARED.is_dir(), reason="no pictures of cats and dogs here")
@pytest.mark.parametrize(
    ("name", "ten", "fifty"),
    [("MobileNetV2", 0.95, 0.97), ("EfficientNetLite0", 0.92, 0.95)],
)
def test_cats_and_dogs_from_a_folder(name, ten, fifty):
    home = {"KERAS_HOME": str(SHARED / "keras_home")} if name == "MobileNetV2" else {}
    done = python(SHOW, name, str(SHARED / "pictures" / "cats_and_dogs"), **home)
    assert done.returncode == 0, done.stderr
    scores = [float(line) for line in done.stdout.split()]
    assert scores[0] >= ten and scores[1] >= fifty, scores


def test_edges_that_give_a_class_away_are_told_and_others_are_not():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), "uint8")
    labels = np.repeat(["a", "b", "c"], 20)
    assert "edges" not in str(from_arrays(pixels, labels).report)
    pixels[labels == "b", :4] //= 4  # a dark strip above
    (note,) = [x for x in from_arrays(pixels, labels).report.notes if "edges" in x]
    assert "give away 'b'" in note
    few = from_arrays(pixels[::3], labels[::3]).report
    assert "edges" not in str(few)  # nobody can tell of so few
    assert "Few pictures for training: 5 of 'a', 5 of 'b', 4 of 'c'." in few.notes


def test_classes_told_by_how_they_were_taken_are_named_and_others_are_not(tmp_path):
    task = tl.datasets.load("apples", 20, "orchard")
    apples, names = task.train, task.classes
    pixels, gala = apples.images.astype("uint8"), apples.labels == 3
    grey, dark = pixels.copy(), pixels.copy()
    grey[gala] = grey[gala].mean(axis=3, keepdims=True)
    dark[gala] //= 4
    assert "given away" not in str(from_arrays(pixels, apples.labels).report)
    for changed, look in [(grey, "strength of colour"), (dark, "brightness")]:
        report = from_arrays(changed, apples.labels, classes=names).report
        (note,) = [x for x in report.notes if "given away" in x]
        assert "'Gala'" in note and look in note
    for place, picture in enumerate(pixels[:60]):
        picture = PIL.Image.fromarray(picture).resize((64 - 24 * (place % 2),) * 2)
        write(tmp_path / "ab"[place % 2], f"{place}.png", picture)
    notes = from_folder(tmp_path).report.notes
    assert sum("its size of the file in pixels alone" in note for note in notes) == 2


def test_files_that_keras_passes_over_are_named(folder):
    assert "passes over" not in str(from_folder(folder).report)
    write(folder / "a", "new.webp", RNG.integers(0, 256, (40, 40, 3), "uint8"))
    assert "passes over 1 of these files" in str(from_folder(folder).report)
