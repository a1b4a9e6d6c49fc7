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

__version__ = "0.1.0"

_MODULES = (
    "adaptation",
    "backbones",
    "datasets",
    "exercises",
    "freezing",
    "plots",
    "probes",
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


def __getattr__(name):
    """Import a module or a name of the course on its first use (PEP 562)."""
    if name in _MODULES:
        return importlib.import_module(f"tlcourse.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(f"tlcourse.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    known = ", ".join((*_MODULES, *_NAMES))
    raise AttributeError(f"tlcourse has no {name!r}. It has: {known}.")


def __dir__():
    return sorted({*globals(), *__all__})
