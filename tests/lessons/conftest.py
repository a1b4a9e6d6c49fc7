"""What tests of lessons share."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """On matrices this small, threads only wait for one another: six times slower."""
    with threadpool_limits(1):
        yield
