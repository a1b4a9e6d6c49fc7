"""What takes minutes is measured over 5 seeds by `make claims`, and kept.

A kept file holds every seed's numbers and a fingerprint of the code, data and weights
on which they rest. A test run fails when a fingerprint is stale. It also repeats one
seed, of a long experiment the first part of one seed, and fails when a number leaves
the kept interval: each day for a third of the files, for what else may change, such as
a new release of Keras, changes slowly. ``--repeat-all`` repeats a seed of each.

`python tests/evidence.py` lists the kept files whose fingerprint is fresh. After a
change of code that changes no number, `pytest tests/lessons --restamp COMMIT` writes
new fingerprints: only for files that were fresh on that commit, with the same numbers,
and only where the repeated seed, all parts of it, passes now.
"""

import argparse
import ast
import datetime
import functools
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "tlcourse"
SEEDS = range(5)
# What a measured number can depend on; a figure's or a widget's code is not in it. A
# test module that measures with more of the package names it in RESTS_ON.
CODE = (
    "backbones", "inference", "batchnorm", "activations", "freezing", "training",
    "blockwise_adam", "study", "probes", "tables", "transferability", "datasets/**/*",
)  # fmt: skip
NO_EVIDENCE = {  # no kept number rests on them
    "own_pictures.py", "picture_files.py", "class_numbers.py", "reports.py",
    "collecting.py",
}  # fmt: skip


def look_up(
    name, measure, *, parts=None, renew=False, restamp=None, repeat=True, folder=None
):
    """Give a kept table, checked by repeating a seed, or a part of it.

    The name is of lesson and table: "why.labels". ``measure(seed)`` gives rows, dicts
    of plain numbers and strings; what was measured stands under "value", and what else
    is there names the experiment. Where a whole seed takes long, give the experiment's
    parts: ``measure(seed, part)`` gives the rows of one. The first of them is repeated,
    for a restamp all are. Without ``repeat``, a table that is fresh is only read.

    Renew measures all seeds, and keeps them. Restamp, a commit on which the file was
    fresh, writes the fingerprint of today's code. The folder is where files are kept,
    if not with their lesson.
    """
    import pandas

    inner = "<locals>" in measure.__qualname__
    assert not inner, f"{measure.__qualname__}: only a module's functions are hashed."
    path = _kept_file(name, folder)
    foundation = fingerprint(measure.__code__.co_filename, measure.__name__)
    if renew:
        rows = [{**row, "seed": s} for s in SEEDS for row in _rows(measure, s, parts)]
        _write(path, foundation, rows)
    assert path.exists(), f"{path.name} is missing: run `make claims`."
    kept = json.loads(path.read_text(encoding="utf-8"))
    table = pandas.DataFrame(kept["rows"])
    stale = kept["rests on"] != foundation
    assert not stale or restamp, (
        f"{path.name} is stale: code, data or weights have changed since it was "
        "measured. Run `make claims` and read what it says."
    )
    assert sorted(table["seed"].unique()) == list(SEEDS)
    if stale or (repeat and not renew):
        repeated = parts if stale or parts is None else parts[:1]
        _assert_repeats(table, _rows(measure, 0, repeated))
    if stale:
        assert _digest(kept["rows"]) in _fresh_on(restamp), (
            f"{path.name} was not fresh on {restamp}: run `make claims`."
        )
        _write(path, foundation, kept["rows"])
    return table


def is_due(name, day=None):
    """Whether a table's seed is repeated today, or on another `datetime.date`."""
    day = day or datetime.date.today()
    return zlib.crc32(name.encode()) % 3 == day.toordinal() % 3


def _rows(measure, seed, parts):
    if parts is None:
        return measure(seed)
    return [row for part in parts for row in measure(seed, part)]


def _kept_file(name, folder=None):
    lesson, _, table = name.rpartition(".")
    if folder is None:
        folder = PACKAGE / "lessons" / lesson / "evidence"
    return folder / f"{table}.json"


def _write(path, foundation, rows):
    """JSON with one row a line, so that a change can be read; in one move."""
    lines = ",\n".join(json.dumps(row) for row in rows)
    draft = path.with_suffix(".draft")
    draft.write_text(f'{{"rests on": "{foundation}", "rows": [\n{lines}\n]}}\n')
    draft.replace(path)


def _assert_repeats(table, rows):
    """A repeated seed must lie where one more seed would, in 99 cases of 100."""
    import scipy.stats

    keys = [key for key in table.columns if key not in ("seed", "value")]
    kept = table.groupby(keys)["value"]
    for row in rows:
        values = kept.get_group(tuple(row[key] for key in keys))
        n = len(values)
        reach = scipy.stats.t.ppf(0.995, n - 1) * values.std() * (1 + 1 / n) ** 0.5
        # Five equal values have no spread, yet another processor may round elsewhere.
        reach = max(reach, 0.02)
        assert abs(row["value"] - values.mean()) <= reach, (row, list(values))


# --- the fingerprint ------------------------------------------------------------------


