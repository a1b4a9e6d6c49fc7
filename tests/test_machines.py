"""Full disks, shared caches and little memory: for real, in processes of their own."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.helpers import ROOT, python, started

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
    words = [sys.executable, "-c", DISK]
    if shutil.which("unshare"):
        if subprocess.run([*ON_TMPFS, "true"], **options).returncode == 0:
            return subprocess.run([*ON_TMPFS, *words, "disk", case], **options)
    return subprocess.run([*words, "file", case], **options)


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


NO_ROOM = """
import os, resource, sys
import tlcourse as tl

plans = {"frozen": tl.FreezePlan.features}
study = tl.Study(["faces"], ["glyphs"], plans, [5], [0], 1, folder=sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nobody can write a byte
assert len(study.run(show_progress=False)) == 1
assert not os.listdir(sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_a_study_goes_on_where_nothing_can_be_kept(tmp_path):
    done = python(NO_ROOM, str(tmp_path / "cells"))
    assert done.returncode == 0 and "could not be kept in" in done.stderr, done.stderr


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
for _ in range(100):
    images = rng.uniform(0, 255, (1, 8, 8, 3))
    activations.frozen_outputs(backbone, [images], "stem")
"""


def test_processes_that_shrink_one_cache_at_once_do_not_fail(tmp_path):
    begun = [started(SHRINKING, TLCOURSE_CACHE=str(tmp_path)) for _ in range(2)]
    for process in begun:
        assert process.stdout.readline() == "ready\n"
    for process in begun:
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate() for process in begun]
    assert not any(process.returncode for process in begun), ends


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
if sys.platform == "linux":  # maxrss holds what the process that started this one had
    (line,) = [x for x in open("/proc/self/status") if x.startswith("VmHWM")]
    peak = 1024 * int(line.split()[1])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak, peak / 1e9 < 2 * pictures.nbytes / 1e9 + 1.2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="tells no peak there")
def test_pictures_in_memory_take_twice_their_size_at_most(tmp_path):
    done = python(MEMORY, TLCOURSE_CACHE=str(tmp_path))
    assert done.returncode == 0 and done.stdout.endswith("True\n"), done
