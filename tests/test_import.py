"""``import tlcourse`` is quick and silent, and so is TensorFlow when it starts."""

import os

import pytest

import tlcourse
from tests.helpers import ROOT, python
from tlcourse import quiet


@pytest.fixture
def wrote(monkeypatch):
    """A function that runs code in a new Python: what it wrote (stdout, stderr)."""
    for name in ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)

    def run(code, **variables):
        done = python(code, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return run


LIGHT = {  # code, and what it must not load
    "the course": ("", "tensorflow keras numpy pandas matplotlib sklearn"),
    "its methods": (
        "tlcourse.adaptation, tlcourse.transferability, tlcourse.unsupervised",
        "tensorflow keras"
    ),
    "doctor": (
        "from tlcourse.setup_check import report; report()", "tensorflow keras sklearn"
    ),
    "what a learner did": (
        "from tlcourse.overview import my_progress; my_progress()",
        "tensorflow keras pandas matplotlib sklearn"
    ),
    "apples": (
        "import numpy; from tlcourse.datasets import apples;"
        "apples.draw('Gala', 'orchard', numpy.random.default_rng(0))", "tensorflow"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LIGHT)
def test_nothing_heavy_is_loaded_and_nothing_printed(wrote, what):
    code, heavy = LIGHT[what]
    found = f"print({{*sys.modules}} & {{*{heavy.split()}}})"
    assert wrote(f"import sys, tlcourse\n{code}\n{found}") == ("set()\n", "")


def test_import_takes_less_than_a_third_of_a_second(wrote):
    # The best of five: a busy machine only ever makes it slower.
    code = "from time import perf_counter as now; begun = now(); import tlcourse\n"
    code += "print(now() - begun)"
    assert min(float(wrote(code)[0]) for _ in range(5)) < 0.3


@pytest.mark.parametrize(
    "start",
    [
        "from tlcourse.quiet import import_keras; keras = import_keras()\n",
        "import tlcourse; import keras\n",
        "import tlcourse; from keras import layers; import keras\n",
    ],
)
def test_tensorflow_is_silent_unless_a_log_level_is_set(wrote, start):
    code = (
        "import numpy as np\n"
        "model = keras.Sequential([keras.layers.Dense(2)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(np.zeros((4, 3)), np.zeros((4, 2)), verbose=0)\n"
        "import logging; logging.getLogger('tensorflow').warning('tracing anew')\n"
        "import sys; print('still here', file=sys.stderr)"
    )
    assert wrote(start + code) == ("", "still here\n")
    code = "import os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    assert wrote(start + code, TF_CPP_MIN_LOG_LEVEL="1")[0] == "1\n"


def test_another_backend_gets_one_clear_sentence(wrote, tmp_path):
    stand_in = "class backend:\n    backend = staticmethod(lambda: 'jax')\n"
    (tmp_path / "keras.py").write_text(stand_in)
    code = (
        "from tlcourse import quiet\n"
        "try: quiet.import_keras()\n"
        "except ImportError as problem: print(problem)"
    )
    printed, _ = wrote(code, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert "Keras runs on jax here" in printed and "unset KERAS_BACKEND" in printed


def test_what_a_failing_import_wrote_is_shown(monkeypatch):
    def fail():
        os.write(2, b"the loader's own words")
        return OSError("libfoo.so is missing")

    monkeypatch.setattr(quiet, "_loaded", None)
    monkeypatch.setattr(quiet, "_start", fail)
    with pytest.raises(ImportError, match="libfoo.so is missing") as caught:
        quiet.import_keras()
    assert "the loader's own words" in str(caught.value)


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
import tlcourse as tl
from tlcourse.quiet import import_keras

class Watch:
    def find_spec(self, name, *more):
        if name == sys.argv[1]:
            sys.argv[1] = "once is enough"
            signal.raise_signal(signal.SIGINT)

def try_it():
    try:
        if sys.argv[2] == "ours":
            tl.backbones.load("mobilenet", source="glyphs")
        elif sys.argv[2] == "theirs":
            sys.argv[2] = "ours"  # next time
            import keras
        print("came through")
    except (KeyboardInterrupt, ImportError) as problem:
        print(type(problem).__name__, problem)

sys.meta_path.insert(0, Watch())
for _ in range(3):
    try_it()
"""


@pytest.mark.parametrize(
    ("who", "moment"),
    [
        ("ours", "numpy.linalg"),
        ("ours", "keras.src.backend"),
        ("ours", "optree._C"),
        ("ours", "tensorflow.python.framework.ops"),
        ("ours", "keras.src.layers"),
        ("theirs", "tensorflow.python.ops.nn_ops"),
        ("theirs", "keras.src.layers"),
    ],
)
def test_after_an_interrupted_import_one_sentence_says_what_to_do(who, moment):
    done = python(INTERRUPTED, moment, who)
    assert done.returncode == 0, done  # -11 is SIGSEGV
    _, *more = done.stdout.splitlines()
    sentence = "was interrupted: restart the kernel and run the cells from the top."
    assert len(more) == 2 and all(line.endswith(sentence) for line in more), more


def test_every_lazy_name_exists_and_unknown_ones_are_told_what_there_is():
    missing = [name for name in tlcourse.__all__ if not hasattr(tlcourse, name)]
    assert not missing
    assert set(tlcourse.__all__) <= set(dir(tlcourse))
    words = "has no 'digits'. It has: adaptation, backbones"
    with pytest.raises(AttributeError, match=words):
        _ = tlcourse.digits


TRAIN = """
import gc, sys, tlcourse, keras, numpy as np, tensorflow as tf

def training():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.arange(24.0).reshape(8, 3) / 24
    model.fit(x, x[:, :2], batch_size=8, epochs=2, verbose=0)
    return np.round(model.get_weights()[0], 5).tolist()

"""


def test_a_training_that_is_over_leaves_no_graph(wrote):
    code = (
        "training(); gc.collect()\n"
        "print([g for g in gc.get_objects() if type(g).__name__ == 'FuncGraph'])"
    )
    assert wrote(TRAIN + code) == ("[]\n", "")


def test_gradients_are_summed_over_devices_where_there_are_two(wrote):
    code = (
        "one = training()\n"
        "with tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1']).scope():\n"
        "    print(training() == one)"
    )
    two = (
        "import tlcourse, keras, tensorflow as tf\n"
        "cpu = tf.config.LogicalDeviceConfiguration()\n"
        "[cpus] = [tf.config.list_physical_devices('CPU')]\n"
        "tf.config.set_logical_device_configuration(cpus[0], [cpu, cpu])\n"
    )
    assert wrote(two + TRAIN + code)[0] == "True\n"
