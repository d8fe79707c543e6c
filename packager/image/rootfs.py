"""The file tree of stacked layers, unpacked without root and without a container."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from packager.errors import PackageError


def unpack_layers(layers: Iterable[Path], root: Path) -> Path:
    """Unpack layers over each other into the new folder ``root``; whiteouts are obeyed."""
    root.mkdir()
    for layer in layers:
        with tarfile.open(layer) as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.name.startswith(".wh."):
                    _remove(root / path.parent / path.name.removeprefix(".wh."))
                elif not member.isdev():
                    _remove_unless_folder(root / path, member)
                    tar.extract(member, root, filter="tar")
    return root


def find_python(root: Path, env: Iterable[str]) -> str:
    """The absolute path, inside ``root``, of the ``python3`` on the PATH of ``env``."""
    paths = next((e[5:] for e in env if e.startswith("PATH=")), "/usr/local/bin:/usr/bin:/bin")
    for folder in paths.split(":"):
        found = resolve_inside(root, f"{folder}/python3")
        if found is not None:
            return found
    raise PackageError(
        f"base: expected python3 on its PATH ({paths}), got none", "choose a base with Python"
    )


def resolve_inside(root: Path, name: str) -> str | None:
    """The absolute path, inside ``root``, of the file ``name`` leads to; None if there is none."""
    todo, place = [part for part in name.split("/") if part], PurePosixPath("/")
    for _ in range(200):
        if not todo:
            return str(place) if (root / str(place).lstrip("/")).is_file() else None
        part = todo.pop(0)
        here = place.parent if part == ".." else place / part
        outside = root / str(here).lstrip("/")
        if outside.is_symlink():
            link = os.readlink(outside)
            todo = [p for p in link.split("/") if p and p != "."] + todo
            place = PurePosixPath("/") if link.startswith("/") else place
        else:
            place = here
    return None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_unless_folder(path: Path, member: tarfile.TarInfo) -> None:
    both_folders = path.is_dir() and not path.is_symlink() and member.isdir()
    if (path.exists() or path.is_symlink()) and not both_folders:
        link_to_folder = path.is_symlink() and member.isdir()
        if not link_to_folder:
            _remove(path)
