"""Where the course's own files lie, and where it keeps what it has worked out."""

import contextlib
import glob
import os
import shutil
import time
from importlib import metadata
from pathlib import Path

CGROUP = "/sys/fs/cgroup"  # where Linux keeps a container's limit (version 2)
_PACKAGE = Path(__file__).resolve().parent
_LEFT_BEHIND = 60  # seconds: so long nobody writes to a draft that somebody works on


def where(kind):
    """Return the folder that holds one kind of the course's own files.

    Of "notebooks", "datasets" and "weights". It exists; treat it as read-only.

    Raises
    ------
    FileNotFoundError
        If the folder is missing from this installation.
    """
    # The weights lie in the package. The wheel carries the other two in _bundled; a
    # checkout has them beside the package.
    bundled = _PACKAGE if kind == "weights" else _PACKAGE / "_bundled"
    for place in (bundled / kind, _PACKAGE.parent / kind):
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"The course's {kind} folder is missing (looked in {bundled / kind}). "
        "Install the course again: pip install --force-reinstall --no-deps tlcourse"
    )


def cache_folder(kind):
    """Return where one kind of results is kept: in $TLCOURSE_CACHE or the user's cache.

    Models have a folder for each version of Keras, since Keras 3.13 cannot read a file
    that 3.15 wrote. The folder need not exist yet.
    """
    import platformdirs  # the check of the set-up runs where it may be missing

    chosen = os.environ.get("TLCOURSE_CACHE")
    folder = Path(chosen or platformdirs.user_cache_path("tlcourse")) / kind
    return folder / f"keras_{metadata.version('keras')}" if kind == "models" else folder


def keras_home():
    """Return Keras's own folder, of settings, weights and data, as Keras chooses it."""
    home = Path.home() if os.access(Path.home(), os.W_OK) else Path("/tmp")
    return Path(os.environ.get("KERAS_HOME", home / ".keras")).expanduser()


def available_memory():
    """Return the bytes that this process may still take, or None if nobody knows.

    A container (Docker, Binder, a JupyterHub) often allows less than the computer has.
    """
    try:
        import psutil  # the check of the set-up runs where it may be missing
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


@contextlib.contextmanager
def draft_of(path):
    """Give a path to write to: what is there takes its own name when it is whole.

    Drafts that killed processes have left of it are deleted.

    Parameters
    ----------
    path : pathlib.Path
        Of a file or a folder; its own folder is made where it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for older in path.parent.glob(f".{glob.escape(path.stem)}.*.draft{path.suffix}"):
        with contextlib.suppress(OSError):  # another process was first
            if time.time() - older.stat().st_mtime > _LEFT_BEHIND:
                _delete(older)
    draft = path.with_name(f".{path.stem}.{os.getpid()}.draft{path.suffix}")
    try:
        yield draft
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            _delete(draft)


def _delete(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()
