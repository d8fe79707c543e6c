"""The context of a build after its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from host_samples import LOCK, RecordedProgress

from packager.build.context import BuildContext
from packager.environment.dependencies import Dependencies
from packager.manifest.manifest import Group, Lock, Wheel
from packager.runners.project import ProjectEnvironment


def wheel(name: str, *groups: Group) -> Wheel:
    filename = f"{name}-1.0-py3-none-any.whl"
    return Wheel(name=name, version="1.0", filename=filename, sha256="0" * 64, groups=groups)


def context(tmp_path: Path, lock: Lock) -> BuildContext:
    unused: Any = None
    environment = ProjectEnvironment("linux/amd64", None, Dependencies(lock, unused), None)
    return BuildContext(unused, unused, environment, unused, tmp_path, RecordedProgress())


def test_the_served_image_has_what_trees_need_only_if_trees_were_compiled(tmp_path: Path) -> None:
    wheels = (wheel("both", "server", "trees"), wheel("trees", "trees"), wheel("own", "model"))
    whole = context(tmp_path, LOCK.model_copy(update={"wheels": wheels}))
    assert whole.serving(trees=True) is whole
    lock = whole.serving(trees=False).environment.lock
    assert [(w.name, w.groups) for w in lock.wheels] == [("both", ("server",)), ("own", ("model",))]
    assert whole.environment.lock.wheels == wheels
