"""Each dependency has an upper bound at the tested version, and tests for raising the bound."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (TOP / "requirements-dev.lock").read_text(encoding="utf-8")


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_newest", TOP / "scripts/newest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["_newest"] = module
    spec.loader.exec_module(module)
    return module


newest = _script()


@pytest.mark.parametrize("requirement", newest.requirements(PROJECT), ids=str)
def test_every_dependency_has_one_bound_below_and_one_above(requirement: Requirement) -> None:
    assert sorted(one.operator for one in requirement.specifier) == ["<", ">="]
    assert newest.lifted(requirement) == f"{requirement.name}>=" + next(
        one.version for one in requirement.specifier if one.operator == ">="
    )


@pytest.mark.parametrize("bound", newest.bounds(PROJECT, LOCK).values(), ids=lambda one: one.name)
def test_a_bound_stands_right_above_the_version_that_the_tests_meet(bound) -> None:
    assert bound.locked < bound.ceiling
    assert str(bound.ceiling) == bound.next(bound.locked)


def test_a_package_has_the_same_bounds_wherever_it_is_requested() -> None:
    said: dict[str, set[str]] = {}
    for requirement in newest.requirements(PROJECT):
        said.setdefault(requirement.name, set()).add(str(requirement.specifier))
    assert {name: found for name, found in said.items() if len(found) > 1} == {}


def test_every_dependency_has_tests_that_touch_it() -> None:
    assert set(newest.TESTS) == set(newest.bounds(PROJECT, LOCK))
    places = {place for tests in newest.TESTS.values() for place in tests}
    assert [place for place in sorted(places) if not (TOP / place).exists()] == []


@pytest.mark.parametrize(
    ("ceiling", "found", "passed", "said"),
    [
        ("0.55", "0.60.1", True, "passed: move the bound to <0.61"),
        ("0.55", "1.2", True, "passed: move the bound to <1.3"),
        ("8", "8.1.2", True, "passed: move the bound to <9"),
        ("0.55", "0.60.1", False, "failed: keep the bound"),
        ("0.55", "0.54.3", True, "passed: the bound allows it"),
        ("0.55", "0.54.3", False, "FAILED, and the bound allows it"),
        ("0.55", "0.54.3", None, "not tried"),
        ("0.55", "0.54.0", None, "the locked version"),
        ("0.55", "0.53", None, "older than the locked version"),
        ("0.55", "0.60", None, "not tried"),
    ],
)
def test_the_verdict_says_whether_the_bound_moves(
    ceiling: str, found: str, passed: bool | None, said: str
) -> None:
    bound = newest.Bound("uvicorn", Version(ceiling), Version("0.54.0"))
    assert bound.verdict(Version(found), passed) == said


def test_the_environment_of_the_tests_is_the_locked_one() -> None:
    """``make setup`` installs each line of the lock whose marker holds here."""
    lines = re.findall(r"^([\w.\[\]-]+==[^\\\n]+)", LOCK, re.MULTILINE)
    locked = [Requirement(line) for line in lines]
    assert len(locked) > 100
    other = {
        one.name: f"expected {one.specifier}, got {version(one.name)}"
        for one in locked
        if (one.marker is None or one.marker.evaluate())
        and not one.specifier.contains(version(one.name), prereleases=True)
    }
    assert other == {}
