"""A run's file predicts from raw pictures where the course is not installed."""

import json
import os

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml

import tlcourse as tl
from tests.helpers import assert_same, python, refused, transfer
from tlcourse import saving
from tlcourse.blockwise_adam import BlockwiseAdam

# Plain Keras, without the course: raw pictures in, probabilities and names out.
PLAIN = """
import json, sys, zipfile, keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
names = json.loads(zipfile.ZipFile(sys.argv[1]).read("classes.json"))
print(json.dumps([names, model.predict(np.load(sys.argv[2]), verbose=0).tolist()]))
"""


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (3, 90, 70, 3), "uint8")


@pytest.mark.parametrize("k", [0, 2])
def test_the_file_says_the_same_without_tlcourse(k, backbone, task, pictures, tmp_path):
    plan = tl.FreezePlan.last(backbone, k, decay=0.5)
    run = transfer(backbone, task, plan, epochs=2)
    killed = tmp_path / "new folder" / ".faces.7.draft.keras"
    killed.parent.mkdir()
    killed.write_bytes(b"half a file")
    os.utime(killed, (0, 0))
    path = run.save(tmp_path / "new folder" / "faces.keras")
    np.save(tmp_path / "pictures.npy", pictures)
    done = python(PLAIN, path, tmp_path / "pictures.npy", without_course=True)
    assert done.returncode == 0, done.stderr
    names, chances = json.loads(done.stdout.splitlines()[-1])
    assert tuple(names) == task.classes == tuple(tl.saving.classes(path))
    np.testing.assert_allclose(chances, run.predict(pictures), atol=2e-4)
    assert [file.name for file in path.parent.iterdir()] == ["faces.keras"]


@pytest.mark.parametrize(
    "name", ["ResNet50", "DenseNet121", "EfficientNetB0", "Xception"]
)
def test_each_way_of_preprocessing_is_in_the_file(name, pictures):
    """Colours in another order, scaled by channel, left alone, from -1 to 1."""
    backbone = tl.backbones.load(name, source=None, input_size=75)
    width = backbone.model.output.shape[-1]
    head = [np.random.default_rng(1).normal(0, 0.1, (width, 3)), np.zeros(3)]
    model = saving.whole_model(backbone, [*backbone.model.get_weights(), *head])
    logits = backbone.features(pictures) @ head[0]
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for said in (model.predict(pictures, verbose=0), model(np.float32(pictures))):
        np.testing.assert_allclose(said, chances, atol=2e-3)


def test_other_machines(backbone, task, pictures, tmp_path):
    run = transfer(backbone, task, epochs=2)
    run.export(tmp_path / "folder")
    model = tf.saved_model.load(tmp_path / "folder")
    served = model.serve(np.float32(pictures))
    np.testing.assert_allclose(served, run.predict(pictures), atol=2e-4)
    run.export(tmp_path / "faces.tflite")
    lite = tf.lite.Interpreter(str(tmp_path / "faces.tflite"))
    lite.allocate_tensors()
    small = np.float32(pictures[:1, :64, :64])
    lite.set_tensor(lite.get_input_details()[0]["index"], small)
    lite.invoke()
    found = lite.get_tensor(lite.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, run.predict(small), atol=1e-3)


def test_a_card_tells_what_was_measured(backbone, task):
    run = transfer(backbone, task, 1, epochs=2)
    facts, card = run.model_card().split("---\n")[1:3]
    facts = yaml.safe_load(facts)
    (result,) = facts["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == pytest.approx(run.test_accuracy, abs=1e-4)
    assert run.confusion.sum(axis=1).tolist() == np.bincount(task.test.labels).tolist()
    assert run.balanced_accuracy == pytest.approx(run.recall.mean())
    for word in ("glyphs", "Wilson", "Limits", "Licence", "____", *task.classes):
        assert word in card, word
    assert f"{run.recall[1]:.2f}" in card


def test_a_checkpoint_holds_the_whole_model(backbone, task, tmp_path):
    path = tmp_path / "epoch{epoch}.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path)
    images = task.test.images[:20]
    for k in (0, 2):
        run = transfer(backbone, task, k, 2, callbacks=[checkpoint])
        last = keras.saving.load_model(tmp_path / "epoch2.keras")
        said = last.predict(images, verbose=0)
        np.testing.assert_allclose(said, run.predict(images), atol=2e-4)
    path = tmp_path / "best.weights.h5"
    weights = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    refused("save_weights_only", transfer, backbone, task, callbacks=[weights])
    refused("end in .keras", run.save, tmp_path / "faces.h5")


def test_a_model_with_rates_by_layer_comes_back(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(BlockwiseAdam([0.1, 1.0], learning_rate=0.01), "mse")
    model.fit(np.ones((4, 3)), np.zeros((4, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    optimizer = keras.saving.load_model(tmp_path / "model.keras").optimizer
    assert optimizer.scales == [0.1, 1.0]
    assert_same(optimizer.variables, model.optimizer.variables)
