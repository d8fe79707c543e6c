"""Builds for several platforms that can't be are refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import LOCK, TARGET, write_project
from registries import docker_config, registry
from registry_packages import pushed
from tiny_bases import ENV, MINOR, tiny_base

from packager.build.context import BuildOptions
from packager.build.platforms import check_output, other_environments, platform_base
from packager.environment.dependencies import Dependencies
from packager.environment.lock import FILENAME, LockFile, PlatformLock, write_lock
from packager.errors import PackageError, UsageError
from packager.image.base.base import find_base
from packager.image.export import Destination
from packager.progress import NullProgress
from packager.project.config import Project, load_project
from packager.project.files import list_files
from packager.runners.project import ProjectEnvironment, resolve_platform

BOTH = "[image]\nplatforms = ['linux/amd64', 'linux/arm64']\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = write_project(tmp_path / "shop")
    (folder / "package.toml").open("a").write(BOTH)
    return load_project(folder)


def test_a_file_for_docker_load_and_a_dockerfile_hold_one_platform(project: Project):
    check_output(project, Destination.parse("oci:image"), "assemble")
    check_output(project, Destination.parse("docker"), "assemble")
    with pytest.raises(UsageError) as caught:
        check_output(project, Destination.parse("docker-archive:image.tar"), "assemble")
    assert caught.value.message == (
        "--output docker-archive: expected one platform, which is all that such a file holds, got "
        "linux/amd64, linux/arm64"
    )
    assert "--output oci:DIR" in caught.value.hint
    with pytest.raises(UsageError, match="--builder docker: expected one platform"):
        check_output(project, Destination.parse("docker"), "docker")


def test_the_platform_that_trains_has_to_be_among_them(project: Project):
    image = project.image.model_copy(update={"platforms": ("linux/riscv64",)})
    with pytest.raises(PackageError) as caught:
        resolve_platform(project.model_copy(update={"image": image}), None)
    assert "because the model is trained on this machine, got linux/riscv64" in caught.value.message


def test_a_platform_without_a_base_is_named_with_what_makes_one(project: Project, cache: Path):
    assert cache
    locked = LockFile(inputs="", python=TARGET.python, platform=TARGET.platform, wheels=())
    native = ProjectEnvironment("linux/amd64", None, Dependencies(LOCK, locked), None)
    with pytest.raises(PackageError) as caught:
        other_environments(project, list_files(project, ()), native, NullProgress(), BuildOptions())
    assert caught.value.message == (
        "base python:3.11-slim-bookworm: expected it for linux/arm64 in the cache, got none"
    )
    assert "package base --platform linux/arm64" in caught.value.hint


@pytest.mark.slow
def test_the_lock_decides_for_each_platform_where_a_tag_has_moved(
    project: Project, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    assert cache
    monkeypatch.setenv("DOCKER_CONFIG", docker_config(tmp_path / "docker", {}))
    with registry(tmp_path / "registry") as running:
        place = f"{running.host}/python:3-slim"
        pushed(place, tiny_base(tmp_path / "old", platform="linux/arm64"))
        first, here = find_base(place, "linux/arm64", None), PlatformLock(inputs="", wheels=())
        assert first is not None
        assert first.saved.digest is not None
        pinned = {"bases": (first.locked,), "base_digests": {place: first.saved.digest}}
        lock = LockFile(
            inputs="",
            python=MINOR,
            platform="linux/amd64",
            wheels=(),
            platforms={"linux/arm64": here.model_copy(update=pinned)},
        )
        write_lock(lock, project.directory / FILENAME)
        changed = tiny_base(tmp_path / "new", platform="linux/arm64", Env=[*ENV, "NEW=1"])
        pushed(place, changed)
        dependencies = Dependencies(LOCK.model_copy(update={"python": MINOR}), lock)
        native = ProjectEnvironment("linux/amd64", first, dependencies, None)
        wanted = (project, native, "linux/arm64", NullProgress())
        assert platform_base(*wanted, BuildOptions(base=place)).saved == first.saved
        moved = platform_base(*wanted, BuildOptions(base=place, upgrade=True)).saved
        assert moved.env[-1] == "NEW=1"
