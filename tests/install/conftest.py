"""The wheel, for all tests of the installation."""

import sys

import pytest

from tests.helpers import ROOT, run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel, built from the source archive, as for a release."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built
