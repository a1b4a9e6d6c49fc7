"""The exercises, figures, its widget, what its prose counts on."""

import io
import json

import numpy as np
import pytest
from PIL import Image

import tlcourse as tl
from tlcourse import datasets, plots
from tlcourse.exercises import checking, lessons
from tlcourse.lessons import notebook
from tlcourse.lessons.start import figures, widget

NOTEBOOK = notebook("start")


def cells(kind="code"):
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == kind
    ]


@pytest.fixture(scope="module")
def starts():
    """The naive answer of each exercise and the names of its cell, as in the lesson."""
    found = {}
    for source in cells():
        if 'check("00.' in source:
            names = {"tl": tl, "check": lambda number, answer: None}
            exec(source, names)
            found[source.split('check("')[1][:4]] = names
    return found


# --- exercises ------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["start.1", "start.2"])
def test_the_naive_start_fails_and_the_solution_passes(starts, number):
    exercise, names = lessons.exercise(number), starts[number]
    assert checking.first_failure(exercise, names["answer"]) is not None
    scope = {name: names[name] for name in names if name not in ("answer", "check")}
    exec(exercise.solution, scope)
    assert checking.first_failure(exercise, scope["answer"]) is None


WRONG_TASKS = {
    "It is the task faces": lambda: datasets.load("digits", per_class=5),
    "There are as many": lambda: datasets.load("faces", per_class=10),
}


@pytest.mark.parametrize("words", WRONG_TASKS)
def test_another_task_or_number_is_named(words):
    says, found = checking.first_failure(
        lessons.exercise("start.1"), WRONG_TASKS[words]()
    )
    assert says.startswith(words) and "5" not in found


def test_unequal_classes_and_a_cut_test_split_are_named():
    whole = datasets.load("faces")
    pictures, labels = whole.train.images[:10], np.arange(10) // 7
    lopsided = datasets.Split(pictures, labels)
    task = datasets.Task("faces", whole.classes, lopsided, whole.val, whole.test)
    says, found = checking.first_failure(lessons.exercise("start.1"), task)
    assert says.startswith("Both classes") and found == "Yours have 7 and 3."
    five = datasets.load("faces", per_class=5)
    task = datasets.Task("faces", whole.classes, five.train, whole.val, whole.val)
    says, found = checking.first_failure(lessons.exercise("start.1"), task)
    assert says == "The test split is whole" and "20 test pictures" in found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda right: right[0], "an array with four axes"),
        (lambda right: np.repeat(right, 2, axis=0), "a batch of one"),
        (lambda right: right[..., :1], "three channels"),
        (lambda right: right[:, :20], "Height and width"),
        (lambda right: right / 255, "upper end of the range"),
        (lambda right: right * 255, "upper end of the range"),
        (lambda right: right - 128, "upper end of the range"),
        (lambda right: right[:, ::-1], "show the raw picture"),
        (lambda right: right[..., :1] * [1, 0, 0], "show the raw picture"),
    ],
)
def test_what_is_wrong_with_a_picture_is_named(change, words):
    right = datasets.load("faces").train.images[65:66]
    says, found = checking.first_failure(lessons.exercise("start.2"), change(right))
    assert words in says and found


def test_whole_numbers_are_as_good():
    right = datasets.load("faces").train.images[65:66].round().astype("uint8")
    assert checking.first_failure(lessons.exercise("start.2"), right) is None


def test_a_list_is_not_an_array():
    nested = datasets.load("faces").train.images[65:66].tolist()
    says, found = checking.first_failure(lessons.exercise("start.2"), nested)
    assert "three channels" in says and "Expected a NumPy array" in found


# --- figures --------------------------------------------------------------------------


def colours(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))


def test_the_map_of_the_course():
    digits = datasets.load("digits", per_class=1).train.images
    picture = figures.course_map(digits, digits)
    assert "source" in picture.alt and "target" in picture.alt
    texts = {text.get_text() for text in picture.fig.axes[0].texts}
    assert {"01", "02", "03", "backbone", "❄ frozen or ✎ trainable"} <= texts
    assert colours(picture).std() > 20
    with pytest.raises(
        ValueError, match=r"images of the shape \(n, height, width, 3\)"
    ):
        figures.course_map(np.zeros((2, 3)), digits)


def test_the_gallery_shows_a_row_for_each_task():
    names = ("faces", "photos", "glyphs")
    picture = plots.gallery([datasets.load(n, per_class=4) for n in names])
    assert len(picture.fig.axes) == 3 * 8
    for name in names:
        assert name in picture.alt
    titles = [axes.get_title(loc="center") for axes in picture.fig.axes[17:]]
    assert titles == ["!", "/", "C", "P", "Z", "m", "¶"]  # spread over the classes
    with pytest.raises(ValueError, match="at least one task"):
        plots.gallery([])


# --- the widget -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "data_set", ["digits", "faces", "photos", "apples in the orchard"]
)
def test_browsing_a_data_set(data_set):
    first, other = widget.draw(data_set, 1), widget.draw(data_set, 2)
    assert first.alt.startswith(f"24 pictures of {data_set}")
    assert first.png != other.png
    name, domain = widget.DATA_SETS[data_set]
    for each in datasets.load(name, domain=domain).classes:
        assert each in first.alt


def test_a_handful_of_many_classes_holds_as_many_as_it_can():
    names = widget._handfuls("glyphs")[1][0][1]
    assert len(set(names)) == widget.SHOWN


def test_a_handful_is_of_training_pictures_with_their_own_classes():
    train = datasets.load("faces").train
    known = {
        image.astype("uint8").tobytes(): label
        for image, label in zip(train.images, train.labels, strict=True)
    }
    for images, names in widget._handfuls("faces")[1]:
        classes = [("no face", "face")[known[image.tobytes()]] for image in images]
        assert classes == names


def test_every_data_set_can_be_browsed():
    offered = set(widget.DATA_SETS.values())
    assert {name for name, _ in offered} == set(datasets.NAMES)
    domains = {domain for name, domain in offered if name == "apples"}
    assert domains == set(datasets.DOMAINS["apples"])


def test_bad_choices_get_one_sentence():
    with pytest.raises(ValueError, match="There is no data set 'pears': take digits"):
        widget.draw("pears")
    with pytest.raises(ValueError, match="There is no handful 6: take 1 to 5"):
        widget.draw("digits", 6)


def test_it_is_a_picture_first(capsys):
    widget.browse_pictures()
    said = capsys.readouterr().out
    assert said.startswith("24 pictures of digits")
    assert "Controls: data set, handful." in said


# --- the text -------------------------------------------------------------------------


def test_the_text_names_every_data_set_and_every_lesson():
    text = "\n".join(cells("markdown"))
    for name in datasets.NAMES:
        assert f"* `{name}`" in text
    for lesson in NOTEBOOK.parent.glob("0[1-9]_*.ipynb"):
        assert f"({lesson.name})" in text


def test_short_cells():
    # The first cell is the same in all lessons.
    for source in cells()[1:]:
        assert len([line for line in source.splitlines() if line.strip()]) <= 9, source
