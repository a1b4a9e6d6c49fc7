"""Full disks, interrupted imports, other kernels, two of everything: for real."""

import ast
import dataclasses
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse
import venv

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import ROOT, python
from tests.test_cli import fetch
from tlcourse.quiet import import_keras

DISK = """
import resource, sys
import numpy as np
import tlcourse as tl
from tlcourse import activations

limited, case = sys.argv[1:]
backbone = tl.backbones.load("mobilenet", source="glyphs")
images = np.random.default_rng(0).uniform(0, 255, (100, 8, 8, 3)).astype("float32")
wanted = backbone.run(images, until="block5")  # 1.6 MB
if limited == "file":
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    many = images
else:
    many = images[:40] if case == "room for one copy" else images
activations.MEMORY_LIMIT = wanted.nbytes if case == "optional" else 0
try:
    (found,) = activations.frozen_outputs(backbone, [many], "block5")
    if case == "optional":  # these push the others out of memory
        activations.frozen_outputs(backbone, [many[:30]], "block5")
    np.testing.assert_allclose(found, wanted[: len(many)], atol=1e-5)
    print("the same")
except OSError as problem:
    print(problem)
print([path.name for path in activations.folder().glob("*.draft")])
"""
ON_TMPFS = ["unshare", "-rm", "sh", "-c"]
ON_TMPFS += ['mount -t tmpfs -o size=1m tmpfs "$TLCOURSE_CACHE" && exec "$0" "$@"']


def on_small_disk(case, cache):
    """Run a case with a cache of 1 MB, or, where nobody may mount one, 1 MB a file."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TLCOURSE_CACHE": str(cache)}
    options = {"env": variables, "capture_output": True, "text": True}
    mounted, limited = [], "file"
    if (
        shutil.which("unshare")
        and not subprocess.run([*ON_TMPFS, "true"], **options).returncode
    ):
        mounted, limited = ON_TMPFS, "disk"
    return subprocess.run(
        [*mounted, sys.executable, "-c", DISK, limited, case], **options
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("optional", "the same"),
        ("room for one copy", "the same"),
        ("needed", "Set TLCOURSE_CACHE to a folder with room"),
    ],
)
def test_a_full_disk_ends_nothing_and_is_left_empty(case, words, tmp_path):
    done = on_small_disk(case, tmp_path)
    assert done.returncode == 0, done.stderr  # -7 is SIGBUS
    assert words in done.stdout and done.stdout.endswith("\n[]\n")


SHRINKING = """
import numpy as np
import tlcourse as tl
from tlcourse import activations

activations.MEMORY_LIMIT, activations.DISK_LIMIT = 0, 40_000
backbone = tl.backbones.load("mobilenet", source="glyphs")
rng = np.random.default_rng()
backbone.run(np.zeros((1, 8, 8, 3)), until="stem")
print("ready", flush=True)
input()
for _ in range(150):
    images = rng.uniform(0, 255, (1, 8, 8, 3))
    activations.frozen_outputs(backbone, [images], "stem")
"""


def test_processes_that_shrink_one_cache_at_once_do_not_fail(tmp_path):
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TLCOURSE_CACHE": str(tmp_path)}
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", SHRINKING],
            env=variables, stdin=-1, stdout=-1, stderr=-1, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in begun:
        assert process.stdout.readline() == "ready\n"
    for process in begun:
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate() for process in begun]
    assert not any(process.returncode for process in begun), ends


INTERRUPTED = """
import signal, sys
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


