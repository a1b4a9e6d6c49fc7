"""The apples: what they promise, that no cue suffices, and the gap between domains."""

import concurrent.futures
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tests.helpers import ROOT, python, refused
from tlcourse.datasets import apples

CARD = ROOT / "datasets" / "apples" / "card.md"
COUNTS = {"train": 60, "val": 20, "test": 40}
SEEDS = range(5)
CHANCE = 1 / 8


@pytest.fixture(scope="module")
def orchards():
    return {domain: apples.make(domain) for domain in apples.DOMAINS}


@pytest.mark.parametrize("domain", apples.DOMAINS)
@pytest.mark.parametrize("variety", apples.CLASSES)
def test_a_picture_is_float32_rgb_in_range_and_the_generator_decides(variety, domain):
    rngs = map(np.random.default_rng, (5, 5, 6))
    picture, again, other = (apples.draw(variety, domain, rng) for rng in rngs)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.float32
    assert picture.min() >= 0 and picture.max() <= 255
    assert np.array_equal(picture, np.rint(picture))
    assert picture.std() > 15  # there is something to see
    assert np.array_equal(picture, again)
    assert np.abs(picture - other).mean() > 5


def test_bad_input_gets_one_sentence():
    for words, call, *given in (
        ("'Pear'.*Gala, ", apples.draw, "Pear", "studio", None),
        ("'kitchen'", apples.draw, "Gala", "kitchen", None),
        ("'cellar'.*'studio' or 'orchard'", apples.make, "cellar"),
    ):
        assert refused(words, call, *given).count(".") == 1


def test_every_split_holds_every_variety_and_repeats(orchards, monkeypatch):
    monkeypatch.setattr(apples, "SPLITS", {"train": 2, "val": 1, "test": 1})
    for domain, made in orchards.items():
        assert made["classes"] == apples.CLASSES
        again = apples.make(domain)
        for split, full in COUNTS.items():
            assert np.bincount(made[split][1]).tolist() == [full] * 8
            count = apples.SPLITS[split]
            first = np.arange(8 * full) % full < count
            assert np.array_equal(again[split][0], made[split][0][first])


DRAWN = """
import hashlib, sys
from tlcourse.datasets import apples
apples.SPLITS = {"train": 2, "val": 1, "test": int(sys.argv[1])}
draw, count = apples.draw, []
def counted(*of_what):
    count.append(1)
    return draw(*of_what)
apples.draw = counted
made = apples.make("orchard")
pictures = b"".join(made[split][0].tobytes() for split in apples.SPLITS)
print(len(count), hashlib.sha256(pictures).hexdigest())
"""


@pytest.fixture
def drawn(tmp_path):
    """A function that makes a few apples in a new process: pictures drawn, a hash."""

    def run(test=1, cache=tmp_path):
        done = python(DRAWN, str(test), TLCOURSE_CACHE=str(cache))
        assert done.returncode == 0 and not done.stderr, done.stderr
        count, digest = done.stdout.split()
        return int(count), digest

    return run


def test_a_second_process_draws_nothing_unless_no_cache_can_be_written(drawn, tmp_path):
    (first, digest), again = drawn(), drawn()
    assert first == 8 * 4 and again == (0, digest)
    assert drawn(test=2)[0] == 8 * 5  # other parameters, other pictures
    (kept,) = (tmp_path / "drawings").iterdir()  # the older ones are gone, no draft
    assert kept.suffix == ".npz"
    (tmp_path / "taken").write_text("a file, not a folder")
    assert drawn(cache=tmp_path / "taken") == (32, digest)


@pytest.mark.parametrize("damage", ["cut", "one byte", "empty", "no zip", "a draft"])
def test_a_damaged_file_is_drawn_again(drawn, tmp_path, damage):
    _, digest = drawn()
    (kept,) = (tmp_path / "drawings").iterdir()
    wrong = {"one byte": bytearray(kept.read_bytes())}
    middle = len(wrong["one byte"]) // 2
    wrong["one byte"][middle] ^= 1
    wrong |= {"cut": wrong["one byte"][:middle], "empty": b"", "no zip": b"no pictures"}
    if damage == "a draft":  # as a kill leaves it
        kept.rename(kept.with_name("apples-orchard-x7"))
    else:
        kept.write_bytes(wrong[damage])
    assert drawn() == (32, digest) and drawn() == (0, digest)
    assert list(kept.parent.iterdir()) == [kept]


