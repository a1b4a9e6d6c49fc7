"""A backbone and a small task for the tests of freezing, training and their cache."""

import pytest

import tlcourse as tl


@pytest.fixture(scope="session")
def backbone():
    return tl.backbones.load("mobilenet", source="glyphs")


@pytest.fixture(scope="session")
def task():
    return tl.datasets.load("faces", per_class=5)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
