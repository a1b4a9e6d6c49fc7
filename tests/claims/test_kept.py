"""The looking-after of kept results itself (see keeping.py)."""

import json

import keeping
import pytest
from keeping import Kept, fingerprint

REST = ["tlcourse/__init__.py"]


@pytest.fixture
def look_after(kept, tmp_path, request):
    if request.config.getoption("renew", False):
        pytest.skip("these are about a plain test run")
    record = {"hash": fingerprint(REST), "seeds": [0, 1, 2, 3, 4]}
    record["runs"] = [{"accuracy": 0.9 + 0.01 * seed} for seed in range(5)]
    path = tmp_path / "claim.json"
    path.write_text(json.dumps(record))
    look = lambda value: kept(  # noqa: E731
        "claim", lambda seed: {"accuracy": value}, REST, folder=tmp_path
    )
    look.path = path
    return look


def test_a_seed_within_the_interval_passes(look_after):
    result = look_after(0.93)
    assert result.mean("accuracy") == pytest.approx(0.92)
    low, high = result.interval("accuracy")
    assert low == pytest.approx(0.92 - 2.776 * 0.015811 / 5**0.5, abs=1e-4)
    assert 0.92 - low == pytest.approx(high - 0.92)


def test_a_seed_outside_fails(look_after):
    with pytest.raises(pytest.fail.Exception, match="came out at 0.700"):
        look_after(0.7)


def test_a_stale_hash_fails(look_after):
    record = json.loads(look_after.path.read_text())
    look_after.path.write_text(json.dumps({**record, "hash": "old"}))
    with pytest.raises(pytest.fail.Exception, match="have changed: run `make claims`"):
        look_after(0.93)


def test_a_missing_file_fails(look_after):
    look_after.path.unlink()
    with pytest.raises(pytest.fail.Exception, match="is missing: run `make claims`"):
        look_after(0.93)


def test_equal_scores_leave_room_for_rounding():
    low, high = Kept([{"a": 0.5}] * 5).expected("a")
    assert (low, high) == (pytest.approx(0.48), pytest.approx(0.52))


def test_a_comment_changes_no_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "ROOT", tmp_path)
    code = tmp_path / "a.py"
    code.write_text('"""Doc."""\ndef f():\n    """Doc."""\n    return 1\n')
    before = keeping.fingerprint(["*.py"])
    code.write_text('"""New."""\n# why\ndef f():\n    return 1\n')
    assert keeping.fingerprint(["*.py"]) == before
    code.write_text("def f():\n    return 2\n")
    assert keeping.fingerprint(["*.py"]) != before
