"""The fixture ``claim`` and the option ``--renew``; see keeping.py."""

import functools

import keeping
import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--renew", action="store_true", help="measure all kept claims again"
    )


@pytest.fixture(scope="session")
def claim(request):
    """Give ``claim(name, measure)``, which is `keeping.look_up`, once a session."""
    renew = request.config.getoption("--renew")
    return functools.cache(functools.partial(keeping.look_up, renew=renew))