def fingerprint(file, function):
    """Hash the code that a measurement runs, and the weights.

    Definitions count, wherever they stand: moving one to another module changes
    nothing, nor do imports, docstrings, annotations and comments. The file is the test
    module that measures, the function its measuring function's name.
    """
    tree = _read(file)
    modules = set()
    for part in (*CODE, *_rests_on(tree)):
        there = set(PACKAGE.glob(f"{part}.py"))
        assert there, f"No module {part}: correct CODE, or RESTS_ON of {file}."
        modules |= {path for path in there if path.name not in NO_EVIDENCE}
    dumps = [*_needed(tree, function)]
    for path in modules:
        dumps += definitions(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256("\n".join(sorted(dumps)).encode())
    digest.update(_weights())
    return digest.hexdigest()


@functools.cache
def _weights():
    files = sorted((PACKAGE / "weights").glob("*.h5"))
    return b"".join(path.name.encode() + path.read_bytes() for path in files)


@functools.cache
def definitions(code):
    """Dump each statement of a module, without what does nothing when it runs."""
    tree = ast.parse(code)
    return tuple(repr(_plain(node)) for node in _bare(tree).body)


def _needed(tree, function):
    """Dumps of a measuring function and of all that it goes by.

    That stands in its module, in what it imports of tests or, where it runs a lesson's
    own functions with ``defined("pitfalls", "ece")``, in the lesson.
    """
    named = {**_helpers(tree), **_named(tree)}
    wanted, dumps = [function], {}
    while wanted:
        name = wanted.pop()
        if name in named and name not in dumps:
            dumps[name] = repr(_plain(named[name]))
            inside = list(ast.walk(named[name]))
            taught = _taught(inside)
            named |= taught
            wanted += [*taught, *(n.id for n in inside if isinstance(n, ast.Name))]
    return set(dumps.values())


def _named(tree):
    """Functions, classes and constants of a module by name."""
    named = {}
    for node in _bare(tree).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            named[node.name] = node
        elif isinstance(node, ast.Assign):
            targets = [t for each in node.targets for t in ast.walk(each)]
            named |= {t.id: node for t in targets if isinstance(t, ast.Name)}
    return named


def _helpers(tree):
    """What a test module imports of what tests share, but for `defined` itself."""
    named = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module.startswith("tests."):
            shared = _named(_read(ROOT / f"{node.module.replace('.', '/')}.py"))
            names = {alias.name for alias in node.names} & shared.keys()
            named |= {name: shared[name] for name in names - {"defined"}}
    return named


def _taught(nodes):
    """The functions of a lesson that calls of `defined` run, by (lesson, name)."""
    from tests.helpers import cells

    found = {}
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "defined":
            lesson, *names = (arg.value for arg in node.args)
            for cell in cells(lesson):
                if any(f"def {name}(" in cell for name in names):
                    own = _named(ast.parse(cell))
                    found |= {(lesson, n): own[n] for n in names if n in own}
    return found


def _read(file):
    return ast.parse(pathlib.Path(file).read_text(encoding="utf-8"))


def _plain(node):
    """A syntax tree as lists; `ast.dump` writes another text on each Python."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, ast.AST):
        return node
    fields = [
        (name, _plain(value))
        for name, value in ast.iter_fields(node)
        if value is not None and value != []
    ]
    return [type(node).__name__, *fields]


def _rests_on(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RESTS_ON":
            return ast.literal_eval(node.value)
    return ()


class _Barer(ast.NodeTransformer):
    """Drops imports, docstrings, annotations, and the names of the course's modules."""

    def __init__(self, modules):
        self.modules = modules

    def visit_Import(self, node):
        return None

    visit_ImportFrom = visit_Import

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Constant):
            return None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node):
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_Attribute(self, node):
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.modules:
            return ast.Name(node.attr, node.ctx)  # tl.study.compare is compare
        return self.generic_visit(node)


def _bare(tree):
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).startswith("tlcourse")
    }
    return _Barer(modules).visit(tree)


# --- which files are fresh ------------------------------------------------------------


def claims():
    """Name, test module and measuring function of every kept file."""
    for path in sorted(ROOT.glob("tests/lessons/*/test_claims*.py")):
        for node in ast.walk(_read(path)):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if called and node.func.id == "evidence":
                name, measure = node.args
                yield name.value, path, measure.id


def fresh():
    """Kept files whose fingerprint is that of the code here: digest of rows by name."""
    for name, path, measure in claims():
        kept = json.loads(_kept_file(name).read_text(encoding="utf-8"))
        if kept["rests on"] == fingerprint(path, measure):
            yield name, _digest(kept["rows"])


def _digest(rows):
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


@functools.cache
def _fresh_on(commit):
    """Digests of the rows of the files that are fresh on a commit."""
    with tempfile.TemporaryDirectory() as there:
        subprocess.run(
            ["git", "worktree", "add", "--detach", there, commit], cwd=ROOT, check=True
        )
        try:
            listed = subprocess.run(
                [sys.executable, "tests/evidence.py"],
                cwd=there, check=True, capture_output=True, text=True,
            )  # fmt: skip
        finally:
            subprocess.run(
                ["git", "worktree", "remove", "--force", there], cwd=ROOT, check=True
            )
    return {line.split()[-1] for line in listed.stdout.splitlines()}


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.path.insert(0, str(ROOT))  # this copy of the course, if there are several
    for name, digest in fresh():
        print(name, digest)
