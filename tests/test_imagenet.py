"""Keras's own ImageNet weights: the real thing where it is cached, clear words else.

Keras reads KERAS_HOME when it is imported, so each test has a process of its own.
"""

import os
import pathlib
import subprocess
import sys

import pytest

CACHED = pathlib.Path(__file__).resolve().parents[2] / "shared" / "keras_home"
LOAD = "import tlcourse as tl; b = tl.backbones.load({name!r}, source='imagenet')\n"
SCORE = """
task = tl.datasets.load({task!r}, per_class=10)
run = tl.transfer(b, task, tl.FreezePlan.features(b), show_progress=False)
print(b.input_size, b.features(task.test.images[:2]).shape[1], run.test_accuracy)
"""


def python(code, keras_home):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_HOME": str(keras_home)},
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(not CACHED.is_dir(), reason="no cached ImageNet weights here")
@pytest.mark.parametrize(
    ("name", "task", "size", "features", "least"),
    [("mobilenet", "faces", 128, 256, 0.9), ("mobilenetv2", "faces", 224, 1280, 0.9)],
)
def test_imagenet_weights_are_kerass_own(name, task, size, features, least):
    done = python(LOAD.format(name=name) + SCORE.format(task=task), CACHED)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # TensorFlow has nothing to say to a reader
    input_size, width, accuracy = done.stdout.split()
    assert (int(input_size), int(width)) == (size, features)
    assert float(accuracy) >= least


def last_line(name, keras_home):
    done = python(LOAD.format(name=name), keras_home)
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


def test_without_a_network_one_sentence_says_what_to_do(tmp_path):
    said = last_line("MobileNetV3Small", tmp_path)
    assert said.startswith("ConnectionError: Keras could not download")
    assert 'source="imagenet_distilled"' in said


def test_a_truncated_download_is_named(tmp_path):
    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "mobilenet_2_5_128_tf_no_top.h5"
    file.write_bytes(b"\x89HDF half a file")
    said = last_line("mobilenet", tmp_path)
    assert said.startswith("OSError: Keras could not store or read")
    assert "Delete its file" in said


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    said = last_line("mobilenet", blocked)
    assert said.startswith("OSError: Keras could not store or read")
