"""One command moves all that holds the repository's address, and moves it back."""

import re
import shutil
import subprocess

import pytest

from tests.helpers import ROOT, refused
from tlcourse import address


@pytest.fixture
def checkout(tmp_path):
    """A copy of what Git knows of this checkout, but for weights and evidence."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no checkout of Git")
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.endswith((".h5", ".npz", ".json")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_moves_everything_there_and_back_and_nothing_else(checkout):
    before, old = contents(checkout), address.current(checkout)
    changed = address.move("me/my-fork", "a/branch", checkout)
    names = {path.relative_to(checkout).as_posix() for path in changed}
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= {
        name.removeprefix("notebooks/") for name in names
    }
    workshop = {"deploy/jupyterhub/README.md", "deploy/jupyterhub/tlcourse_workshop.py"}
    assert {"README.md", "pyproject.toml"} | workshop <= names
    assert address.current(checkout) == ("me/my-fork", "a/branch")
    text = (checkout / "README.md").read_text("utf-8")
    assert "/github/me/my-fork/blob/a/branch/notebooks/00_" in text
    assert "/gh/me/my-fork/a/branch?urlpath" in text
    # The address is nowhere else, whoever writes it: in tests, and in the licence.
    there = re.compile(rf"(github\.com|/github|/gh)/{re.escape(old[0])}\b".encode())
    left = {path for path, text in contents(checkout).items() if there.search(text)}
    assert {path.name for path in left} == {"LICENSE-CC-BY-4.0"}
    assert address.move("me/my-fork", "a/branch", checkout) == []
    address.move(*old, checkout)
    assert contents(checkout) == before


def test_an_address_in_any_form_is_read_and_another_is_refused():
    for text in (
        "me/x.y",
        "https://github.com/me/x.y",
        "https://github.com/me/x.y.git/",
    ):
        assert address.parse(text) == ("me/x.y", None)
    tree = "https://github.com/me/fork/tree/a/branch"
    assert address.parse(tree) == ("me/fork", "a/branch")
    for text in ("fork", "https://gitlab.com/me/fork", "me/fork/blob/main", ""):
        refused("no repository on GitHub", address.parse, text)
