"""Results that take long to train: kept as JSON, and looked after.

A test asks for them with the fixture ``kept`` (conftest.py):

    def score(seed):                      # one run; a dict of numbers
        ...
        return {"transfer": run.test_accuracy, "from scratch": scratch.test_accuracy}

    def test_transfer_beats_scratch(kept):
        result = kept("lesson_01_digits", score, CODE + ["tlcourse/weights/*glyphs*"])
        assert result.mean("transfer") > result.mean("from scratch") + 0.15

``make claims`` (``pytest tests/claims --renew``) trains all seeds and writes
``lesson_01_digits.json`` beside the test, with a hash of the files that it rests on. A
plain test run reads the file, fails when the hash is out of date, and trains one seed
again, which must come out within the kept interval.
"""

import ast
import hashlib
import json
import statistics
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SEEDS = range(5)
# Student's t, 97.5 %, for n - 1 degrees of freedom: half of a 95 % interval.
T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365, 10: 2.262}
# Another processor rounds otherwise; so much does a score move for that alone.
LEAST = 0.02


@dataclass(frozen=True)
class Kept:
    """Kept results: ``runs`` is one dict of numbers for each seed."""

    runs: list

    def values(self, name):
        return [run[name] for run in self.runs]

    def mean(self, name):
        return statistics.fmean(self.values(name))

    def interval(self, name):
        """Return the ends of the mean's 95 % interval."""
        return self._around(name, len(self.runs) ** -0.5)

    def expected(self, name):
        """Return between what ends one more run lies, in 95 of 100 cases."""
        low, high = self._around(name, (1 + 1 / len(self.runs)) ** 0.5)
        middle = self.mean(name)
        return min(low, middle - LEAST), max(high, middle + LEAST)

    def _around(self, name, scale):
        values = self.values(name)
        half = T[len(values)] * statistics.stdev(values) * scale
        return self.mean(name) - half, self.mean(name) + half


def write(path, name, seeds, runs, hashed):
    result = Kept(runs)
    summary = {
        key: {"mean": result.mean(key), "interval": result.interval(key)}
        for key in runs[0]
    }
    record = {"claim": name, "hash": hashed, "seeds": seeds, "runs": runs}
    path.write_text(json.dumps({**record, "summary": summary}, indent=1) + "\n")


def check(path, score, hashed):
    if not path.is_file():
        pytest.fail(f"{path.name} is missing: run `make claims`.")
    record = json.loads(path.read_text("utf-8"))
    if record["hash"] != hashed:
        pytest.fail(
            f"The code, data or weights behind {path.name} have changed: "
            "run `make claims`, and see that the lesson still says what is true."
        )
    result = Kept(record["runs"])
    for key, value in score(record["seeds"][0]).items():
        low, high = result.expected(key)
        if not low <= value <= high:
            pytest.fail(
                f"{path.name}: {key!r} came out at {value:.3f}, "
                f"and was kept as {low:.3f} to {high:.3f}."
            )
    return result


def fingerprint(patterns):
    """Hash the files that the patterns (from the project's root) stand for.

    Python counts as what it does: a comment, a docstring or a line break changes
    nothing.
    """
    total = hashlib.sha256()
    for pattern in sorted(patterns):
        files = sorted(path for path in ROOT.glob(pattern) if path.is_file())
        if not files:
            pytest.fail(f"A claim rests on {pattern}, and there is no such file.")
        for path in files:
            total.update(path.relative_to(ROOT).as_posix().encode())
            code = path.suffix == ".py"
            total.update(_meaning(path).encode() if code else path.read_bytes())
    return total.hexdigest()


def _meaning(path):
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body:
            continue
        first = body[0]
        text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if text and isinstance(first.value.value, str):
            body.pop(0)
    return ast.dump(tree)
