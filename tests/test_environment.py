"""environment.yml and tests/colab.txt agree with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def environment():
    """Every line of environment.yml, those under ``pip:`` too."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))[
        "dependencies"
    ]
    nested = [line for part in lines if isinstance(part, dict) for line in part["pip"]]
    return [line for line in lines if isinstance(line, str)] + nested


def ranges(lines):
    return {one.name: one.specifier for one in map(Requirement, lines)}


def test_same_packages_in_the_same_ranges(project, environment):
    conda = ranges(line for line in environment if line not in ("pip", "-e ."))
    assert conda.pop("python") == SpecifierSet(project["requires-python"])
    assert conda == ranges(project["dependencies"])


def test_the_course_itself_is_installed(environment):
    assert "-e ." in environment


def test_one_comment_per_dependency():
    text = (ROOT / "environment.yml").read_text("utf-8")
    for line in text.partition("dependencies:")[2].splitlines():
        if line.strip() and line.strip() != "- pip:":
            assert re.search(r"\S\s+# \S", line), line


def test_every_range_has_a_lower_bound_and_no_pin(project):
    for name, wanted in ranges(project["dependencies"]).items():
        assert {part.operator for part in wanted} == {">="}, name


def test_the_versions_of_colab_are_within_the_ranges(project):
    wanted = ranges(project["dependencies"])
    colab = [
        line
        for line in (ROOT / "tests" / "colab.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    for name, pin in ranges(colab).items():
        for part in pin:
            lowest = Version(part.version.removesuffix(".*"))
            assert wanted[name].contains(lowest), f"{name} {lowest}"


def test_the_check_of_the_set_up_uses_the_same_pythons(project):
    from tlcourse.setup_check import PYTHON

    allowed = SpecifierSet(project["requires-python"])
    minors = [minor for minor in range(30) if allowed.contains(f"3.{minor}")]
    assert ((3, minors[0]), (3, minors[-1])) == PYTHON
