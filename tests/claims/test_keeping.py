"""The looking-after of kept claims itself (see keeping.py)."""

import json

import keeping
import pytest

VALUE = 0.92


def measure(seed):
    return [{"what": "accuracy", "value": VALUE + 0.01 * (seed - 2)}]


def shifted(seed):
    return [{**row, "value": row["value"] - 0.2} for row in measure(seed)]


@pytest.fixture
def kept(tmp_path):
    keeping.look_up("claim", measure, renew=True, folder=tmp_path)
    return tmp_path


def test_all_seeds_are_kept_and_a_repeated_one_passes(kept):
    table = keeping.look_up("claim", measure, folder=kept)
    assert table["seed"].tolist() == [0, 1, 2, 3, 4]
    assert table["value"].mean() == pytest.approx(VALUE)


def test_a_seed_outside_the_interval_fails(kept):
    with pytest.raises(AssertionError, match="0.7"):
        keeping.look_up("claim", shifted, folder=kept)


def test_a_stale_hash_fails(kept):
    path = kept / "claim.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "rests on": "other code"}))
    with pytest.raises(AssertionError, match="is stale: .* Run `make claims`"):
        keeping.look_up("claim", measure, folder=kept)


def test_a_missing_file_fails(tmp_path):
    with pytest.raises(AssertionError, match="is missing: run `make claims`"):
        keeping.look_up("claim", measure, folder=tmp_path)


def test_words_change_no_fingerprint_but_code_does(tmp_path):
    code = tmp_path / "a.py"
    code.write_text('"""Doc."""\ndef f():\n    """Doc."""\n    return 1\n')
    before = keeping.code(code)
    code.write_text('"""New."""\n# why\ndef f():\n    return 1\n')
    assert keeping.code(code) == before
    code.write_text("def f():\n    return 2\n")
    assert keeping.code(code) != before
