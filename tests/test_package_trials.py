"""Builds that are killed or fill the disk leave nothing half-written; the next one succeeds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import NO_ENGINE, Package, forget_trainings, killed_at, left_behind, package
from long_cases import long

from packager.cache import cache_directory
from packager.engine.engine import Engine


def copy_of(project: Path, folder: Path) -> Path:
    shutil.copytree(project, folder / "project")
    return folder / "project"


@pytest.mark.parametrize(
    "steps", long(["• training"], ["making layers", "• training", "writing oci"])
)
def test_after_builds_were_killed_the_next_one_is_right_and_leaves_nothing(
    local_package: Package, tmp_path: Path, steps: list[str]
) -> None:
    project, image = copy_of(local_package.project, tmp_path), tmp_path / "out" / "image"
    image.parent.mkdir()
    before = sorted(project.rglob("*"))
    build = [project, "--output", f"oci:{image}"]
    forget_trainings("process")
    for step in steps:
        killed_at(step, *build, env=NO_ENGINE)
        assert not image.exists()
        assert sorted(project.rglob("*")) == before
    done = package("build", *build, "--json", env=NO_ENGINE)
    assert done.json == local_package.built
    assert left_behind(done) == []


@pytest.mark.engine
def test_the_build_after_a_killed_one_is_right_and_removes_its_leftovers(
    engine: Engine, engine_package: Package, base: str, tmp_path: Path
) -> None:
    project = copy_of(engine_package.project, tmp_path)
    forget_trainings("container")
    killed_at("starting the image", project, "--base", base, env={})
    assert [tag for tag in engine.tags() if tag.startswith("model-packager-")]
    done = package("build", project, "--base", base, "--json")
    assert done.json == engine_package.built
    assert not [tag for tag in engine.tags() if tag.startswith("model-packager-")]


@contextmanager
def disk(place: Path, size: str) -> Iterator[Path]:
    """``place`` as a file system of ``size``."""
    place.mkdir()
    if sys.platform != "linux" or os.getuid():
        pytest.skip("only root can make a small file system, on Linux")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", place]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_an_output_that_is_full_is_one_error_and_leaves_nothing(
    local_package: Package, tmp_path: Path
) -> None:
    project = copy_of(local_package.project, tmp_path)
    before = sorted(project.rglob("*"))
    with disk(tmp_path / "full", "40m") as full:
        done = package("build", project, "--output", f"oci:{full / 'image'}", env=NO_ENGINE)
        assert (done.code, done.out) == (1, "")
        assert "can't be written: No space left on device" in done.err
        assert "the disk has room" in done.err
        assert "Traceback" not in done.err
        assert list(full.iterdir()) == []
        assert sorted(project.rglob("*")) == before


def test_a_cache_that_is_full_is_one_error_and_holds_nothing_half(
    local_package: Package, tmp_path: Path
) -> None:
    project = copy_of(local_package.project, tmp_path)
    before = sorted(project.rglob("*"))
    with disk(tmp_path / "cache", "150m") as full:
        (full / "wheels").symlink_to(cache_directory("wheels"))
        env = {**NO_ENGINE, "MODEL_PACKAGER_CACHE": str(full)}
        done = package("build", project, "--output", f"oci:{tmp_path / 'image'}", env=env)
        assert (done.code, done.out) == (1, "")
        assert "No space left on device" in done.err
        assert "Traceback" not in done.err
        assert list((full / "work").iterdir()) == []
        assert not [path for path in (full / "layers").iterdir() if path.name.startswith(".")]
        assert sorted(project.rglob("*")) == before
        assert not (tmp_path / "image").exists()
