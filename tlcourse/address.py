"""Say where the course's repository is, or move every badge and link to another.

    python -m tlcourse.address                     # says where it is
    python -m tlcourse.address ME/FORK             # or its address on GitHub
    python -m tlcourse.address ME/FORK --branch B  # badges open this branch

The address stands in pyproject.toml (Source). Badges, links and the lessons' set-up
cells hold copies, because they are read where there is no pyproject.toml; this command
alone writes them. The licences stay: they name the authors, whose work a fork is. It
needs a checkout, and nothing that is not in Python.
"""

import argparse
import re
import sys
from pathlib import Path

from tlcourse.resources import draft_of

ROOT = Path(__file__).resolve().parent.parent
_SOURCE = re.compile(r'^(Source = ")([^"]*)(")', re.MULTILINE)
_NAME = r"[\w.-]+"
_ADDRESS = re.compile(
    rf"(?:https?://github\.com/)?({_NAME})/({_NAME}?)(?:\.git)?/?(?:/?tree/([\w./-]+))?"
)
_LEFT_OUT = {"tests", "build", "dist", "node_modules", "__pycache__"}


def parse(text):
    """Give owner/repository and the branch, or None, of an address on GitHub.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = _ADDRESS.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is no repository on GitHub, from where Colab opens lessons: "
            "write OWNER/REPOSITORY, or its address https://github.com/..."
        )
    owner, repository, branch = match.groups()
    return f"{owner}/{repository}", branch


def current(root=ROOT):
    """Give owner/repository and the branch that a checkout's badges open."""
    text = (root / "pyproject.toml").read_text("utf-8")
    repository, branch = parse(_SOURCE.search(text)[2])
    return repository, branch or "main"


def mentions(repository, branch):
    """Give the pattern of an address in a text: its front, and what names a branch."""
    # https://github.com/…, Colab's …/github/… and Binder's …/gh/…; in front of the
    # branch stands /blob/, /tree/, pip's @, or Binder's /.
    return re.compile(
        rf"(github\.com/|/github/|/gh/){re.escape(repository)}(?![\w-])"
        rf"(?:(/blob/|/tree/|@|/){re.escape(branch)}(?![\w-]))?"
    )


def files(root=ROOT):
    """List the text files of a checkout that may hold the address."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") and part != ".github" for part in parts)
        licence = path.name.startswith("LICENSE")
        if hidden or licence or _LEFT_OUT & set(parts) or not path.is_file():
            continue
        try:
            yield path, path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue


def move(repository, branch="main", root=ROOT):
    """Write another address everywhere; gives the files that changed."""
    pattern = mentions(*current(root))
    source = f"https://github.com/{repository}"
    source += "" if branch == "main" else f"/tree/{branch}"
    changed = []

    def moved(match):
        front, before_branch = match.groups()
        return front + repository + (before_branch + branch if before_branch else "")

    for path, text in files(root):
        new = pattern.sub(moved, text)
        if path == root / "pyproject.toml":
            new = _SOURCE.sub(rf"\g<1>{source}\g<3>", text)
        if new != text:
            with draft_of(path) as draft:
                draft.write_bytes(new.encode("utf-8"))
            changed.append(path)
    return changed


def main(arguments=None):
    """Run the command and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tlcourse.address")
    parser.add_argument("repository", nargs="?", metavar="OWNER/REPOSITORY")
    parser.add_argument("--branch", help="default: main")
    choice = parser.parse_args(arguments)
    if not (ROOT / "pyproject.toml").is_file():
        print("Go to a checkout of the course: git clone it first.", file=sys.stderr)
        return 1
    if choice.repository is None:
        print("https://github.com/{}, branch {}".format(*current()))
        return 0
    try:
        repository, branch = parse(choice.repository)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    changed = move(repository, choice.branch or branch or "main")
    print(f"{len(changed)} files changed. Look at `git diff`, commit and push.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
