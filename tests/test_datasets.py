"""The data sets: shapes, splits that cannot overlap, few-shot draws, cards."""

import functools
import hashlib
import itertools
import re
import unicodedata

import numpy as np
import pytest

from tests.helpers import load_backbone, refused
from tlcourse import datasets, probes
from tlcourse.datasets import camera, glyphs, patches, photos, tissue
from tlcourse.language import texts
from tlcourse.resources import where

SPLITS = ("train", "val", "test")
DISTILLED = "imagenet_distilled"
# name, domain, classes, pictures in train, val and test, height and width
SETS = {
    "digits": ("handwritten", 10, (898, 180, 719), 8),
    "digits in print": ("fonts", 10, (1500, 200, 400), 8),
    "faces": (None, 2, (100, 20, 80), 25),
    "photos": ("as_taken", 10, (369, 74, 303), 48),
    "photos out of focus": ("blur_2", 10, (369, 74, 303), 48),
    "photos in the dark": ("noise_3", 10, (369, 74, 303), 48),
    "photos in the wrong light": ("white_balance_5", 10, (369, 74, 303), 48),
    "tissue": (None, 4, (281, 56, 226), 24),
    "glyphs": (None, 70, (2100, 350, 700), 64),
    "fractals": (None, 40, (1200, 200, 400), 64),
    "apples": ("studio", 8, (480, 160, 320), 64),
    "apples in the orchard": ("orchard", 8, (480, 160, 320), 64),
}


@pytest.fixture(scope="module")
def task():
    """A function that loads a set of the list above, once for all tests."""
    return functools.cache(
        lambda name: datasets.load(name.split()[0], domain=SETS[name][0])
    )


def card_of(name):
    return (where("datasets") / name / "card.md").read_text(encoding="utf-8")


def hashes(images):
    return [hashlib.sha256(image.tobytes()).digest() for image in images]


def splits(task):
    return [getattr(task, split) for split in SPLITS]


def rows(images):
    return images[..., 0].reshape(len(images), -1)


def test_the_list_above_is_complete_and_every_set_has_a_card_with_all_headings():
    assert {name.split()[0] for name in SETS} == set(datasets.NAMES)
    folders = {path.parent.name for path in where("datasets").glob("*/card.md")}
    assert folders == {*datasets.NAMES, *datasets.ONLINE, *texts.NAMES}
    headings = ["What.", "Who.", "Licence.", "Size.", "How made."]
    for name in folders:
        text = card_of(name)
        assert text.startswith("# "), name
        bold = re.findall(r"^\*\*([A-Z][a-z ]+\.)\*\* (?=\S)", text, flags=re.MULTILINE)
        assert [heading for heading in bold if heading in headings] == headings, name


