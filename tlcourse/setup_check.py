"""Is this computer ready for the course? Behind ``tlcourse doctor`` and lesson 00.

Nothing heavy is imported: versions are read from the installed packages' own records,
so the whole check takes a second or two.
"""

import hashlib
import html
import importlib.util
import json
import os
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tlcourse.resources import where

PYTHON = ((3, 11), (3, 13))  # oldest and newest; TensorFlow has no wheel beyond
MEMORY = 1.5e9  # bytes that one lesson may take
CGROUP = "/sys/fs/cgroup"  # where Linux keeps a container's limit (version 2)
# A notebook on Colab is not shown by JupyterLab, and a wheel brings no tests.
NOT_ON_COLAB = {"jupyterlab", "nbconvert", "nbclient", "nbformat"}

_CHECKOUT = Path(__file__).resolve().parent.parent  # in a wheel: site-packages


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes
    ----------
    name : str
        What was looked at.
    ok : bool
        Whether it is as the course needs it.
    found : str
        What was found.
    mend : str
        What to do about it; empty when ``ok``.
    package : bool
        Whether it is the version of a package.
    """

    name: str
    ok: bool
    found: str
    mend: str = ""
    package: bool = False

    @property
    def sign(self):
        return "✓" if self.ok else "✗"


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
        width = max(len(check.name) for check in self)
        lines = [self._line(check, width) for check in self]
        return "\n".join([*lines, "", self.verdict])

    @staticmethod
    def _line(check, width):
        line = f"{check.sign} {check.name:<{width}}  {check.found}"
        return line + (
            f"\n  {'':<{width}}  To mend: {check.mend}" if check.mend else ""
        )

    def _repr_html_(self):
        heads = ["Check", "Found"] + ([] if self.ok else ["To mend"])
        cells = "".join(f"<th scope='col' {_LEFT}>{head}</th>" for head in heads)
        rows = "".join(_row(check, len(heads)) for check in self._short())
        return (
            f"<p><strong>{html.escape(self.verdict)}</strong></p>"
            f"<table><caption>Is this computer ready?</caption><thead><tr>{cells}</tr>"
            f"</thead><tbody>{rows}</tbody></table>"
        )

    def _short(self):
        """Put the packages that are as they should be into one line."""
        good = [check for check in self if check.ok and check.package]
        listed = ", ".join(f"{check.name} {check.found}" for check in good)
        short = [check for check in self if check not in good]
        if good:
            short.insert(1, Check(f"{len(good)} packages", True, listed))
        return short


_LEFT = "style='text-align:left'"


def _row(check, columns):
    # Okabe-Ito's green and vermilion, darkened for text, and a sign: colour never
    # speaks alone.
    colour = "#007a5a" if check.ok else "#b34a00"
    texts = (check.found, check.mend)[: columns - 1]
    return (
        f"<tr><th scope='row' style='text-align:left;color:{colour}'>{check.sign} "
        f"{html.escape(check.name)}</th>"
        + "".join(f"<td {_LEFT}>{html.escape(text)}</td>" for text in texts)
        + "</tr>"
    )


def report():
    """Look at Python, the packages, the memory, the weights and the data.

    Returns
    -------
    Report
        A tuple of :class:`Check`; ``report().ok`` says whether all is well.
    """
    checks = [_python(), *_packages(), _memory(), _weights(), *_data()]
    return Report(checks)


def _python():
    version = sys.version_info[:2]
    found = f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}"
    oldest, newest = (f"{major}.{minor}" for major, minor in PYTHON)
    if PYTHON[0] <= version <= PYTHON[1]:
        return Check("Python", True, found)
    return Check(
        "Python",
        False,
        found,
        f"install Python {oldest} to {newest} from python.org, then the course again",
    )


def requirements():
    """Return the course's dependencies as it declares them, one string each."""
    project = _CHECKOUT / "pyproject.toml"
    if project.is_file():
        import tomllib

        return tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]
    try:
        declared = metadata.requires("tlcourse") or []
    except metadata.PackageNotFoundError:
        return []
    return [line for line in declared if "extra ==" not in line]


def _packages():
    """Compare the installed versions with the ranges that the course declares."""
    from packaging.requirements import Requirement

    on_colab = "COLAB_RELEASE_TAG" in os.environ
    checks = []
    for requirement in map(Requirement, requirements()):
        if on_colab and requirement.name in NOT_ON_COLAB:
            continue
        checks.append(_package(requirement.name, requirement.specifier))
    return checks


def _package(name, wanted):
    mend = f'pip install "{name}{wanted}"'
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed", mend, package=True)
    if wanted.contains(found, prereleases=True):
        return Check(name, True, found, package=True)
    said = f"{found}, but the course needs {wanted}"
    return Check(name, False, said, mend, package=True)


def _memory():
    free = free_memory()
    if free is None:
        return Check("Memory", True, "could not be read on this computer")
    found = f"{free / 1e9:.1f} GB free"
    if free >= MEMORY:
        return Check("Memory", True, found)
    return Check(
        "Memory",
        False,
        f"{found}, and a lesson may need {MEMORY / 1e9:.1f} GB",
        "close other programs and other notebooks' kernels",
    )


def free_memory():
    """Return the bytes that this process may still take, or None if nobody knows.

    A container (Docker, Binder, a JupyterHub) often allows less than the computer has.
    """
    try:
        import psutil
    except ImportError:
        return None
    free = psutil.virtual_memory().available
    try:
        allowed = int(Path(CGROUP, "memory.max").read_text())
        taken = int(Path(CGROUP, "memory.current").read_text())
        lines = Path(CGROUP, "memory.stat").read_text().splitlines()
        # Files that were read once count as taken, but are given up at once.
        cached = int(dict(line.split() for line in lines)["inactive_file"])
    except (OSError, ValueError, KeyError):  # not there, or "max": no limit
        return free
    return min(free, max(0, allowed - taken + cached))


def _weights():
    """Compare each bundled weight file with the hash on its card."""
    mend = _restore("tlcourse/weights")
    name = "Backbone weights"
    try:
        cards = sorted(where("weights").glob("*.json"))
    except FileNotFoundError as problem:
        return Check(name, False, str(problem), mend)
    if not cards:
        return Check(name, False, "none found", mend)
    spoilt = [card.stem for card in cards if not _matches(card)]
    if spoilt:
        return Check(name, False, f"missing or damaged: {', '.join(spoilt)}", mend)
    return Check(name, True, f"as on their cards: {', '.join(c.stem for c in cards)}")


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
        cards = len(list(where("datasets").glob("*/card.md")))
    except FileNotFoundError:
        cards = 0
    name = "Data of the course"
    checks = [
        Check(name, True, f"{cards} data cards")
        if cards
        else Check(name, False, "none found", _restore("datasets"))
    ]
    for package, folder, files in (
        ("scikit-learn", "sklearn", ["datasets/data/digits.csv.gz"]),
        ("scikit-image", "skimage", ["data/lfw_subset.npy", "data/chelsea.png"]),
    ):
        name = f"Pictures in {package}"
        missing = _missing(folder, files)
        if missing:
            mend = f"pip install --force-reinstall --no-deps {package}"
            checks.append(Check(name, False, f"missing: {missing}", mend))
        else:
            checks.append(Check(name, True, "found"))
    return checks


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
