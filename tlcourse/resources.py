"""Where the course's own files lie: in a checkout, or inside the installed package."""

from pathlib import Path

KINDS = ("notebooks", "datasets", "weights")

_PACKAGE = Path(__file__).resolve().parent


def where(kind):
    """Return the folder that holds one kind of the course's own files.

    Parameters
    ----------
    kind : {"notebooks", "datasets", "weights"}
        What to look for.

    Returns
    -------
    pathlib.Path
        An existing folder. Treat it as read-only.

    Raises
    ------
    ValueError
        If ``kind`` is not one of the three.
    FileNotFoundError
        If the folder is missing from this installation.
    """
    if kind not in KINDS:
        raise ValueError(f"There are no files called {kind!r}. Use {', '.join(KINDS)}.")
    if kind == "weights":
        places = [_PACKAGE / "weights"]
    else:
        # The wheel carries both folders in _bundled; a checkout has them beside us.
        places = [_PACKAGE / "_bundled" / kind, _PACKAGE.parent / kind]
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"The course's {kind} folder is missing (looked in {places[0]}). "
        "Install the course again: pip install --force-reinstall --no-deps tlcourse"
    )