def doctor(name, **variables):
    """Give doctor's line of a name, and what stands under it, in a new process."""
    code = "from tlcourse.setup_check import report\n"
    code += f"print(*((c.ok, c.state, c.mend) for c in report() if c.name == {name!r}))"
    done = python(code, **variables)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The Python of another, empty environment."""
    folder = tmp_path_factory.mktemp("other")
    venv.create(folder)
    return shutil.which("python", path=folder / "bin") or str(folder / "Scripts/python")


@pytest.mark.parametrize(
    ("kernel", "variables", "words"),
    [
        ("another", {"PYTHONPATH": ""}, "another environment, .*, without tlcourse"),
        ("another", {}, "with tensorflow missing, keras missing, .* other packages"),
        ("none", {}, "which is not there or does not answer"),
        ("damaged", {}, "cannot be read"),
    ],
)
def test_doctor_looks_at_the_kernel_that_notebooks_start(
    kernel, variables, words, other, tmp_path
):
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    first = {"another": other, "none": "/no/python"}.get(kernel)
    command = [first, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": "", "env": variables}))
    if kernel == "damaged":
        spec.write_text("{")
    ok, state, mend = doctor("Kernel of notebooks", JUPYTER_PATH=str(tmp_path))
    assert not ok and re.search(words, state), state
    subprocess.run(
        shlex.split(mend), env=os.environ | {"JUPYTER_PATH": str(tmp_path)}, check=True
    )
    ok, state, _ = doctor("Kernel of notebooks", JUPYTER_PATH=str(tmp_path))
    assert ok and state == "this Python"


def test_doctor_reads_keras_s_settings(tmp_path):
    name, settings = "Keras's settings", tmp_path / "keras.json"
    assert doctor(name, KERAS_HOME=str(tmp_path))[0]  # there are none
    for order in ("channels_last", "channels_first"):
        settings.write_text(json.dumps({"image_data_format": order}))
        ok, state, mend = doctor(name, KERAS_HOME=str(tmp_path))
        assert ok == (order == "channels_last") and order in state
    assert str(settings) in mend and '"channels_last"' in mend


def test_two_labs_started_at_once_find_two_ports(tmp_path):
    labs = [
        subprocess.Popen(
            [sys.executable, "-m", "tlcourse", "lab", "--no-browser", f"lab{i}"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path, stdout=-1, text=True,
        )
        for i in range(2)
    ]  # fmt: skip
    try:
        addresses = [
            next(line.split()[-1] for line in lab.stdout if "http" in line)
            for lab in labs
        ]
        ports = [urllib.parse.urlparse(address).port for address in addresses]
        assert ports[0] != ports[1]
        for address in addresses:
            assert "jupyter-config-data" in fetch(address)
    finally:
        for lab in labs:
            lab.terminate()
        for lab in labs:
            lab.wait(20)


@pytest.fixture(scope="module")
def in_policy(short):
    """A function that sets a policy of precision, and gives blocks that follow it."""
    keras = import_keras()

    @functools.cache
    def load(policy):
        whole = tl.backbones.load("mobilenet", source="glyphs", input_size=32)
        end = whole.model.get_layer(short.blocks[-1].output).output
        part = keras.Model(whole.model.input, end)
        return dataclasses.replace(whole, model=part, blocks=short.blocks)

    def set_and_load(policy):
        keras.config.set_dtype_policy(policy)
        return load(policy)

    yield set_and_load
    keras.config.set_dtype_policy("float32")


LONG_ENOUGH = {"epochs": 30}  # of five steps each
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (tl.adaptation.tent, {}),
        (tl.adaptation.deep_coral, LONG_ENOUGH),
        (tl.adaptation.dann, LONG_ENOUGH),
    ],
)
def test_adaptation_is_as_good_in_mixed_precision(method, options, in_policy):
    source = tl.datasets.load("digits", per_class=16, domain="fonts").train
    images = tl.datasets.load("digits", per_class=9).train.images
    right = {}
    for policy in POLICIES:
        model = method(in_policy(policy), source, images, **options)
        chances = model.predict(source.images)
        assert chances.dtype == np.float32 and np.isfinite(chances).all()
        right[policy] = float((chances.argmax(1) == source.labels).mean())
    assert max(right.values()) - min(right.values()) < 0.1, right


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (tl.unsupervised.simclr, {"augmentations": ("shift", "light")}),
        (tl.unsupervised.rotation, {}),
    ],
)
def test_self_supervision_learns_as_much_in_mixed_precision(method, options, in_policy):
    images, losses = tl.datasets.load("digits", per_class=13).train.images, {}
    for policy in POLICIES:
        trained = method(
            in_policy(policy), images, steps=50, show_progress=False, **options
        )
        assert trained.features(images).dtype == np.float32
        losses[policy] = trained.card["losses"][-1]
    assert max(losses.values()) < 1.1 * min(losses.values()), losses


@pytest.mark.parametrize("policy", ["mixed_float16", "bfloat16"])
def test_transfer_learns_in_another_precision(policy, in_policy, task):
    in_policy(policy)
    backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
    for plan in (tl.FreezePlan.features(backbone), tl.FreezePlan.last(backbone, 2)):
        run = tl.transfer(backbone, task, plan, 10, show_progress=False)
        chances = run.predict(task.test.images)
        assert chances.dtype == np.float32 and np.isfinite(chances).all()
        assert run.test_accuracy > 0.7  # faces or not


MEMORY = """
import resource, sys
import numpy as np
import tlcourse as tl
from tlcourse.datasets import Split, Task

pictures = np.random.default_rng(0).integers(0, 256, (3000, 224, 224, 3), dtype="uint8")
splits = np.split(pictures, [2000, 2500])
task = Task("own", ("a", "b"), *(Split(x, np.arange(len(x)) % 2) for x in splits))
backbone = tl.backbones.load("mobilenet", source="imagenet_distilled")
tl.transfer(backbone, task, tl.FreezePlan.features(backbone), 1, show_progress=False)
unit = 1 if sys.platform == "darwin" else 1024
peak = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak, peak / 1e9 < 2 * pictures.nbytes / 1e9 + 1.2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="tells no peak there")
def test_pictures_in_memory_take_twice_their_size_at_most(tmp_path):
    done = python(MEMORY, TLCOURSE_CACHE=str(tmp_path))
    assert done.returncode == 0 and done.stdout.endswith("True\n"), done
