"""The shipped lock is complete and is what pyproject.toml asks for; nothing is resolved here."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from packager.environment.platform import WheelTarget
from packager.environment.shipped import (
    PLATFORMS,
    PYTHONS,
    ShippedGroup,
    ShippedPackage,
    check_python,
    shipped_lock,
    shipped_wheels,
)
from packager.errors import PackageError
from packager.image.runtime import serving_runtime

TOP = Path(__file__).parents[3]
EXTRAS = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
TESTED = (TOP / "requirements-dev.lock").read_text(encoding="utf-8")
OWN = {"modelhost", "packager", "serving", "monitoring"}
GROUPS: tuple[ShippedGroup, ...] = ("server", "grpc", "trees", "harness", "parquet")
TARGETS = [WheelTarget(python, platform, (2, 36)) for python in PYTHONS for platform in PLATFORMS]


def packages_of(group: ShippedGroup) -> Iterator[ShippedPackage]:
    return (package for package in shipped_lock().packages if group in package.groups)


@pytest.mark.parametrize("group", GROUPS)
def test_it_was_resolved_from_what_the_project_asks_for(group: ShippedGroup) -> None:
    assert list(shipped_lock().requirements[group]) == EXTRAS[group], "run `make lock-server`"


@pytest.mark.parametrize("group", GROUPS)
def test_its_versions_are_within_the_bounds(group: ShippedGroup) -> None:
    for line in EXTRAS[group]:
        asked = Requirement(line)
        found = [one for one in packages_of(group) if one.name == canonicalize_name(asked.name)]
        assert found, line
        assert [one.version for one in found if one.version not in asked.specifier] == []


def test_its_versions_are_the_tested_ones() -> None:
    tested = set(re.findall(r"^([\w.-]+)==([^\s\\;]+)", TESTED, re.M))
    locked = {(package.name, package.version) for package in shipped_lock().packages}
    assert locked - tested == set(), "run `make lock-server`"


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: f"{one.python} {one.platform}")
def test_every_package_has_one_wheel_for_every_target(target: WheelTarget) -> None:
    for group in GROUPS:
        chosen = shipped_wheels([group], target, "base x")
        names = [wheel.name for wheel in chosen]
        assert len(names) == len(set(names))
        for wheel in chosen:
            name, version, _, tags = parse_wheel_filename(wheel.filename)
            assert (name, str(version)) == (wheel.name, wheel.version)
            assert wheel.groups == (group,)
            assert tags & target.tags.keys()
            assert re.fullmatch(r"[0-9a-f]{64}", wheel.sha256)


def test_the_server_has_no_data_libraries_and_trees_bring_none() -> None:
    served = {package.name for group in ("server", "trees") for package in packages_of(group)}
    assert served & {"pandas", "scipy", "scikit-learn", "joblib", "pyarrow"} == set()
    assert {package.name for package in packages_of("trees")} == {"treelite"}
    assert {package.name for package in packages_of("grpc")} == {"hpack", "protobuf"}
    assert {package.name for package in packages_of("parquet")} == {"pyarrow"}
    assert {"numpy", "packaging"} <= served, "what treelite imports"


@pytest.mark.parametrize(
    ("python", "said"), [("3.8", "old"), ("3.10", "old"), ("3.14", "new"), ("4.0", "new")]
)
def test_a_base_with_another_python_is_refused_by_name(python: str, said: str) -> None:
    with pytest.raises(PackageError) as caught:
        check_python(WheelTarget(python, "linux/amd64", (2, 36)), "base shop:1")
    assert caught.value.message == (
        "base shop:1: expected Python 3.11 to 3.13, which the server has wheels for, "
        f"got {python}, which is too {said}"
    )
    assert "package base --release bookworm" in caught.value.hint


def test_a_base_with_an_old_glibc_is_refused_with_package_and_version() -> None:
    with pytest.raises(PackageError, match=r"base old:1: the server needs \S+ \S+, which has no"):
        shipped_wheels(["server"], WheelTarget("3.11", "linux/amd64", (2, 5)), "base old:1")


FRAMES = {"pandas"}
"""What functions import that take data frames: only the harness has any, and calls them."""


@pytest.mark.slow
def test_what_serves_imports_what_the_servers_groups_contain() -> None:
    locked = {one.name for group in ("server", "grpc", "trees") for one in packages_of(group)}
    distributions = packages_distributions()
    foreign = {
        name
        for file, path in serving_runtime().items()
        if file.endswith(".py") and not file.startswith("host/")  # the model's environment has it
        for name in imported(path)
        if name not in sys.stdlib_module_names and name not in OWN
    }
    assert {"numpy", "pydantic", "uvicorn"} <= foreign
    missing = {
        name
        for name in foreign - FRAMES
        if not {str(canonicalize_name(one)) for one in distributions.get(name, ())} & locked
    }
    assert missing == set()


def imported(path: Path) -> Iterator[str]:
    """Top-level names of the modules that a file imports anywhere, except for types only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]
