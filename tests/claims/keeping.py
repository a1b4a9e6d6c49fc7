"""Claims that take minutes are measured over 5 seeds by `make claims`, and kept.

A kept file holds every seed's numbers and the hash of the code, data and weights on
which they rest. A test run repeats one seed, and fails when a number leaves the kept
interval or the hash is stale.
"""

import ast
import hashlib
import inspect
import json
import pathlib

import pandas
import scipy.stats

from tlcourse.resources import where

SEEDS = range(5)
HERE = pathlib.Path(__file__).parent
PACKAGE = where("weights").parent
# What a measured number can depend on; a figure's or a widget's code is not in it. A
# test module that measures with more of the package names it in RESTS_ON.
CODE = (
    "backbones", "inference", "activations", "freezing", "training", "blockwise_adam",
    "study", "transferability", "datasets/**/*",
)  # fmt: skip


def look_up(name, measure, renew=False, folder=HERE):
    """Give a kept table, checked by repeating a seed; `renew` measures all seeds.

    ``measure(seed)`` gives rows, dicts of plain numbers and strings; what was
    measured stands under "value", and what else is there names the experiment.
    """
    path = folder / f"{name}.json"
    foundation = fingerprint(measure)
    if renew:
        rows = [{**row, "seed": s} for s in SEEDS for row in measure(s)]
        draft = path.with_suffix(".draft")
        draft.write_text(_text({"rests on": foundation, "rows": rows}))
        draft.replace(path)
    assert path.exists(), f"{path.name} is missing: run `make claims`."
    kept = json.loads(path.read_text(encoding="utf-8"))
    table = pandas.DataFrame(kept["rows"])
    assert kept["rests on"] == foundation, (
        f"{path.name} is stale: code, data or weights have changed since it was "
        "measured. Run `make claims` and read what it says."
    )
    assert sorted(table["seed"].unique()) == list(SEEDS)
    if not renew:
        _assert_repeats(table, measure(0))
    return table


def _assert_repeats(table, rows):
    """A repeated seed must lie where one more seed would, in 99 cases of 100."""
    keys = [key for key in table.columns if key not in ("seed", "value")]
    kept = table.groupby(keys)["value"]
    for row in rows:
        values = kept.get_group(tuple(row[key] for key in keys))
        n = len(values)
        reach = scipy.stats.t.ppf(0.995, n - 1) * values.std() * (1 + 1 / n) ** 0.5
        # Five equal values have no spread, yet another processor may round elsewhere.
        reach = max(reach, 0.02)
        assert abs(row["value"] - values.mean()) <= reach, (row, list(values))


def fingerprint(measure):
    """Hash code without docstrings and comments, the weights, and the measurement."""
    digest = hashlib.sha256()
    parts = CODE + getattr(inspect.getmodule(measure), "RESTS_ON", ())
    files = sorted({path for part in parts for path in PACKAGE.glob(f"{part}.py")})
    for path in [*files, pathlib.Path(inspect.getsourcefile(measure))]:
        digest.update(path.name.encode() + code(path).encode())
    for path in sorted(where("weights").glob("*.h5")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def code(path):
    """A module's syntax tree without what does nothing when it runs.

    Of a test module only what measures counts: a claim may be put into other words,
    or asserted more strictly, without being measured again.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name.startswith("test_"):
        tree.body = [
            node
            for node in tree.body
            if not getattr(node, "name", "").startswith("test_")
        ]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            node.body = body[1:]
    return ast.dump(tree)


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _text(kept):
    """JSON with one row a line, so that a change can be read."""
    rows = ",\n".join(json.dumps(row) for row in kept["rows"])
    return f'{{"rests on": "{kept["rests on"]}", "rows": [\n{rows}\n]}}\n'
