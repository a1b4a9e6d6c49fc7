"""Transfer learning, taught with small experiments that run on a laptop.

Everything is loaded on first use: ``import tlcourse`` takes milliseconds, prints
nothing, and TensorFlow starts when the first model does.

>>> import tlcourse as tl
>>> task = tl.datasets.load("digits", per_class=10)
>>> backbone = tl.backbones.load("mobilenet", source="glyphs")
>>> plan = tl.FreezePlan.features(backbone)
>>> run = tl.transfer(backbone, task, plan)
"""

import importlib

from tlcourse import quiet as _quiet  # noqa: F401  makes `import keras` silent

__version__ = "0.1.0"

_MODULES = (
    "adaptation",
    "backbones",
    "datasets",
    "exercises",
    "few_shot",
    "freezing",
    "games",
    "language",
    "plots",
    "probes",
    "report",
    "saving",
    "setup_check",
    "study",
    "tables",
    "training",
    "transferability",
    "unsupervised",
    "widgets",
)
_NAMES = {
    "FreezePlan": "freezing",
    "Run": "training",
    "Study": "study",
    "evidence": "lessons",
    "transfer": "training",
}

__all__ = ["__version__", *_MODULES, *_NAMES]

_interrupted = ""  # the import that was interrupted


def __getattr__(name):
    """Import a module or a name of the course on its first use (PEP 562)."""
    if name in _MODULES:
        return _module(name)
    if name in _NAMES:
        value = getattr(_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    known = ", ".join((*_MODULES, *_NAMES))
    raise AttributeError(f"tlcourse has no {name!r}. It has: {known}.")


def _module(name):
    """Import a module; not after an interrupt, which may leave half a NumPy behind."""
    global _interrupted
    if _interrupted:
        raise ImportError(
            f"Importing {_interrupted} was interrupted: restart the kernel and run the "
            "cells from the top."
        )
    try:
        return importlib.import_module(f"tlcourse.{name}")
    except KeyboardInterrupt:
        _interrupted = f"tlcourse.{name}"
        raise


def __dir__():
    return sorted({*globals(), *__all__})
