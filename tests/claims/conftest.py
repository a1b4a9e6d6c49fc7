"""The fixture ``kept``; keeping.py says what it is for."""

from pathlib import Path

import pytest
from keeping import HERE, SEEDS, Kept, check, fingerprint, write

from tlcourse.progress import progress


def pytest_addoption(parser):
    parser.addoption(
        "--renew",
        action="store_true",
        help="train all seeds of every claim again and keep the results",
    )


@pytest.fixture
def kept(request):
    """Return a function that gives a claim's kept results, or renews them."""
    renew = request.config.getoption("renew", False)

    def look_after(name, score, rests_on, folder=HERE, seeds=SEEDS):
        path = Path(folder) / f"{name}.json"
        if renew:
            runs = [score(seed) for seed in progress(seeds, name)]
            write(path, name, list(seeds), runs, fingerprint(rests_on))
            return Kept(runs)
        return check(path, score, fingerprint(rests_on))

    return look_after
