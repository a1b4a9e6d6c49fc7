"""The online sets, from small files in the true formats, served on this computer."""

import bz2
import functools
import hashlib
import http.server
import importlib
import tarfile
import threading

import numpy as np
import pytest
import scipy.io
from PIL import Image

from tests.helpers import python, refused
from tlcourse import datasets
from tlcourse.datasets import online, photos
from tlcourse.quiet import import_keras

SPLITS = ("train", "val", "test")
NAMES = ("usps", "svhn", "mnist_m")
NOBODY = "http://127.0.0.1:9/"  # as good as no network
FILES = {
    "usps": {"train": "usps.bz2", "test": "usps.t.bz2"},
    "svhn": {"train": "train_32x32.mat", "test": "test_32x32.mat"},
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve a folder, without a word; hang up where a file is called ``broken``."""

    def do_GET(self):
        if not self.path.startswith("/broken"):
            super().do_GET()

    def log_message(self, *words):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder that is served, and Keras's own folder elsewhere and empty."""
    keras = import_keras()
    home, folder = tmp_path / "keras", tmp_path / "site"
    home.mkdir(), folder.mkdir()
    # Keras has read KERAS_HOME when it was imported: change what it made of it.
    config = importlib.import_module("keras.src.backend.config")
    monkeypatch.setattr(config, "_KERAS_DIR", str(home))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = functools.partial(Handler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    datasets._made.cache_clear()
    keras.utils.disable_interactive_logging()
    yield Site(folder, server, home / "datasets", monkeypatch)
    keras.utils.enable_interactive_logging()
    datasets._made.cache_clear()
    server.shutdown()
    server.server_close()
    thread.join()


class Site:
    """Small data sets on a server of this computer."""

    def __init__(self, folder, server, kept, patch):
        self.folder, self.server, self.kept, self.patch = folder, server, kept, patch
        self.address = f"http://127.0.0.1:{server.server_port}/"
        self.rng = np.random.default_rng(0)

    def point(self, name, address=None):
        """Let the loader look for its two files here."""
        for split in ("train", "test"):
            key, file = f"{name} {split}", FILES[name][split]
            place = (address or self.address) + file, sha256(self.folder / file)
            self.patch.setitem(online._FILES, key, place)

    def usps(self):
        """Write LIBSVM's text: ``label 1:value 2:value ...``, labels 1 to 10."""
        made = []
        for file, n in zip(FILES["usps"].values(), (60, 20), strict=True):
            labels = np.arange(n) % 10 + 1
            values = self.rng.uniform(-1, 1, (n, 256)).round(6)
            values[:, 0], values[:, 1], values[:, 2] = -1, 1, 0
            lines = [
                f"{label} {' '.join(f'{i}:{x:g}' for i, x in enumerate(row, 1))} \n"
                for label, row in zip(labels, values, strict=True)
            ]
            (self.folder / file).write_bytes(bz2.compress("".join(lines).encode()))
            made.append((labels, values))
        self.point("usps")
        return made

    def svhn(self):
        """Write MATLAB files: X (32, 32, 3, n), y (n, 1), where 10 means 0."""
        made = []
        for file, n in zip(FILES["svhn"].values(), (66, 20), strict=True):
            y = (np.arange(n) % 10 + 1).astype("uint8")[:, None]
            pixels = self.rng.integers(0, 256, (32, 32, 3, n), "uint8")
            content = {"X": pixels, "y": y}
            scipy.io.savemat(self.folder / file, content, do_compression=True)
            made.append((y.ravel(), pixels))
        self.point("svhn")
        return made

    def mnist_m(self, true_checksum=True):
        """Write mnist.npz, and send Keras's own loader here to download it."""
        made = {}
        for split, n in (("train", 60), ("test", 20)):
            digits = made[f"x_{split}"] = np.zeros((n, 28, 28), "uint8")
            digits[:, 8:20, 8:20] = self.rng.integers(0, 256, (n, 12, 12))
            made[f"y_{split}"] = (np.arange(n) % 10).astype("uint8")
        np.savez(self.folder / "mnist.npz", **made)
        self.redirect(sha256(self.folder / "mnist.npz") if true_checksum else None)
        return made

    def redirect(self, checksum=None, address=None):
        """Change the address in Keras's MNIST, and its checksum where one is given."""
        mnist = importlib.import_module("keras.src.datasets.mnist")
        get_file = import_keras().utils.get_file

        def from_here(fname, origin, file_hash):
            assert origin.endswith("/mnist.npz")
            origin = (address or self.address) + "mnist.npz"
            return get_file(fname, origin=origin, file_hash=checksum or file_hash)

        self.patch.setattr(mnist, "get_file", from_here)


def sha256(path):
    content = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(content).hexdigest()


def pictures(task, splits=SPLITS):
    return np.concatenate([getattr(task, split).images for split in splits])


def check(task, side, sizes):
    """Hold what `load` promises of every set."""
    assert task.name == "cifar10" or task.classes == tuple("0123456789")
    assert len(task.classes) == 10
    for split, n in zip(SPLITS, sizes, strict=True):
        part = getattr(task, split)
        assert part.images.shape == (n, side, side, 3) and part.labels.shape == (n,)
        assert part.images.dtype == np.float32
        assert part.images.min() >= 0 and part.images.max() <= 255
    assert set(np.unique(task.train.labels)) == set(range(10))
    different = {image.tobytes() for image in pictures(task)}
    assert len(different) == sum(sizes), "an example stands in two splits"


def test_usps_few_labels_of_it_and_that_what_was_downloaded_is_kept(site):
    labels, values = map(np.concatenate, zip(*site.usps(), strict=True))
    expected = 255 * (values.reshape(-1, 16, 16, 1) + 1) / 2
    expected = np.repeat(expected, 3, axis=-1)
    task = datasets.load("usps")
    check(task, 16, (50, 10, 20))
    for part in (task.train, task.val):
        for image, label in zip(part.images, part.labels, strict=True):
            close = np.isclose(expected, image, atol=1e-3).all((1, 2, 3))
            (place,) = np.flatnonzero(close)
            assert place < 60 and labels[place] - 1 == label
    np.testing.assert_allclose(task.test.images, expected[60:], atol=1e-3)
    np.testing.assert_array_equal(task.test.labels, labels[60:] - 1)
    assert task.test.images[0, 0, :3, 0].tolist() == [0, 255, 127.5]
    few = datasets.load("usps", per_class=2).train
    assert np.bincount(few.labels).tolist() == [2] * 10
    assert sorted(p.name for p in site.kept.iterdir()) == ["usps.bz2", "usps.t.bz2"]
    (site.folder / "usps.bz2").unlink()
    datasets._made.cache_clear()
    np.testing.assert_array_equal(pictures(datasets.load("usps")), pictures(task))


def test_svhn_and_its_label_10(site):
    (labels, pixels), (test_labels, test_pixels) = site.svhn()
    task = datasets.load("svhn")
    check(task, 32, (48, 12, 20))
    for part, truth, source, at in (
        (task.train, labels, pixels, range(48)),
        (task.val, labels, pixels, range(54, 66)),  # a number's length is left out
        (task.test, test_labels, test_pixels, range(20)),
    ):
        for image, label, i in zip(part.images, part.labels, at, strict=True):
            np.testing.assert_array_equal(image, source[:, :, :, i])
            assert label == (0 if truth[i] == 10 else truth[i])


def test_mnist_m_is_the_same_difference_of_patch_and_digit_every_time(site):
    made = site.mnist_m()
    task, digits = datasets.load("mnist_m"), datasets.load("mnist")
    check(task, 28, (50, 10, 20))
    rng = np.random.default_rng(0)
    patches = [online._patches(n, rng) for n in (60, 20)]
    originals = np.concatenate([made["x_train"], made["x_test"]])[..., None]
    expected = np.abs(np.float32(np.concatenate(patches)) - np.float32(originals))
    digests = [picture.tobytes() for picture in expected]
    truth = dict(zip(digests, [*made["y_train"], *made["y_test"]], strict=True))
    for split in SPLITS:
        part, plain = getattr(task, split), getattr(digits, split)
        for image, label in zip(part.images, part.labels, strict=True):
            assert truth[image.tobytes()] == label
        np.testing.assert_array_equal(part.labels, plain.labels)  # the splits of MNIST
        assert part.images[plain.images == 0].std() > 20
        assert (part.images[plain.images == 255] <= 255).all()
    np.testing.assert_array_equal(task.test.images, expected[60:])
    datasets._made.cache_clear()
    np.testing.assert_array_equal(pictures(task), pictures(datasets.load("mnist_m")))


def test_the_patches_come_from_the_source_photographs_and_show_something():
    patches = online._patches(200, np.random.default_rng(1))
    assert np.mean(patches.std((1, 2, 3)) > photos.FLAT) > 0.95
    for patch in patches[:5]:
        places = []
        for name in photos.SOURCE:
            picture = photos.photograph(name)
            inside = picture[:-27, :-27]
            for top, left in np.argwhere((inside == patch[0, 0]).all(-1)):
                window = picture[top : top + 28, left : left + 28]
                places.append(np.array_equal(window, patch))
        assert any(places)


def test_the_originals_are_cut_to_what_is_kept(site, monkeypatch):
    monkeypatch.setattr(online, "_KEPT", 40)
    site.usps(), site.svhn(), site.mnist_m()
    for name in NAMES:
        counts = [len(getattr(datasets.load(name), split)) for split in SPLITS]
        # Each of ten classes gives a round number where a class is cut for itself.
        assert counts == ([32, 8, 10] if name == "svhn" else [30, 10, 10])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_with_a_wrong_checksum_is_refused_and_then_downloaded_anew(site, name):
    if name == "mnist_m":  # Keras's own checksum is not that of our small file
        site.mnist_m(true_checksum=False)
    else:
        getattr(site, name)()
        file = FILES[name]["train"]
        right = (site.folder / file).read_bytes()
        # Readable all the same, so that only the checksum can refuse it.
        end = bz2.compress(b"") if name == "usps" else b""
        wrong = right + end if end else right[:20] + b"!" + right[21:]
        (site.folder / file).write_bytes(wrong)
    for _ in range(2):  # what lies in Keras's folder now is not read, either
        with pytest.raises(ValueError, match="was not read.* Call again") as caught:
            datasets.load(name)
        message = str(caught.value)
        assert repr(name) in message and "\n" not in message
        assert caught.value.__cause__ is None
    if name == "mnist_m":
        site.redirect(sha256(site.folder / "mnist.npz"))
    else:
        (site.folder / file).write_bytes(right)
    assert len(datasets.load(name).test) == 20


def not_downloaded(name):
    return (
        f"The data set {name!r} could not be downloaded. Without a network take "
        f"one of {', '.join(datasets.NAMES)}, or connect and try again."
    )


@pytest.mark.parametrize("how", ["nobody there", "not found", "hangs up"])
@pytest.mark.parametrize("name", NAMES)
def test_a_download_that_fails_gives_one_sentence(site, name, how):
    here = site.address + ("broken/" if how == "hangs up" else "elsewhere/")
    address = NOBODY if how == "nobody there" else here
    site.redirect(address=address)
    site.point("usps", address), site.point("svhn", address)
    with pytest.raises(ConnectionError) as caught:
        datasets.load(name)
    assert str(caught.value) == not_downloaded(name)
    assert type(caught.value) is ConnectionError and caught.value.__cause__ is None


OFFLINE = """
import time
from tlcourse import datasets, probes
from tlcourse.quiet import import_keras
import_keras()
for name in datasets.ONLINE:
    began = time.monotonic()
    try:
        datasets.load(name)
    except ConnectionError as problem:
        print(f"{name}|{time.monotonic() - began:.1f}|{problem}|{problem.__cause__}")
"""


def test_without_a_network_online_sets_say_so_within_seconds(tmp_path):
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    proxy = dict.fromkeys(names, NOBODY)
    done = python(OFFLINE, **proxy, no_proxy="", KERAS_HOME=str(tmp_path))
    lines = [line.split("|") for line in done.stdout.splitlines() if "|" in line]
    assert [line[0] for line in lines] == list(datasets.ONLINE), done.stderr[-2000:]
    for name, seconds, message, cause in lines:
        assert float(seconds) < 20 and cause == "None"
        assert message == not_downloaded(name)


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_an_online_set_as_keras_brings_it(site, monkeypatch, name):
    shape = (32, 32, 3) if name == "cifar10" else (28, 28)

    def load_data():
        labels = np.arange(9000).reshape(-1, 1) % 10
        labels = labels if name == "cifar10" else labels.ravel()
        images = site.rng.integers(0, 256, (11500, *shape), "uint8")
        return (images[:9000], labels), (images[9000:], labels[:2500])

    monkeypatch.setattr(getattr(import_keras().datasets, name), "load_data", load_data)
    task = datasets.load(name)
    check(task, shape[0], (6400, 1600, 2000))
    assert task.train.images.max() == 255


def test_flowers_as_the_archive_brings_them(site, tmp_path):
    kinds = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    photographs = tmp_path / "flower_photos"
    for kind in kinds:
        (photographs / kind).mkdir(parents=True)
        for n in range(10):
            picture = Image.fromarray(site.rng.integers(0, 256, (30, 40, 3), "uint8"))
            picture.save(photographs / kind / f"{n}.jpg")
    (photographs / "LICENSE.txt").write_text("CC BY 2.0")
    archive = site.folder / "flower_photos.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(photographs, "flower_photos")
    place = site.address + archive.name, sha256(archive)
    site.patch.setitem(online._FILES, "flowers", place)
    task = datasets.load("flowers")
    assert task.classes == kinds
    assert [len(getattr(task, split)) for split in SPLITS] == [30, 5, 15]
    assert task.train.images.shape[1:] == (64, 64, 3)
    cut = datasets.folder("flowers", per_class=2, to=tmp_path / "cut")
    assert len(list(cut.glob("train/*/*"))) == 10
    written = datasets.folder("flowers", to=tmp_path / "written")  # as they were taken
    given = {path.read_bytes() for path in photographs.glob("*/*.jpg")}
    assert {path.read_bytes() for path in written.glob("*/*/*.jpg")} == given
    assert len(list(written.glob("test/*/*"))) == 15


def test_other_problems_come_through(site):
    site.usps()
    (site.folder / "usps.bz2").write_bytes(bz2.compress(b"no such format\n"))
    site.point("usps")
    assert "checksum" not in refused("could not convert", datasets.load, "usps")


def test_the_checksums_are_whole():
    for name, (_, checksum) in online._FILES.items():
        assert len(checksum) == (32 if name.startswith("usps") else 64), name
        assert not set(checksum) - set("0123456789abcdef"), name
