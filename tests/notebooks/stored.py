"""Take live views out of stored lessons, so that they open without an error.

A stored lesson carries no widget state. JupyterLab then writes 'Error displaying
widget: model not found' for every stored view until its cell is run again; without the
view it shows the text that `show_live` left beside it.

    python tests/notebooks/stored.py notebooks/*.ipynb
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tlcourse.widgets.static_first import VIEW


def without_views(notebook):
    """Remove widget views and state from a notebook, a dict; give how many views."""
    notebook.get("metadata", {}).pop("widgets", None)
    removed = 0
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            if output.get("data", {}).pop(VIEW, None) is not None:
                output.get("metadata", {}).pop(VIEW, None)
                removed += 1
    return removed


def main(paths):
    """Clean the notebooks at these paths and print what was done."""
    for path in map(Path, paths):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        removed = without_views(notebook)
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
        print(f"{path}: {removed} live views removed.")


if __name__ == "__main__":
    main(sys.argv[1:])
