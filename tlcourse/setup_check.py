"""Is this computer ready for the course? Behind ``tlcourse doctor`` and lesson 00.

Nothing heavy is imported: versions are read from the installed packages' own records,
so the whole check takes a second or two.
"""

import hashlib
import html
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tlcourse.quiet import silent_stderr
from tlcourse.resources import available_memory, keras_home, where

PYTHON = ((3, 11), (3, 13))  # oldest and newest; TensorFlow has no wheel beyond
MEMORY = 1.5e9  # bytes that one lesson may take
# A notebook on Colab is not shown by JupyterLab, and a wheel brings no tests.
NOT_ON_COLAB = {"jupyterlab", "nbconvert", "nbclient", "nbformat"}

_CHECKOUT = Path(__file__).resolve().parent.parent  # in a wheel: site-packages


@dataclass(frozen=True)
class Check:
    """One line of the report: whether what was looked at is as the course needs it.

    ``state`` says what it is like, and ``mend`` what to do about it, empty when ``ok``.
    ``package`` says that it is the version of a package.
    """

    name: str
    ok: bool
    state: str
    mend: str = ""
    package: bool = False

    @property
    def heading(self):
        """Sign and name: colour never speaks alone."""
        return f"{'✓' if self.ok else '✗'} {self.name}"


class Report(tuple):
    """All checks in order: a table in a notebook, lines of text on a terminal."""

    @property
    def ok(self):
        """Whether every check passed."""
        return all(check.ok for check in self)

    @property
    def verdict(self):
        """One sentence that sums up."""
        bad = sum(not check.ok for check in self)
        if not bad:
            return "Everything is ready. You can start with lesson 01."
        things = "One thing needs" if bad == 1 else f"{bad} things need"
        return f"{things} your attention: do what stands beside ✗, then check again."

    def __repr__(self):
        width = max(len(check.heading) for check in self)
        lines = []
        for check in self:
            lines.append(f"{check.heading:<{width}}  {check.state}")
            if check.mend:
                lines.append(f"{'':<{width}}  To mend: {check.mend}")
        return "\n".join([*lines, "", self.verdict])

    def _repr_html_(self):
        left, mend = "style='text-align:left", not self.ok
        heads = ["Check", "Found", "To mend"] if mend else ["Check", "Found"]
        cells = "".join(f"<th scope='col' {left}'>{head}</th>" for head in heads)
        rows = ""
        for check in self._short():
            # Okabe-Ito's green and vermilion, darkened for text.
            style = f"{left};color:{'#007a5a' if check.ok else '#b34a00'}'"
            rows += f"<tr><th scope='row' {style}>{html.escape(check.heading)}</th>"
            for text in (check.state, check.mend)[: 1 + mend]:
                rows += f"<td {left}'>{html.escape(text)}</td>"
            rows += "</tr>"
        return (
            f"<p><strong>{html.escape(self.verdict)}</strong></p>"
            f"<table><caption>Is this computer ready?</caption><thead><tr>{cells}</tr>"
            f"</thead><tbody>{rows}</tbody></table>"
        )

    def _short(self):
        """Put the packages that are as they should be into one line."""
        good = [check for check in self if check.ok and check.package]
        listed = ", ".join(f"{check.name} {check.state}" for check in good)
        short = [check for check in self if check not in good]
        if good:
            short.insert(1, Check(f"{len(good)} packages", True, listed))
        return short


def report():
    """Look at Python, packages, kernel, memory, weights and data; gives a `Report`."""
    return Report([
        _python(), *_packages(), _keras_settings(), *_kernel(), _memory(), _weights(),
        *_data(),
    ])  # fmt: skip


def _python():
    version = ".".join(map(str, sys.version_info[:3]))
    oldest, newest = (f"{major}.{minor}" for major, minor in PYTHON)
    mend = f"install Python {oldest} to {newest} from python.org, then the course again"
    ok = PYTHON[0] <= sys.version_info[:2] <= PYTHON[1]
    return Check("Python", ok, version, "" if ok else mend)


def requirements():
    """Return the course's dependencies as it declares them, one string each."""
    project = _CHECKOUT / "pyproject.toml"
    if project.is_file():
        import tomllib  # Python 3.10, which does not fit, lacks it

        return tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]
    try:
        declared = metadata.requires("tlcourse") or []
    except metadata.PackageNotFoundError:
        return []
    return [line for line in declared if "extra ==" not in line]


def _packages():
    """Compare the installed versions with the ranges that the course declares."""
    return [_package(one.name, one.specifier) for one in _wanted()]


def _wanted():
    """The dependencies that this computer needs, as packaging's Requirements."""
    from packaging.requirements import Requirement

    left_out = NOT_ON_COLAB if "COLAB_RELEASE_TAG" in os.environ else ()
    wanted = map(Requirement, requirements())
    return [one for one in wanted if one.name not in left_out]


def _package(name, wanted):
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        version, state = None, "not installed"
    else:
        state = f"{version}, but the course needs {wanted}"
    if version and wanted.contains(version, prereleases=True):
        return Check(name, True, version, package=True)
    return Check(name, False, state, f'pip install "{name}{wanted}"', package=True)


def _keras_settings():
    """Read Keras's file of settings: the course's pictures have their channels last."""
    path = keras_home() / "keras.json"
    try:
        order = json.loads(path.read_text("utf-8"))["image_data_format"]
    except (OSError, ValueError, KeyError, TypeError):  # Keras takes what it has
        order = "channels_last"
    if order == "channels_last":
        return Check("Keras's settings", True, order)
    mend = f'in {path}, set "image_data_format" to "channels_last"; restart the kernel'
    state = f"{order}, and the course needs channels_last"
    return Check("Keras's settings", False, state, mend)


