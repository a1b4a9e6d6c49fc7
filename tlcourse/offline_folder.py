"""A folder for a room without a network: models, data and wheels, on a USB stick.

``tlcourse prefetch --to FOLDER`` fills it, and the folder's own README.txt says how it
is used. What a lesson reads is copied from it to where the lesson looks: Keras does not
use a folder that it cannot write to, and a stick goes on to the next person.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from tlcourse.fetching import has_checksum, sha256
from tlcourse.language.files import MODELS
from tlcourse.prefetch import keras_files, prefetch
from tlcourse.progress import progress
from tlcourse.resources import cache_folder, draft_of, keras_home

SUMS = "SHA256SUMS"  # in the format of the program sha256sum
EXTRAS = "text,games"  # what lessons use
_CHECKOUT = Path(__file__).resolve().parent.parent  # in a wheel: site-packages
README = """\
tlcourse without a network
==========================

For {system}, Python {python}. In a new environment with this Python:

    python -m pip install --no-index --find-links wheels "tlcourse[{extras}]"
    tlcourse lab --from .

both typed in this folder. The second command copies models and data to where the
lessons look for them, and opens the lessons; after that the folder is not needed.
"""


class FolderTrouble(RuntimeError):  # noqa: N818  (said to a user as it is)
    """A folder that cannot be filled or used; the message says what to do."""


def fill(folder, imagenet, data):
    """Bring weights, data, language models and wheels into a folder.

    What this computer has already is copied, and the rest is fetched. A second call
    goes on where the first one stopped.

    Parameters
    ----------
    folder : path
    imagenet, data : sequence of str
        As for `prefetch.keras_files`.

    Returns
    -------
    bool
        Whether all of it is there now.
    """
    folder = Path(folder).resolve()
    files = keras_files(imagenet, data)
    owned = [(keras_home() / each.place, each.checksum) for each in files]
    for name, model in MODELS.items():
        place = cache_folder("language") / name
        owned += [(place / each, sums[1]) for each, sums in model.files.items()]
    with _writing_to(folder):
        with homes_in(folder):
            wanted = [keras_home() / each.place for each in files]
            for name, model in MODELS.items():
                place = cache_folder("language") / name
                wanted += [place / each for each in model.files]
            for (own, checksum), place in zip(owned, wanted, strict=True):
                if has_checksum(own, checksum) and not has_checksum(place, checksum):
                    _copy(own, place)
            whole = prefetch(files)
        _fetch_wheels(folder / "wheels")
        there = [place for place in wanted if place.is_file()]
        _write_sums(folder, [*there, *(folder / "wheels").glob("*.whl")])
        readme = README.format(
            system=sys.platform,
            python=".".join(map(str, sys.version_info[:2])),
            extras=EXTRAS,
        )
        (folder / "README.txt").write_text(readme, "utf-8")
    size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    state = "is ready" if whole else "can be used, without what could not be fetched"
    print(f"{folder} {state} ({size / 1e6:,.0f} MB): its README.txt says how.")
    if not whole:
        print("Type the same again where there is a network, and the rest comes too.")
    return whole


@contextlib.contextmanager
def _writing_to(folder):
    """Turn what the disk says into one sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as problem:
        raise FolderTrouble(
            f"{problem.filename or folder} cannot be written "
            f"({problem.strerror or problem}): make room there, or name another "
            "folder, and type the same again."
        ) from None


@contextlib.contextmanager
def homes_in(folder):
    """Let Keras's folder and the course's cache be in a folder for a while."""
    inside = {"KERAS_HOME": folder / "keras", "TLCOURSE_CACHE": folder / "cache"}
    before = {name: os.environ.get(name) for name in inside}
    os.environ.update({name: str(path) for name, path in inside.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _copy(source, place):
    with draft_of(place) as draft:
        shutil.copyfile(source, draft)


def _fetch_wheels(folder):
    """Let pip bring wheels of the course and all that it needs, for this Python."""
    print("Fetching wheels for this Python: some minutes, about 0.8 GB ...", flush=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder]
    command += ["--disable-pip-version-check", "--find-links", folder, _course()]
    own = {"PIP_RESUME_RETRIES": "5"}  # newer ones resume a download
    done = subprocess.run(
        command, env={**os.environ, **own}, stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise FolderTrouble(
            f"pip could not bring all wheels ({said[-1] if said else 'no answer'}): "
            "connect to the internet and type the same again; it goes on from here."
        )


def _course():
    """Say to pip where this very course comes from: checkout, address or index."""
    if (_CHECKOUT / "pyproject.toml").is_file():
        return f"{_CHECKOUT}[{EXTRAS}]"
    course = metadata.distribution("tlcourse")
    address = json.loads(course.read_text("direct_url.json") or "{}")
    if not address:
        return f"tlcourse[{EXTRAS}]=={course.version}"
    url, git = address["url"], address.get("vcs_info")
    if git:
        url = f"{git['vcs']}+{url}@{git['commit_id']}"
    return f"tlcourse[{EXTRAS}] @ {url}"


def _write_sums(folder, files):
    bar = progress(sorted(files), "Checksums, files")
    lines = [f"{sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in bar]
    with draft_of(folder / SUMS) as draft:
        draft.write_text("".join(lines), "utf-8")


def sums(folder):
    """Read which files a filled folder has; a dict of place in it to SHA-256.

    Raises
    ------
    FolderTrouble
        If the folder was never filled, or not to the end.
    """
    try:
        text = (Path(folder) / SUMS).read_text("utf-8")
    except OSError:
        raise FolderTrouble(
            f"{folder} was not filled to the end (it has no {SUMS}): type "
            f"`tlcourse prefetch --to {folder}` where there is a network."
        ) from None
    pairs = (line.split("  ", 1) for line in text.splitlines())
    return {place: checksum for checksum, place in pairs}


def take_from(folder):
    """Copy models and data from a filled folder to where the lessons look for them.

    What is there already is left; a file is in its place only once it was right.

    Returns
    -------
    int
        How many files were copied.

    Raises
    ------
    FolderTrouble
        If the folder was not filled, or a file in it is damaged.
    """
    # The cache's own folder: its name without the kind.
    homes = {"keras": keras_home(), "cache": cache_folder("language").parent}
    copied = 0
    for place, checksum in progress(list(sums(folder).items()), "Copying, files"):
        home, _, rest = place.partition("/")
        if home not in homes or has_checksum(homes[home] / rest, checksum):
            continue
        with _writing_to(homes[home]):
            _take(Path(folder) / place, homes[home] / rest, checksum)
        copied += 1
    return copied


def _take(source, place, checksum):
    if not source.is_file():
        raise _damaged(source)
    with draft_of(place) as draft:
        shutil.copyfile(source, draft)
        if not has_checksum(draft, checksum):
            raise _damaged(source)


def _damaged(file):
    return FolderTrouble(
        f"{file} is missing or damaged: copy the folder again, or fill it again by "
        "`tlcourse prefetch --to FOLDER`."
    )


def faults(folder):
    """Name the files of a filled folder that are missing or damaged, wheels too."""
    known = progress(list(sums(folder).items()), "Checking, files")
    return [place for place, sha in known if not has_checksum(Path(folder, place), sha)]


def wheels_problem(folder):
    """Ask pip whether the folder's wheels are all that this Python needs; "" if so."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet"]
    command += ["--ignore-installed", "--no-index", "--disable-pip-version-check"]
    command += ["--find-links", Path(folder) / "wheels", f"tlcourse[{EXTRAS}]"]
    done = subprocess.run(command, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return (said[-1] if said else "pip failed") if done.returncode else ""
