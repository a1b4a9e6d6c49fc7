"""Widgets for one's own pictures and model: bring, sort, try. Nothing is ever lost.

They run under ipywidgets 8 and, in the pass on Colab's versions, under 7.7.1.
"""

import datetime
import io
import sys
import zipfile

import ipywidgets
import keras
import numpy as np
import PIL.Image
import pytest

import tlcourse as tl
from tests.helpers import python, refused
from tlcourse.class_activation import class_activation_maps
from tlcourse.datasets import collecting, from_folder
from tlcourse.plots import Picture
from tlcourse.widgets.sort_pictures import PAGE

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (30, 40, 40, 3), "uint8")


def encoded(place, form="png"):
    file = io.BytesIO()
    PIL.Image.fromarray(PIXELS[place]).save(file, form)
    return file.getvalue()


def zipped(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tree(folder):
    """Every file in a folder, by its path inside, with its content."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def choose(chooser, files):
    """What the browser sends when somebody chooses files: ipywidgets 7 or 8."""
    if ipywidgets.__version__.startswith("7"):
        value = {name: {"metadata": {}, "content": data} for name, data in files}
        chooser.set_trait("value", value)
    else:
        then = datetime.datetime.now(datetime.UTC)
        facts = {"type": "", "size": 0, "last_modified": then}
        chooser.value = [
            {"name": name, "content": memoryview(data), **facts} for name, data in files
        ]


def test_pictures_and_zips_are_added_and_nothing_is_overwritten(tmp_path):
    folder = tmp_path / "deep ünder" / "meine Bilder"
    first = [("1.png", encoded(0)), ("broken.png", encoded(1)[:200])]
    added, not_taken = collecting.add(first, "Äpfel", folder)
    assert added == 1 and [*not_taken] == ["broken.png"]
    assert "broken" in not_taken["broken.png"]
    before = tree(folder)
    archive = zipped(**{
        "all/A\u0308pfel/1.png": encoded(2), "all/Birnen/1.png": encoded(3),
        "all/Birnen/list.txt": b"no picture", "__MACOSX/x": b"",
    })  # fmt: skip
    added, not_taken = collecting.add([("more.zip", archive)], "", folder)
    assert added == 2 and [*not_taken] == ["more.zip: list.txt"]
    assert before.items() <= tree(folder).items()  # what was there is there
    assert {*tree(folder)} == {"Äpfel/1.png", "Äpfel/1 (2).png", "Birnen/1.png"}
    again, _ = collecting.add(first, "Äpfel", folder)
    assert again == 0 and len(tree(folder)) == 3


@pytest.mark.parametrize(
    ("name", "content", "class_name", "why"),
    [
        ("a.png", encoded(0), "", "it has no class"),
        ("loose.zip", zipped(**{"a.png": encoded(0)}), "", "it has no class"),
        ("bad.zip", b"PK nothing", "a", "no zip file"),
        ("out.zip", zipped(**{"../../a/b.png": encoded(0)}), "a", "leads out of it"),
        ("photo.heic", b"ftypheic", "a", "save it as JPEG"),
    ],
)
def test_what_is_refused_is_named_and_leaves_nothing(
    name, content, class_name, why, tmp_path
):
    added, not_taken = collecting.add([(name, content)], class_name, tmp_path / "mine")
    assert added == 0 and why in not_taken[name]
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["../a", ".hidden", "a/b", "C:x"])
def test_a_class_that_cannot_be_a_folder_is_refused(name, tmp_path):
    refused("cannot be the name", collecting.add, [], name, tmp_path)


def test_upload_by_its_controls_twice(tmp_path, capsys):
    shown = tl.widgets.upload(tmp_path / "mine")
    shown.show()
    assert "is not there yet. Controls: choose" in capsys.readouterr().out
    shown.button.click()
    assert "choose pictures or a zip file first" in shown.message.value
    choose(shown.chooser, [("a.png", encoded(0)), ("notes.txt", b"text")])
    shown.button.click()
    assert "it has no class" in shown.message.value and len(shown.chooser.value) == 2
    for place, (name, files) in enumerate(
        {"cat": [("a.png", encoded(0)), ("n.txt", b"text")],
         "dog": [("a.png", encoded(1))]}.items()
    ):  # fmt: skip
        shown.name.value = name
        choose(shown.chooser, files)
        shown.button.click()
        assert "New pictures: 1." in shown.message.value
        assert ("n.txt: it is no picture" in shown.message.value) == (place == 0)
        assert len(shown.chooser.value) == 0  # ready for more
    assert "holds 1 of cat, 1 of dog." in shown.message.value
    assert shown.refused["n.txt"] == "it is no picture"


FULL = """
import datetime, pathlib, resource, sys
import ipywidgets
import tlcourse as tl
from tests.test_learner_widgets import choose, encoded, tree

folder = pathlib.Path(sys.argv[1])
shown = tl.widgets.upload(folder)
shown.name.value = "cat"
files = [("small.png", encoded(0)), ("large.bmp", encoded(1, "bmp"))]
resource.setrlimit(resource.RLIMIT_FSIZE, (len(files[0][1]),) * 2)
files[1] = ("large.bmp", files[1][1] + bytes(20_000))
choose(shown.chooser, files)
shown.button.click()
print(shown.message.value, [*tree(folder)], len(shown.chooser.value))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_on_a_full_disk_whole_files_are_kept_and_what_is_chosen_stays(tmp_path):
    done = python(FULL, str(tmp_path / "mine"))
    assert done.returncode == 0, done.stderr
    assert "Not all of it was added; what is chosen stays" in done.stdout
    assert "File too large" in done.stdout
    assert done.stdout.endswith("['cat/small.png'] 2\n")


def folder_of(tmp_path):
    for place in range(len(PIXELS)):
        file = (
            tmp_path / "mine" / ("cat" if place < PAGE + 2 else "dog") / f"{place}.png"
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(place))
    return tmp_path / "mine"


def test_pictures_are_thrown_out_moved_and_brought_back(tmp_path):
    folder = folder_of(tmp_path)
    before = tree(folder)
    shown = tl.widgets.sort_pictures(folder)
    shown.show()
    assert shown.wall.picture.alt.startswith("cat: 26 pictures, on this page 0.png")
    shown.wall.controls["page"].value = 2
    assert len(shown.files) == 2 and shown.picks[1].tooltip == shown.files[1].name
    gone = shown.files[1]
    shown.picks[1].value = True
    shown.button.click()
    assert not gone.exists() and "1 picture moved" in shown.message.value
    assert f".thrown_out/cat/{gone.name}" in tree(folder)
    assert shown.wall.picture.alt.startswith("cat: 25 pictures")
    assert sum(from_folder(folder).report.table["train"]) < 26
    assert len(from_folder(folder, val=0, test=0).train) == 29
    shown.undo.click()
    assert tree(folder) == before and shown.undo.disabled
    shown.wall.controls["page"].value = 1
    shown.target.value = "move to dog"
    shown.picks[0].value = shown.picks[2].value = True
    shown.button.click()
    assert {"dog/0.png", "dog/10.png"} <= {*tree(folder)}
    assert {*tree(folder).values()} == {*before.values()}


def test_a_folder_without_pictures_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        refused("one subfolder per class", tl.widgets.sort_pictures, folder)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model of two classes that looks for red, in a file, and its picture."""
    keras.utils.set_random_seed(0)
    pictures = keras.Input((32, 32, 3))
    maps = keras.layers.Rescaling(1 / 255)(pictures)
    maps = keras.layers.AveragePooling2D(4)(maps)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    head = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pictures, head(pooled))
    head.set_weights([np.float32([[9, -9], [0, 0], [0, 0]]), np.float32([0, 0])])
    folder = tmp_path_factory.mktemp("saved")
    path = tl.saving.save(model, ["red", "dark"], folder / "model.keras")
    picture = np.zeros((64, 96, 3), "uint8")
    picture[:32, 32:64] = (255, 0, 0)
    PIL.Image.fromarray(picture).save(folder / "picture.png")
    return path


def test_a_saved_model_says_what_it_sees_and_where_of_any_picture(saved, capsys):
    shown = tl.widgets.try_model(saved, saved.parent / "picture.png")
    shown.show()
    assert "The network says red with probability 0." in shown.picture.alt
    assert "Controls: Choose a picture." in capsys.readouterr().out
    before = shown.picture
    chooser = shown.controls["picture"]
    choose(chooser, [("n.txt", b"text")])
    assert "n.txt is not taken: it is no picture" in shown.message.value
    assert shown.picture is before
    dark = io.BytesIO()
    PIL.Image.new("L", (50, 70)).save(dark, "png")
    choose(chooser, [("dark.png", dark.getvalue())])
    assert isinstance(shown.picture, Picture) and shown.picture is not before
    assert "with probability 0.50" in shown.picture.alt


def test_the_heat_lies_where_the_red_is_and_other_ends_are_refused(saved):
    model = keras.saving.load_model(saved)
    picture = np.zeros((1, 32, 32, 3))
    picture[0, :8, 16:] = (255, 0, 0)
    heat = class_activation_maps(model, picture, [0])[0]
    assert heat[:2, 4:].min() > 0.9 * heat.max() and heat[2:].max() == 0
    assert class_activation_maps(model, picture, [1]).max() == 0  # speaks against it
    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
    refused("ends in GlobalAveragePooling2D", class_activation_maps, other, [], [])


def test_heat_of_a_nested_backbone_and_of_a_run_are_of_its_logits():
    backbone = tl.backbones.load("mobilenet", "glyphs")
    task = tl.datasets.load("digits", per_class=2, seed=0)
    run = tl.transfer(backbone, task, tl.FreezePlan.features(backbone), epochs=2)
    images = backbone.preprocess(task.test.images[:3])
    heat = class_activation_maps(run.model, images, [0, 1, 2])
    pictures = keras.Input((64, 64, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.model(pictures))
    head = keras.layers.Dense(10)
    nested = keras.Model(pictures, head(pooled))
    head.set_weights(run.weights[-2:])
    np.testing.assert_allclose(
        class_activation_maps(nested, images, [0, 1, 2]), heat, atol=1e-3
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [("none.keras", "There is no model"), ("picture.png", "There is no model")],
)
def test_what_is_no_model_is_refused(name, words, saved):
    picture = saved.parent / "picture.png"
    refused(words, tl.widgets.try_model, saved.parent / name, picture)


def test_a_model_without_classes_is_refused_with_what_to_do(saved):
    plain = saved.parent / "plain.keras"
    keras.saving.load_model(saved).save(plain)
    picture = saved.parent / "picture.png"
    refused("tl.saving.save", tl.widgets.try_model, plain, picture)