def test_processes_at_once_leave_one_whole_file(drawn, tmp_path):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        digests = {digest for _, digest in pool.map(lambda _: drawn(), range(3))}
    assert len(digests) == 1 and drawn() == (0, *digests)
    assert len(list((tmp_path / "drawings").iterdir())) == 1


def test_the_key_changes_with_the_code_that_draws(tmp_path):
    folder = Path(apples.__file__).parent
    copy = shutil.copytree(folder, tmp_path / "datasets")
    code = "from tlcourse.datasets import apples; print(apples._fingerprint())"
    keys = []
    for path in (None, copy / "apples.py", copy / "_orchard" / "skin.py"):
        if path:
            path.write_text(path.read_text("utf-8") + "# other code\n", "utf-8")
        away = f"import tlcourse; tlcourse.__path__.insert(0, {str(tmp_path)!r}); "
        keys.append(python(away + code).stdout.strip())
    assert len(set(keys)) == 3 and all(len(key) == 32 for key in keys)


def middle_colour(images):
    """Mean colour of the middle of the picture, where there is only apple."""
    return images[:, 22:46, 20:44].mean(axis=(1, 2))


def outline(images):
    """Height, width, their ratio, how full the box is, where the weight lies."""
    paper = np.median(images[:, :3].reshape(len(images), -1, 3), axis=1)
    hue, plain = (
        colour / (colour.sum(axis=-1, keepdims=True) + 1)
        for colour in (images, paper[:, None, None])
    )
    mask = np.abs(hue - plain).sum(axis=-1) > 0.09
    rows = mask.sum(axis=2)
    height, width = mask.any(axis=2).sum(axis=1), mask.any(axis=1).sum(axis=1)
    weight = (rows * np.arange(64)).sum(axis=1) / (rows.sum(axis=1) + 1)
    box = height * width + 1
    parts = [height, width, height / (width + 1), rows.sum(axis=1) / box]
    return np.stack([*parts, weight / (height + 1)], axis=1)


def shrunk(images):
    """The picture at 16 x 16 pixels."""
    small = images.reshape(-1, 16, 4, 16, 4, 3).mean(axis=(2, 4))
    return small.reshape(len(images), -1)


def middle_histogram(images, bins=6):
    """How often each of 6 x 6 x 6 colours occurs in the middle of the picture."""
    step = (images[:, 14:50, 14:50] * (bins / 256)).astype(int)
    colour = (step[..., 0] * bins + step[..., 1]) * bins + step[..., 2]
    counts = [np.bincount(each.ravel(), minlength=bins**3) for each in colour]
    return np.sqrt(counts)


def accuracies(orchards, features, strength, source, target, row):
    """Test accuracy on `target` of classifiers trained on `source`, one per seed.

    Their mean is what the card gives in the row that starts like this.
    """
    images, labels = orchards[source]["train"]
    others, truth = orchards[target]["test"]
    seen, unseen = features(images), features(others)
    scores = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        of_class = (np.flatnonzero(labels == c) for c in range(8))
        chosen = np.concatenate([rng.permutation(each)[:45] for each in of_class])
        fitted = LogisticRegression(C=strength, max_iter=1000)
        model = make_pipeline(StandardScaler(), fitted)
        with threadpool_limits(1):  # on matrices this small, threads wait
            model.fit(seen[chosen], labels[chosen])
        scores.append(model.score(unseen, truth))
    lines = CARD.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(row)]
    assert np.mean(scores) == pytest.approx(float(line.split("|")[-2]), abs=0.03)
    return np.array(scores)


def test_no_single_cue_suffices(orchards):
    colour, shape, whole = (
        accuracies(orchards, features, strength, "studio", "studio", row)
        for features, strength, row in (
            (middle_colour, 10, "| the mean colour"),
            (outline, 10, "| the proportions"),
            (shrunk, 0.02, "| the picture"),
        )
    )
    assert (whole > 0.82).all()
    assert (colour < whole - 0.1).all() and (shape < whole - 0.3).all()
    assert (colour > 2 * CHANCE).all() and (shape > 2 * CHANCE).all()  # yet they help


def test_the_gap_between_the_domains_is_real(orchards):
    pairs = ("studio", "studio"), ("studio", "orchard"), ("orchard", "orchard")
    home, away, oracle = (
        accuracies(orchards, middle_histogram, 0.1, *pair, f"| {' | '.join(pair)}")
        for pair in pairs
    )
    assert (away > 2 * CHANCE).all()  # the varieties can still be seen
    assert (away < home - 0.2).all()
    assert (oracle > away + 0.12).all()
