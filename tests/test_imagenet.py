"""Keras's own ImageNet weights: the real thing where it is cached, clear words else.

Keras reads KERAS_HOME when it is imported, so each test has a process of its own.
"""

import pytest

from tests.helpers import CACHED_WEIGHTS, python

LOAD = "import tlcourse as tl; b = tl.backbones.load({name!r}, source='imagenet')\n"
SCORE = """
task = tl.datasets.load("faces", per_class=10)
run = tl.transfer(b, task, tl.FreezePlan.features(b), show_progress=False)
print(b.input_size, b.features(task.test.images[:2]).shape[1], run.test_accuracy)
print(*b.classify(task.test.images[:2]).sum(axis=1))
"""


@pytest.mark.skipif(
    not CACHED_WEIGHTS.is_dir(), reason="no cached ImageNet weights here"
)
@pytest.mark.parametrize(
    ("name", "size", "features"), [("mobilenet", 128, 256), ("mobilenetv2", 224, 1280)]
)
def test_imagenet_weights_are_kerass_own(name, size, features):
    done = python(LOAD.format(name=name) + SCORE, KERAS_HOME=str(CACHED_WEIGHTS))
    # TensorFlow has nothing to say to a reader.
    assert (done.returncode, done.stderr) == (0, "")
    input_size, width, accuracy, *chances = done.stdout.split()
    assert [round(float(x), 3) for x in chances] == [1, 1]
    assert (int(input_size), int(width)) == (size, features)
    assert float(accuracy) >= 0.9


@pytest.mark.parametrize("trouble", ["no network", "half a file", "not writable"])
def test_one_sentence_says_what_to_do(tmp_path, trouble):
    name, home = "mobilenet", tmp_path
    begins, advice = "OSError: Keras could not store or read", "Delete its file"
    if trouble == "no network":
        name = "MobileNetV3Small"
        begins = "ConnectionError: Keras could not download"
        advice = 'source="imagenet_distilled"'
    elif trouble == "half a file":
        (home / "models").mkdir()
        file = home / "models" / "mobilenet_2_5_128_tf_no_top.h5"
        file.write_bytes(b"\x89HDF half a file")
    else:
        home = tmp_path / "a file, not a folder"
        home.write_text("")
    done = python(LOAD.format(name=name), KERAS_HOME=str(home))
    last_line = done.stderr.strip().splitlines()[-1]
    assert done.returncode != 0
    assert last_line.startswith(begins) and advice in last_line
