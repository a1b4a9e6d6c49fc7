"""From an upload to a prediction: one's own pictures in JupyterLab."""

import os
import re
import zipfile

import pytest

import tlcourse as tl
from tests.helpers import ROOT

SHARED = ROOT.resolve().parent / "shared" / "pictures" / "cats_and_dogs"
CELLS = [
    """
    import tlcourse as tl
    tl.widgets.upload("meine Bilder/älter")
    """,
    'tl.widgets.sort_pictures("meine Bilder/älter")',
    """
    task = tl.datasets.from_folder("meine Bilder/älter")
    backbone = tl.backbones.load(input_size=128)
    run = tl.transfer(backbone, task, tl.FreezePlan.features(backbone), epochs=10)
    run.save("mine.keras")
    print(f"accuracy: {run.test_accuracy:.2f}")
    """,
    'tl.widgets.try_model("mine.keras", bytes_of_first)',
]


@pytest.fixture(scope="module")
def pictures():
    """Files of two classes: photographs where there are some, else apples."""
    if SHARED.is_dir():
        folders = [SHARED / name for name in ("cats", "dogs")]
    else:
        apples = tl.datasets.folder("apples", "studio") / "train"
        folders = [apples / name for name in ("Bramley", "Spartan")]
    return {each.name: sorted(each.iterdir())[:31] for each in folders}


def zipped(pictures, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, files in pictures.items():
            for file in files[:30]:
                archive.write(file, f"all/{name}/{file.name}")
        archive.writestr("all/broken.txt", "not in a class")
        archive.writestr(f"all/{name}/half.jpg", files[0].read_bytes()[:500])
        archive.writestr(f"all/{name}/film.mp4", os.urandom(15 << 20))  # past 10 MB
    return path


def choose(page, label, files):
    """Press a button that asks for files, and choose them."""
    with page.page.expect_file_chooser() as asked:
        page.page.get_by_role("button", name=label).click()
    asked.value.set_files(files)


def press(page, label):
    """Press a button by keyboard."""
    page.button(label).focus()
    page.page.keyboard.press("Enter")


def test_from_an_upload_to_a_prediction(lesson_of, lab, pictures, tmp_path):
    (one, ones), (other, others) = pictures.items()
    cells = [*CELLS[:-1], CELLS[-1].replace("bytes_of_first", repr(str(ones[30])))]
    page = lesson_of(*cells, run=False)
    page.run_cells([0])
    choose(page, "Choose pictures", zipped(pictures, tmp_path / "mine.zip"))
    page.wait_for_text("(1)")  # so the button counts what was chosen
    press(page, "Add to the folder")
    page.wait_for_text("New pictures: 60. Files refused: 2.", 60)
    page.wait_for_text("mine.zip: half.jpg: it ")
    page.wait_for_text("mine.zip: film.mp4: it is no picture")
    page.wait_for_text(f"30 of {one}, 30 of {other}.")
    # A second upload: the same pictures, and one that is new; nothing is overwritten.
    name = page.page.get_by_label("Class of these pictures")
    name.fill(other)
    name.press("Tab")
    choose(page, "Choose pictures", [others[0], others[30]])
    page.wait_for_text("(2)")
    press(page, "Add to the folder")
    page.wait_for_text("New pictures: 1. Files refused: 0.")
    page.wait_for_text(f"30 of {one}, 31 of {other}.")
    page.run_cells([1], first=2)
    before = page.pictures()
    assert before[0][1].startswith(f"{one}: 30 pictures")
    toggle = page.page.locator("button.widget-toggle-button").nth(1)
    assert toggle.get_attribute("title") == ones[1].name
    toggle.focus()
    page.page.keyboard.press("Space")
    press(page, "Do it")
    page.wait_for_text("1 picture moved.")
    assert page.wait_for_other_pictures(before)[0][1].startswith(f"{one}: 29 pictures")
    hidden = lab.files / "meine Bilder" / "älter" / ".thrown_out" / one
    assert [x.name for x in hidden.iterdir()] == [ones[1].name]
    press(page, "Undo")
    page.wait_for_text("1 picture brought back.")
    page.screenshot("own_pictures_sorted")
    page.run_cells([2, 3], first=3)
    assert page.errors() == ""
    accuracy = re.search(r"accuracy: ([\d.]+)", page.outputs())[1]
    assert float(accuracy) >= 0.75
    before = page.pictures()
    assert f"The network says {one} with probability" in before[-1][1]
    choose(page, "Choose a picture", others[30])
    after = page.wait_for_other_pictures(before)
    assert f"The network says {other} with probability" in after[-1][1]
    page.screenshot("own_pictures_tried")
