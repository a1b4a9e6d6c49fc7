"""The import contract of pyproject.toml fails where it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sys.executable).with_name("lint-imports")
WHY = "from tlcourse.lessons.why import figures"
NOT = "is not allowed to import"
PLOTS = f"tlcourse.plots {NOT} tlcourse.lessons"
CHOOSING = f"lessons.choosing {NOT} tlcourse.lessons.why"
TRAINING = f"tlcourse.backbones {NOT} tlcourse.training"
CYCLES = "No cycles are allowed in tlcourse.datasets"


@pytest.fixture
def lint(tmp_path):
    """Write a line into a copy of the package; return what the contract says of it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path in (ROOT / "tlcourse").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)

    def with_line(file, line):
        with open(tmp_path / "tlcourse" / file, "a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
        done = subprocess.run(
            [LINT, "--no-cache"], cwd=tmp_path, capture_output=True, text=True
        )
        return done.returncode, " ".join(done.stdout.split())

    return with_line


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("plots/curves.py", f"def later(): {WHY}", PLOTS),
        ("backbones.py", "from tlcourse import training", TRAINING),
        ("lessons/choosing/figures.py", WHY, CHOOSING),
        ("datasets/glyphs.py", "from tlcourse.datasets import digits", CYCLES),
        ("new.py", "", "tlcourse.new"),
    ],
)
def test_what_breaks_the_contract_is_named(lint, file, line, said):
    code, text = lint(file, line)
    assert code == 1 and said in text, text


def test_the_contract_sees_every_module():
    """It passes by a folder without __init__.py, and what stands in it."""
    for path in (ROOT / "tlcourse").rglob("*.py"):
        assert (path.parent / "__init__.py").exists(), path
