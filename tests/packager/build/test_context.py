"""What a build knows after its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from packager.build.context import BuildContext
from packager.environment.dependencies import Dependencies
from packager.manifest.manifest import Lock, Wheel
from packager.progress import NullProgress
from packager.runners.project import ProjectEnvironment


def wheel(name: str, *groups: Any) -> Wheel:
    filename = f"{name}-1.0-py3-none-any.whl"
    return Wheel(name=name, version="1.0", filename=filename, sha256="0" * 64, groups=groups)


def context(*wheels: Wheel) -> BuildContext:
    lock = Lock(python="3.11", platform="linux/amd64", base="none", wheels=wheels)
    environment = ProjectEnvironment(
        "linux/amd64", None, Dependencies(lock, cast(Any, None)), engine=None
    )
    absent = cast(Any, None)
    return BuildContext(absent, absent, environment, absent, Path(), NullProgress())


def test_without_compiled_trees_the_server_gets_nothing_for_them() -> None:
    made = context(wheel("numpy", "server"), wheel("treelite", "trees", "harness"))
    lock = made.serving(trees=False).environment.lock
    assert [(one.name, one.groups) for one in lock.wheels] == [
        ("numpy", ("server",)),
        ("treelite", ("harness",)),
    ]
    assert lock.wheels_of("trees") == []
    only = context(wheel("treelite", "trees")).serving(trees=False)
    assert only.environment.lock.wheels == ()


def test_with_compiled_trees_nothing_changes() -> None:
    made = context(wheel("treelite", "trees"))
    assert made.serving(trees=True) is made
