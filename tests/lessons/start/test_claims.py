"""What the lesson says: a head on a frozen backbone beats one on pixels, clearly."""

import gc

import numpy as np

import tlcourse as tl
from tests.helpers import defined, interval
from tlcourse.quiet import import_keras

SIZE = (96, 96)


def measure(seed):
    """The lesson's twelve lines, and its opponent, on another draw of the pictures."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    folder = tl.datasets.folder("apples", "orchard", per_class=20, seed=seed)
    read = keras.utils.image_dataset_from_directory
    train = read(folder / "train", image_size=SIZE, seed=seed, verbose=False)
    test = read(folder / "test", image_size=SIZE, shuffle=False, verbose=False)
    base = keras.saving.load_model(tl.backbones.file("efficientnet_lite0"))
    base.trainable = False
    pictures = keras.Input((*SIZE, 3))
    features = keras.layers.GlobalAveragePooling2D()(base(pictures))
    chances = keras.layers.Dense(8, activation="softmax")(features)
    model = keras.Model(pictures, chances)
    adam = keras.optimizers.Adam(1e-2)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=10, verbose=0)
    scores = {"transfer": model.evaluate(test, verbose=0)[1]}
    arrays = defined("start", "arrays")["arrays"]
    (x_train, y_train), (x_test, y_test) = arrays(train), arrays(test)
    pixels = tl.probes.linear_probe()
    pixels.fit(x_train.reshape(len(x_train), -1), y_train)
    scores["pixels"] = pixels.score(x_test.reshape(len(x_test), -1), y_test)
    gc.collect()
    return [{"way": way, "value": float(value)} for way, value in scores.items()]


def test_transfer_beats_pixels_beyond_both_intervals(evidence):
    table = evidence("start.apples", measure)
    apples = table.set_index(["way", "seed"])["value"]
    low, high = interval(apples["transfer"])[0], interval(apples["pixels"])[1]
    assert low > high + 0.2 and apples["pixels"].mean() > 0.2
    assert np.mean(apples["transfer"]) > 0.7
