"""The looking-after of kept evidence itself (see evidence.py)."""

import ast
import datetime
import functools
import json
import pathlib
import subprocess
import sys

import pytest

import tlcourse as tl
from tests import evidence, helpers
from tests.helpers import defined, interval

VALUE = 0.92


def measure(seed):
    return [{"what": "accuracy", "value": VALUE + 0.01 * (seed - 2)}]


def shifted(seed):
    return [{**row, "value": row["value"] - 0.2} for row in measure(seed)]


def unused(seed):
    return shifted(seed)


@pytest.fixture
def kept(tmp_path):
    evidence.look_up("lesson.claim", measure, renew=True, folder=tmp_path)
    return tmp_path


def of_part(seed, part):
    return [{**row, "part": part} for row in measure(seed)]


def shifted_later(seed, part):
    rows = of_part(seed, part)
    return rows if part == "first" else [{**rows[0], "value": VALUE - 0.2}]


def taught():
    return defined("pitfalls", "ece")


def helped(seed):
    return [{"value": interval([seed, seed + 1])[0]}]


def make_stale(folder):
    path = folder / "claim.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "rests on": "other code"}))


def test_all_seeds_are_kept_and_a_repeated_one_passes(kept):
    table = evidence.look_up("lesson.claim", measure, folder=kept)
    assert table["seed"].tolist() == [0, 1, 2, 3, 4]
    assert table["value"].mean() == pytest.approx(VALUE)


def test_a_seed_outside_the_interval_fails(kept):
    with pytest.raises(AssertionError, match="0.7"):
        evidence.look_up("lesson.claim", shifted, folder=kept, restamp="HEAD")


def test_where_no_repetition_is_due_a_fresh_table_is_read(kept, monkeypatch):
    monkeypatch.setattr(evidence, "fingerprint", lambda file, function: "the same")
    evidence.look_up("lesson.claim", measure, renew=True, folder=kept)
    evidence.look_up("lesson.claim", shifted, folder=kept, repeat=False)
    make_stale(kept)
    with pytest.raises(AssertionError, match="is stale"):
        evidence.look_up("lesson.claim", shifted, folder=kept, repeat=False)
    with pytest.raises(AssertionError, match="0.7"):  # a restamp repeats, always
        evidence.look_up(
            "lesson.claim", shifted, folder=kept, repeat=False, restamp="HEAD"
        )


def test_each_table_is_due_every_third_day_and_each_day_has_some():
    names = [name for name, _, _ in evidence.claims()]
    days = [datetime.date(2026, 12, 30) + datetime.timedelta(n) for n in range(6)]
    due = {day: {name for name in names if evidence.is_due(name, day)} for day in days}
    for three in (days[:3], days[3:]):
        assert sum(len(due[day]) for day in three) == len(names)
        assert set().union(*(due[day] for day in three)) == set(names)
        assert all(len(due[day]) > len(names) / 5 for day in three)


def test_a_stale_fingerprint_fails(kept):
    make_stale(kept)
    with pytest.raises(AssertionError, match="is stale: .* Run `make claims`"):
        evidence.look_up("lesson.claim", measure, folder=kept)


def test_only_what_was_fresh_is_restamped(kept, monkeypatch):
    make_stale(kept)
    monkeypatch.setattr(evidence, "_fresh_on", lambda commit: {"others"})
    with pytest.raises(AssertionError, match="was not fresh on HEAD"):
        evidence.look_up("lesson.claim", measure, folder=kept, restamp="HEAD")
    rows = json.loads((kept / "claim.json").read_text())["rows"]
    monkeypatch.setattr(evidence, "_fresh_on", lambda commit: {evidence._digest(rows)})
    evidence.look_up("lesson.claim", measure, folder=kept, restamp="HEAD")
    evidence.look_up("lesson.claim", measure, folder=kept)  # fresh, with the same rows
    assert json.loads((kept / "claim.json").read_text())["rows"] == rows


def test_of_parts_the_first_is_repeated_and_on_a_restamp_all(tmp_path, monkeypatch):
    look_up = functools.partial(
        evidence.look_up, "lesson.claim", parts=("first", "later"), folder=tmp_path
    )
    table = look_up(of_part, renew=True)
    assert table.groupby("part")["seed"].agg(list).tolist() == [[0, 1, 2, 3, 4]] * 2
    monkeypatch.setattr(evidence, "fingerprint", lambda file, function: "the same")
    look_up(of_part, renew=True)
    look_up(shifted_later)
    make_stale(tmp_path)
    with pytest.raises(AssertionError, match="0.72"):
        look_up(shifted_later, restamp="HEAD")


