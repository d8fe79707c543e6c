"""Builds sdist and wheel: from the tree, and again from the sdist alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from packager.digest import sha256_file


def build(tree: Path, target: Path, kind: str, epoch: str) -> Path:
    """Build ``sdist`` or ``wheel`` of a tree with the locked hatchling; ``epoch``: its times."""
    before = set(target.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", target],
        cwd=tree,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"error: hatchling: {done.stderr or done.stdout}")
    (made,) = set(target.iterdir()) - before
    return made


def built_twice(top: Path, work: Path, epoch: str) -> tuple[Path, Path]:
    """The sdist and the wheel; exits if another build, of the sdist, has other bytes."""
    folders = [work / name for name in ("first", "second", "unpacked")]
    for folder in folders:
        folder.mkdir(parents=True)
    first, second, unpacked = folders
    sdist, wheel = (build(top, first, kind, epoch) for kind in ("sdist", "wheel"))
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (tree,) = unpacked.iterdir()
    for made, kind in ((sdist, "sdist"), (wheel, "wheel")):
        again = build(tree, second, kind, epoch)
        if sha256_file(again) != sha256_file(made):
            sys.exit(f"error: two builds of {made.name} differ; the second was made of the sdist")
    return sdist, wheel


def names_in_sdist(path: Path) -> list[str]:
    """The files, without the folder that all are in."""
    with tarfile.open(path) as archive:
        return [member.name.partition("/")[2] for member in archive if member.isfile()]


def names_in_wheel(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def metadata_of(path: Path) -> bytes:
    """The METADATA of a wheel."""
    with zipfile.ZipFile(path) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return archive.read(name)
