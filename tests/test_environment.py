"""environment.yml and tests/colab.txt agree with pyproject.toml."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.helpers import ROOT
from tlcourse.setup_check import PYTHON


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def ranges(lines):
    return {one.name: one.specifier for one in map(Requirement, lines)}


def extras(project):
    """What lessons need besides; a learner who has conda gets all of it."""
    return [
        one
        for name in ("text", "games")
        for one in project["optional-dependencies"][name]
    ]


def test_the_course_and_the_same_packages_in_the_same_ranges(project):
    lines = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    *conda, pip = lines["dependencies"]
    environment = [*conda, *pip["pip"]]
    assert "-e ." in environment
    python, *rest = environment
    # repo2docker, which Binder uses, reads one version and no range.
    chosen = re.fullmatch(r"python =(\d+\.\d+)", python)[1]
    assert SpecifierSet(project["requires-python"]).contains(chosen)
    conda = ranges(line for line in rest if line not in ("pip", "-e ."))
    assert conda == ranges(project["dependencies"] + extras(project))


def test_one_comment_per_dependency():
    text = (ROOT / "environment.yml").read_text("utf-8")
    for line in text.partition("dependencies:")[2].splitlines():
        if line.strip() and line.strip() != "- pip:":
            assert re.search(r"\S\s+# \S", line), line


def test_every_range_has_a_lower_bound_and_no_pin(project):
    for name, wanted in ranges(project["dependencies"] + extras(project)).items():
        assert {part.operator for part in wanted} == {">="}, name


def test_the_versions_of_colab_are_within_the_ranges(project):
    wanted = ranges(project["dependencies"])
    lines = (ROOT / "tests" / "colab.txt").read_text("utf-8").splitlines()
    colab = ranges(line for line in lines if line and not line.startswith("#"))
    for name, pin in colab.items():
        for part in pin:
            lowest = Version(part.version.removesuffix(".*"))
            assert wanted[name].contains(lowest), f"{name} {lowest}"


def test_the_check_of_the_set_up_uses_the_same_pythons(project):
    allowed = SpecifierSet(project["requires-python"])
    minors = [minor for minor in range(30) if allowed.contains(f"3.{minor}")]
    assert ((3, minors[0]), (3, minors[-1])) == PYTHON
