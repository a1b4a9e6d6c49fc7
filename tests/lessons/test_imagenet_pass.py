"""Each lesson runs with Keras's ImageNet weights, by the one word that it names."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
CACHED = ROOT.parent / "shared" / "keras_home"
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.mark.skipif(not CACHED.is_dir(), reason="no cached ImageNet weights here")
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_with_imagenet(path):
    lesson = nbformat.read(path, as_version=4)
    line = 'source = "imagenet_distilled"'
    changed = 0
    for cell in lesson.cells:
        if cell.cell_type == "code" and line in cell.source:
            cell.source = cell.source.replace(line, 'source = "imagenet"')
            changed += 1
    assert changed == 1, "the lesson names its source in one line of its set-up cell"
    client = NotebookClient(
        lesson,
        timeout=900,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env={**os.environ, "KERAS_HOME": str(CACHED)})