# What the kernel's Python is asked; the names of packages follow.
_QUESTION = """
import importlib.metadata, importlib.util, json, sys

def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None

print(json.dumps({
    "prefix": sys.prefix,
    "course": importlib.util.find_spec("tlcourse") is not None,
    "versions": {name: version(name) for name in sys.argv[1:]},
}))
"""


def _kernel():
    """Look at the kernel that JupyterLab starts for notebooks: is it this Python?"""
    name = "Kernel of notebooks"
    try:
        from jupyter_client.manager import KernelManager
    except ImportError:  # JupyterLab is missing, which has a line of its own
        return
    if "COLAB_RELEASE_TAG" in os.environ:
        return
    remove = f'"{sys.executable}" -m jupyter_client.kernelspecapp remove -f python3'
    try:
        with silent_stderr():  # Python 3.13's debugger has a word to say as it loads
            manager = KernelManager(kernel_name="python3")
            command = manager.format_kernel_cmd()
            variables = manager.kernel_spec.env
    except Exception as problem:  # damaged in one of many ways
        yield Check(name, False, f"python3 cannot be read ({problem})", remove)
        return
    answer = _ask(command, variables)
    if answer is None:
        state = f"it starts {command[0]}, which is not there or does not answer"
        yield Check(name, False, state, remove)
    elif os.path.realpath(answer["prefix"]) != os.path.realpath(sys.prefix):
        lacks = _lacks(answer)
        state = f"it starts another environment, {answer['prefix']}, "
        state += lacks or "which has all that the course needs"
        yield Check(name, not lacks, state, remove if lacks else "")
    elif not answer["course"]:
        here = _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else "tlcourse"
        mend = f'"{sys.executable}" -m pip install "{here}"'
        yield Check(name, False, "tlcourse is not installed for it", mend)
    else:
        yield Check(name, True, "this Python")


def _ask(command, variables):
    """Put the question to a kernel's Python; a dict, or None if it cannot answer."""
    # All that comes before `-m ipykernel_launcher`: conda may run the Python.
    start = command[: command.index("-m")] if "-m" in command else command[:1]
    names = [one.name for one in _wanted()]
    try:
        done = subprocess.run(
            [*start, "-c", _QUESTION, *names],
            env={**os.environ, **variables},
            cwd=Path(sys.executable).parent,  # a checkout there would be importable
            capture_output=True,
            timeout=60,
        )
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _lacks(answer):
    """Say which of the course's packages a kernel's Python has not, "" if none."""
    if not answer["course"]:
        return "without tlcourse"
    wrong = [
        f"{one.name} {version or 'missing'}"
        for one in _wanted()
        if not (version := answer["versions"][one.name])
        or not one.specifier.contains(version, prereleases=True)
    ]
    if len(wrong) > 3:
        wrong[3:] = [f"{len(wrong) - 3} other packages missing or too old"]
    return f"with {', '.join(wrong)}" if wrong else ""


def _memory():
    free = available_memory()
    if free is None:
        return Check("Memory", True, "could not be read on this computer")
    state = f"{free / 1e9:.1f} GB free"
    if free >= MEMORY:
        return Check("Memory", True, state)
    state += f", and a lesson may need {MEMORY / 1e9:.1f} GB"
    mend = "close other programs and other notebooks' kernels"
    return Check("Memory", False, state, mend)


def _weights():
    """Compare each bundled weight file with the hash on its card."""
    try:
        cards = sorted(where("weights").glob("*.json"))
        spoilt = [card.stem for card in cards if not _matches(card)]
        state = f"missing or damaged: {', '.join(spoilt)}" if cards else "none found"
    except FileNotFoundError as problem:
        cards, spoilt, state = [], [], str(problem)
    if cards and not spoilt:
        state = f"as on their cards: {', '.join(card.stem for card in cards)}"
        return Check("Backbone weights", True, state)
    return Check("Backbone weights", False, state, _restore("tlcourse/weights"))


def _matches(card):
    weights = card.with_name(f"{card.stem}.weights.h5")
    try:
        wanted = json.loads(card.read_text("utf-8"))["sha256"]
        return hashlib.sha256(weights.read_bytes()).hexdigest() == wanted
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _data():
    """Look for the pictures: the course's own, and those in two packages."""
    try:
        count = len(list(where("datasets").glob("*/card.md")))
    except FileNotFoundError:
        count = 0
    name = "Data of the course"
    if count:
        yield Check(name, True, f"{count} data cards")
    else:
        yield Check(name, False, "none found", _restore("datasets"))
    for package, folder, files in (
        ("scikit-learn", "sklearn", ["datasets/data/digits.csv.gz"]),
        ("scikit-image", "skimage", ["data/lfw_subset.npy", "data/chelsea.png"]),
    ):
        name, missing = f"Pictures in {package}", _missing(folder, files)
        if missing:
            mend = f"pip install --force-reinstall --no-deps {package}"
            yield Check(name, False, f"missing: {missing}", mend)
        else:
            yield Check(name, True, "found")


def _restore(folder):
    """Say how to get files of the course back: from git, or from the wheel."""
    if (_CHECKOUT / ".git").exists():
        return f"in {_CHECKOUT}, type: git checkout -- {folder}"
    return "pip install --force-reinstall --no-deps tlcourse"


def _missing(package, files):
    """Name the files that a package lacks, without importing it; "" if none."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return "the whole package"
    home = Path(spec.submodule_search_locations[0])
    return ", ".join(name for name in files if not (home / name).is_file())
