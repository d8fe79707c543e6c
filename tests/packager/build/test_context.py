"""What the context of a build becomes after the training."""

from __future__ import annotations

from pathlib import Path

from host_samples import LOCK, write_project

from packager.build.context import BuildContext
from packager.environment.dependencies import Dependencies
from packager.environment.lock import LockFile
from packager.image.stack import Stack
from packager.manifest.manifest import Wheel
from packager.progress import Silent
from packager.project.config import load_project
from packager.project.files import read_files
from packager.runners.project import ProjectEnvironment


def test_the_lock_of_a_server_without_trees_has_no_wheels_for_them(tmp_path: Path) -> None:
    wheels = tuple(
        Wheel(name=name, version="1", filename=f"{name}-1.whl", sha256=digit * 64, groups=(name,))
        for name, digit in (("model", "0"), ("trees", "1"))
    )
    lock = LOCK.model_copy(update={"wheels": wheels})
    file = LockFile(inputs="", python=LOCK.python, platform=LOCK.platform, bases=(), wheels=())
    environment = ProjectEnvironment(LOCK.platform, None, Dependencies(lock, file), None)
    project = load_project(write_project(tmp_path))
    stack = Stack((), (), (), (), "0" * 64)
    files = read_files(project)
    context = BuildContext(project, files, environment, stack, tmp_path, Silent())
    assert context.serving(trees=True) == context
    left = context.serving(trees=False).environment
    assert [wheel.name for wheel in left.lock.wheels] == ["model"]
    assert left.dependencies.file == file