def test_a_missing_file_fails(tmp_path):
    with pytest.raises(AssertionError, match="is missing: run `make claims`"):
        evidence.look_up("lesson.claim", measure, folder=tmp_path)


def test_every_kept_file_has_a_claim_and_is_fresh():
    files = evidence.PACKAGE.glob("lessons/*/evidence/*.json")
    names = {f"{path.parts[-3]}.{path.stem}" for path in files}
    assert names == {name for name, _, _ in evidence.claims()}
    listed = subprocess.run(
        [sys.executable, evidence.__file__], capture_output=True, text=True, check=True
    )
    assert {line.split()[0] for line in listed.stdout.splitlines()} == names


def test_a_lesson_gets_its_evidence_as_a_tidy_table():
    table = tl.evidence("why.labels")
    assert {"strategy", "per_class", "seed", "value"} == {*table} - {"trainable"}
    assert sorted(table["seed"].unique()) == [*evidence.SEEDS]
    with pytest.raises(ValueError, match="no evidence 'why.pears'. There is across_"):
        tl.evidence("why.pears")


BEFORE = '''"""Doc."""
from tlcourse import study
def f(x: int) -> float:
    """Doc."""
    return study.probe(x)
def g():
    return 1
'''
NOTHING_NEW = [
    BEFORE.replace("Doc", "New"),
    BEFORE.replace(": int", "").replace(" -> float", ""),
    BEFORE.replace("import study", "import probes").replace("study.", "probes."),
    BEFORE.replace("from tlcourse import study", "from tlcourse.study import probe")
        .replace("study.probe", "probe"),
    "# why\n" + BEFORE,
]  # fmt: skip
OTHER_CODE = [BEFORE.replace("1", other) for other in ("2", "0", "False", "[]")]
OTHER_CODE += [BEFORE.replace("(x)", "(-x)")]


@pytest.mark.parametrize("after", [*NOTHING_NEW, *OTHER_CODE])
def test_code_alone_and_no_words_imports_and_moves_change_the_fingerprint(after):
    assert after != BEFORE
    same = evidence.definitions(after) == evidence.definitions(BEFORE)
    assert same == (after in NOTHING_NEW)


def test_of_a_test_module_only_what_measures_counts(tmp_path):
    file = tmp_path / "test_claims.py"
    with open(__file__) as own:
        code = own.read()

    def stamp(code, function):
        file.write_text(code)
        return evidence.fingerprint(file, function)

    other = code.replace("- 0.2", "- 0.3").replace("is stale", "was stale")
    assert stamp(code, "measure") == stamp(other, "measure")
    assert stamp(code, "unused") != stamp(other, "unused")
    changed = code.replace("VALUE = 0.92", "VALUE = 0.91")
    assert stamp(code, "unused") != stamp(changed, "unused")


def test_what_it_takes_from_helpers_and_lessons_counts(monkeypatch):
    def stamps():
        return [evidence.fingerprint(__file__, name) for name in ("taught", "helped")]

    before, lesson = stamps(), helpers.cells("pitfalls")
    assert stamps() == before
    changed = [cell.replace("bins=10", "bins=11") for cell in lesson]
    monkeypatch.setattr(helpers, "cells", lambda lesson: changed)
    assert [new == old for new, old in zip(stamps(), before, strict=True)] == [0, 1]
    monkeypatch.undo()

    def other(file):
        text = pathlib.Path(file).read_text()
        return ast.parse(text.replace("0.975", "0.95"))

    monkeypatch.setattr(evidence, "_read", other)
    assert [new == old for new, old in zip(stamps(), before, strict=True)] == [1, 0]


def test_a_module_that_has_moved_away_is_missed(tmp_path):
    file = tmp_path / "test_claims.py"
    file.write_text('RESTS_ON = ("adaptation/gone",)\ndef measure(seed): pass\n')
    with pytest.raises(AssertionError, match="No module adaptation/gone"):
        evidence.fingerprint(file, "measure")
