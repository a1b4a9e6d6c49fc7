"""Where the course's own files lie, and where it keeps what it has worked out."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


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

    The folder need not exist yet.
    """
    import platformdirs  # the check of the set-up runs where it may be missing

    chosen = os.environ.get("TLCOURSE_CACHE")
    return Path(chosen or platformdirs.user_cache_path("tlcourse")) / kind
