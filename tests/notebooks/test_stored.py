"""The lessons as they are stored."""

import json
import re
from pathlib import Path

import pytest

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def cells(path, kind="code"):
    notebook = json.loads(path.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_it_ran_in_a_fresh_kernel_that_all_have_and_github_can_show_it(path):
    counts = [cell["execution_count"] for cell in cells(path) if cell["source"]]
    assert counts == list(range(1, len(counts) + 1))
    metadata = json.loads(path.read_text("utf-8"))["metadata"]
    assert metadata["kernelspec"]["name"] == "python3" and "widgets" not in metadata
    assert path.stat().st_size < 3e6


def test_no_errors_no_warnings_and_no_folders_of_ours(path):
    for cell in cells(path):
        expected = "raises-exception" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]:
            assert output["output_type"] != "error" or expected
            assert output.get("name") != "stderr", output["text"]
            if output["output_type"] == "error":
                continue
            shown = json.dumps(output.get("text", output.get("data")))
            assert not re.search(r"/(root|home|tmp|Users|work)/", shown), shown[:300]
