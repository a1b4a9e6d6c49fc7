"""What many tests share: a backbone, a small task, a cache of their own, evidence."""

import functools

import numpy as np
import pytest

import tlcourse as tl
from tests.evidence import is_due, look_up
from tests.helpers import Kernel, load_backbone, short_backbone
from tlcourse.resources import cache_folder

# Files and lessons that take longest, the longest first.
HEAVIEST = (
    "lessons/test_exercises.py",
    "choosing/test_claims_sources.py",
    "few_labels/test_claims.py",
    "tests/test_adaptation.py",
    "tests/test_unsupervised.py",
    "tests/test_own_pictures.py",
    "tests/test_images.py",
    "tests/test_precision.py",
    "tests/test_machines.py",
    "notebooks/10_",
    "notebooks/09_",
    "notebooks/01_",
    "notebooks/03_",
    "notebooks/04_",
    "notebooks/06_",
    "notebooks/11_",
    "notebooks/08_",
    "browser/test_lessons_in_lab.py",
)


def pytest_collection_modifyitems(items):
    """Begin with what takes longest: no process is left with it at the end."""

    def turn(item):
        named = [place for place, name in enumerate(HEAVIEST) if name in item.nodeid]
        return min(named, default=len(HEAVIEST))

    items.sort(key=turn)


def pytest_addoption(parser):
    parser.addoption("--renew", action="store_true", help="measure all evidence again")
    parser.addoption(
        "--repeat-all", action="store_true", help="repeat a seed of all evidence"
    )
    parser.addoption("--restamp", metavar="COMMIT", help="see tests/evidence.py")


@pytest.fixture(scope="session")
def evidence(request):
    """Give ``evidence(name, measure)``, which is `look_up`, once a session."""
    options = {name: request.config.getoption(name) for name in ("renew", "restamp")}
    repeat_all = request.config.getoption("repeat_all")

    @functools.cache
    def look_up_when_due(name, measure, parts=None):
        repeat = repeat_all or is_due(name)
        return look_up(name, measure, parts=parts, repeat=repeat, **options)

    return look_up_when_due


@pytest.fixture(scope="session")
def backbone():
    return load_backbone("glyphs")


@pytest.fixture(scope="session")
def short():
    return short_backbone()


@pytest.fixture(scope="session")
def task():
    return tl.datasets.load("faces", per_class=5)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache, but for the language models.

    Those are 170 MB, and checked by their checksums whenever they are read.
    """
    cache, models = tmp_path_factory.mktemp("cache"), cache_folder("language")
    models.mkdir(parents=True, exist_ok=True)
    (cache / "language").symlink_to(models, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLCOURSE_CACHE", str(cache))
        yield


@pytest.fixture(autouse=True, scope="session")
def own_record(tmp_path_factory):
    """What tests check and answer does not count as the user's own work."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("record") / "learner.json"
        patch.setenv("TLCOURSE_RECORD", str(path))
        yield


@pytest.fixture
def runs(monkeypatch):
    """What runs through backbones: from which block, to which, and how many images."""
    told, run = [], tl.backbones.Backbone.run

    def spy(self, inputs, after="images", until="features", make=np.empty):
        told.append((after, until, len(inputs)))
        return run(self, inputs, after, until, make)

    monkeypatch.setattr(tl.backbones.Backbone, "run", spy)
    return told


@pytest.fixture(scope="module")
def kernel():
    """A real kernel, one for a module's tests."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