@pytest.mark.parametrize("name", SETS)
def test_shapes_types_range_and_card_of_a_set_that_nobody_can_change(task, name):
    domain, classes, counts, side = SETS[name]
    loaded = task(name)
    assert loaded.name == name.split()[0] and loaded.domain == domain
    assert len(loaded.classes) == len(set(loaded.classes)) == classes
    assert all(isinstance(each, str) for each in loaded.classes)
    for split, count in zip(splits(loaded), counts, strict=True):
        images, labels = split.images, split.labels
        assert images.shape == (count, side, side, 3) and images.dtype == np.float32
        assert labels.shape == (count,) and labels.dtype.kind == "i"
        assert set(labels) == set(range(classes))  # every split knows every class
        assert np.isfinite(images).all()
        assert 0 <= images.min() < 30 and 225 < images.max() <= 255
    with pytest.raises(ValueError, match="read-only"):
        loaded.test.images[0] = 0
    assert loaded.card == card_of(loaded.name)
    size = re.search(r"\*\*Size\.\*\*.*?\n\n", loaded.card, re.DOTALL)[0]
    numbers = {int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", size)}
    assert set(counts) <= numbers


def test_no_example_stands_twice(task):
    """In no two splits, in no two sets and in no split twice, over all sets."""
    parts = [split for name in SETS for split in splits(task(name))]
    digests = [digest for split in parts for digest in hashes(split.images)]
    assert len(set(digests)) == sum(sum(counts) for _, _, counts, _ in SETS.values())


def test_a_task_tells_what_it_is_and_its_domain(task):
    assert repr(task("faces")) == (
        "Task('faces': 2 classes, 100 train, 20 val, 80 test images of 25 x 25 px)"
    )
    assert "domain 'orchard'" in repr(task("apples in the orchard"))
    assert datasets.load("apples").domain == "studio"
    orchard = datasets.load("apples", domain="orchard", per_class=2)
    assert orchard.domain == "orchard" and len(orchard.train) == 16


@pytest.mark.parametrize("name", SETS)
def test_few_labels_are_balanced_and_nested(task, name):
    whole, few = task(name), {}
    most = np.bincount(whole.train.labels).min()
    for per_class in sorted({1, 5, min(10, most), most}):
        chosen = datasets.few(whole.train.labels, per_class, 3, name)
        counts = np.bincount(whole.train.labels[chosen])
        assert counts.tolist() == [per_class] * len(whole.classes)
        few[per_class] = set(chosen.tolist())
        assert len(few[per_class]) == len(chosen)  # none twice
    sizes = sorted(few)
    for small, large in zip(sizes, sizes[1:], strict=False):
        assert few[small] < few[large]


class Knows:
    """Answers right for the images of a split."""

    def __init__(self, split):
        self.answers = dict(zip(hashes(split.images), split.labels, strict=True))

    def predict(self, images):
        return np.eye(10)[[self.answers[each] for each in hashes(images)]]


def test_load_draws_few_labels_of_train_alone_with_their_pictures(task):
    whole = datasets.load("digits")
    five = datasets.load("digits", per_class=5, seed=1)
    again = datasets.load("digits", per_class=5, seed=1)
    other = datasets.load("digits", per_class=5, seed=2)
    ten = datasets.load("digits", per_class=np.int64(10), seed=1)
    assert np.array_equal(five.train.images, again.train.images)
    assert not np.array_equal(five.train.images, other.train.images)
    assert set(hashes(five.train.images)) < set(hashes(ten.train.images))
    assert set(hashes(ten.train.images)) < set(hashes(whole.train.images))
    for few in (five, other, ten):
        for expected, same in zip(splits(whole)[1:], splits(few)[1:], strict=True):
            assert np.array_equal(expected.images, same.images)
            assert np.array_equal(expected.labels, same.labels)
    few = datasets.load("faces", per_class=7, seed=4).train
    known = Knows(task("faces").train)
    assert np.array_equal(known.predict(few.images).argmax(1), few.labels)


@pytest.mark.parametrize("name", camera.CHANGES)
def test_a_camera_changes_pictures_by_its_strength_and_never_their_splits(task, name):
    usual, distances = task("photos"), []
    for strength in (1, 3, 5):
        changed = datasets.load("photos", domain=f"{name}_{strength}").test
        assert np.array_equal(changed.labels, usual.test.labels)
        distances.append(np.abs(changed.images - usual.test.images).mean())
    assert 0 < distances[0] < distances[1] < distances[2]
    at_rest = camera.CHANGES[name](usual.val.images, 0)
    assert np.allclose(at_rest, usual.val.images)


def test_looks_at_hidden_labels_are_counted():
    target = datasets.load_unlabelled("digits")
    task = datasets.load("digits")
    assert target.looks == 0 and target.classes == task.classes
    assert np.array_equal(target.images, task.train.images)
    assert not {"labels", "train", "val", "test"} & set(dir(target))
    assert np.array_equal(target.reveal().test.labels, task.test.labels)
    assert target.accuracy(Knows(task.test)) == 1
    assert target.looks == 2
    assert repr(target) == (
        "Unlabelled('digits', domain 'handwritten': 898 images, labels looked at 2 "
        "times)"
    )


def test_shares_make_a_label_shift_and_must_fit():
    shares = [1] * 5 + [0.1] * 5
    target = datasets.load_unlabelled("digits", shares=shares, seed=1)
    shifted, whole = target.reveal(), datasets.load("digits")
    for ours, all_of_it in zip(splits(shifted), splits(whole), strict=True):
        counts, before = np.bincount(ours.labels), np.bincount(all_of_it.labels)
        assert np.array_equal(counts[:5], before[:5])
        assert np.abs(counts[5:] - 0.1 * before[5:]).max() <= 1
        assert set(hashes(ours.images)) <= set(hashes(all_of_it.images))
    other = datasets.load_unlabelled("digits", shares=shares, seed=2)
    assert not np.array_equal(target.images, other.images)
    for wrong in ([0.5], [0] * 10, [2] * 10, 0.5):
        words = "10 numbers above 0 and at most 1"
        refused(words, datasets.load_unlabelled, "digits", shares=wrong)


# --- photographs ----------------------------------------------------------------------


def test_no_photograph_is_source_and_target_and_the_card_names_every_one():
    assert not set(photos.TARGET) & set(photos.SOURCE)
    both = {**photos.TARGET, **photos.SOURCE}
    assert len({file for file, _ in both.values()}) == len(both) == 20
    assert len({photos.photograph(name).tobytes() for name in both}) == 20
    rows = re.findall(r"^\| ([a-z ]+) \| (\w+) \| (\S+), ", card_of("photos"), re.M)
    roles = {"target": photos.TARGET, "source": photos.SOURCE}
    expected = {
        (name, role, roles[role][name][0]) for role in roles for name in roles[role]
    }
    assert set(rows) == expected and len(rows) == len(expected)
    _, labels = photos.crops(np.random.default_rng(0), 20)
    assert labels.min() >= 0 and labels.max() < photos.parts()


def where_cut(patch, picture):
    """Row and column where a patch lies in a photograph; exactly one place."""
    side, end = len(patch), len(patch) - 1
    rows, columns = picture.shape[0] - side + 1, picture.shape[1] - side + 1
    fits = np.ones((rows, columns), bool)
    for row, column in ((0, 0), (0, end), (end, 0), (end, end), (end // 2, end // 2)):
        seen = picture[row : row + rows, column : column + columns]
        fits &= seen == patch[row, column]
    (place,) = [
        (int(row), int(column))
        for row, column in np.argwhere(fits)
        if np.array_equal(picture[row : row + side, column : column + side], patch)
    ]
    return place


def test_patches_of_train_and_test_do_not_touch(task):
    """Found again in their photographs, all patches keep a distance from each other."""
    loaded = task("photos")
    for label, name in enumerate(loaded.classes):
        picture = photos.grey(photos.photograph(name))[..., 0]
        places = [
            np.array(
                [where_cut(p, picture) for p in s.images[s.labels == label, ..., 0]]
            )
            for s in splits(loaded)
        ]
        for one, other in itertools.combinations(places, 2):
            apart = np.abs(one[:, None] - other).max(axis=-1)  # in rows or in columns
            assert apart.min() >= photos.PATCH + photos.GAP > photos.PATCH, name


def test_patches_of_tissue_have_gaps_and_glands_are_what_the_stain_has_coloured():
    side = 200
    places = np.arange(side * side).reshape(side, side)
    corners = tissue._cut(places)[:, 0, 0]
    at = np.stack(np.divmod(corners, side), axis=1)  # row and column
    steps = np.abs(at[:, None] - at).max(axis=-1)
    steps[np.diag_indices(len(steps))] = side
    assert steps.min() == tissue.PATCH + tissue.GAP > tissue.PATCH
    picture = patches.read("ihc.png").astype(float)
    shades = tissue._cut(picture[..., 0] - picture[..., 2]).mean((1, 2))
    brown = dict(zip(hashes(tissue._cut(picture[..., 1])), shades, strict=True))
    glands, between = (
        [brown[digest] for digest in hashes(np.array(kind, float))]
        for kind in tissue._microscope()
    )
    assert min(glands) > max(between)


def test_tissues_are_as_hard_as_on_their_card_and_not_told_by_brightness(task):
    loaded = task("tissue")

    def accuracy(look, per_class):
        train, test = look(loaded.train.images), look(loaded.test.images)
        table = probes.probe_features(train, test, loaded, per_class, range(5))
        return table["accuracy"].mean()

    def brightness(images):
        return np.stack([images.mean((1, 2, 3)), images.std((1, 2, 3))], axis=1)

    for look in (brightness, rows):
        assert accuracy(look, 30) < 0.45  # guessing gives 0.25
    views = [rows, *(load_backbone(s).features for s in ("random", DISTILLED))]
    words = re.search(r"\*\*How hard.*?gives 0.25", loaded.card, re.DOTALL)[0]
    numbers = [float(number) for number in re.findall(r"0\.\d\d", words)]
    for look, number in zip(views, numbers, strict=False):
        assert abs(accuracy(look, 10) - number) < 0.02


def test_glyphs_hold_no_digit_and_are_as_many_as_the_card_says(task):
    every = glyphs.alphabet()[0]
    assert f"all {len(every)} characters" in " ".join(card_of("glyphs").split())
    assert set(task("glyphs").classes) <= set(every)
    for character in every:
        name = unicodedata.name(character)
        assert unicodedata.numeric(character, None) is None, name
        assert unicodedata.category(character)[0] != "N", name
        assert not re.search(r"\b(DIGIT|NUMBER|TWO|THREE|FOUR|FIVE)\b", name), name


def test_drawn_again_a_set_is_the_same(task):
    for name in ("fractals", "glyphs"):
        again = datasets._made.__wrapped__(name, None)[1].values()
        for one, other in zip(splits(task(name)), again, strict=True):
            assert np.array_equal(one.images, other.images)


BAD = {  # words: name, per_class, domain
    "There is no data set 'digit'. Choose one of digits, faces": ("digit",),
    "There is no data set None": (None,),
    "'digits' has no domain 'attic': take one of 'handwritten', 'fonts'":
        ("digits", None, "attic"),
    "'faces' has no domain 'studio': leave domain out": ("faces", None, "studio"),
    "no domain 'cellar': take one of 'studio', 'orchard'": ("apples", None, "cellar"),
    "only 50 training examples in its smallest class: ask for at most 50":
        ("faces", 51),
    "a whole number from 1 up, not 0": ("digits", 0),
    "a whole number from 1 up, not -3": ("digits", -3),
    "a whole number from 1 up, not 2.5": ("digits", 2.5),
    "a whole number from 1 up, not '5'": ("digits", "5"),
}  # fmt: skip


@pytest.mark.parametrize("words", BAD)
def test_bad_input_gets_one_sentence(words):
    message = refused(re.escape(words), datasets.load, *BAD[words])
    assert "\n" not in message and message.endswith(".")
