"""Unpacks the file tree of stacked layers, without root and without a container."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from packager.errors import PackageError
from packager.tar_reader import TarReader, extract_member, plain_tar

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
MAX_LINK_STEPS = 200


def unpack_layers(layers: Iterable[Path], root: Path) -> Path:
    """Unpack layers over each other into the new folder ``root`` and apply their whiteouts.

    Links in the path of a member are resolved as in a container, never outside ``root``. The
    current user can read every file and folder, and write every folder.
    """
    root.mkdir()
    for layer in layers:
        with layer.open("rb") as file:
            reader = TarReader(file, plain_tar(f"layer {layer.name}"))
            members = [member for member in reader if not member.isdev()]
            # A whiteout hides files of lower layers only, never those of its own layer.
            for member in members:
                _obey_whiteout(root, PurePosixPath(member.name))
            for member in members:
                if not PurePosixPath(member.name).name.startswith(WHITEOUT):
                    _extract(reader, member, root)
    return root


def find_python(resolve: Callable[[str], str | None], env: Iterable[str]) -> str:
    """The absolute path of the ``python3`` on the PATH of ``env``.

    ``resolve`` returns the path of the file that a name leads to, as ``resolve_inside`` does.
    """
    paths = next((e[5:] for e in env if e.startswith("PATH=")), "/usr/local/bin:/usr/bin:/bin")
    for folder in paths.split(":"):
        program = resolve(f"{folder}/python3")
        if program is not None:
            return program
    raise PackageError(
        f"base: expected python3 on its PATH ({paths}), got none", "choose a base with Python"
    )


def resolve_inside(root: Path, name: str) -> str | None:
    """The absolute path, inside ``root``, of the file that ``name`` resolves to; None if none."""
    target = _follow(root, name)
    return str(target) if target and (root / str(target).lstrip("/")).is_file() else None


def _follow(root: Path, name: str) -> PurePosixPath | None:
    """``follow`` with the links below ``root``."""

    def link(path: PurePosixPath) -> str | None:
        outside = root / str(path).lstrip("/")
        return os.readlink(outside) if outside.is_symlink() else None

    return follow(name, link)


def follow(name: str, link: Callable[[PurePosixPath], str | None]) -> PurePosixPath | None:
    """The path that ``name`` resolves to in a container; None for a link cycle.

    ``link`` is the target of a link, None for anything else. The path need not exist.
    """
    todo, path = [part for part in name.split("/") if part and part != "."], PurePosixPath("/")
    for _ in range(MAX_LINK_STEPS):
        if not todo:
            return path
        part = todo.pop(0)
        here = path.parent if part == ".." else path / part
        target = link(here)
        if target is None:
            path = here
        else:
            todo = [p for p in target.split("/") if p and p != "."] + todo
            path = PurePosixPath("/") if target.startswith("/") else path
    return None


def _placed(root: Path, path: PurePosixPath) -> PurePosixPath:
    """``path`` relative to ``root`` with its parents' links resolved, not its own."""
    above = _follow(root, str(path.parent))
    if above is None or path.name in ("", ".."):
        raise PackageError(
            f"layer: {path} is a dangling link", "the image is damaged: pull it again"
        )
    return (above / path.name).relative_to("/")


def _extract(reader: TarReader, member: tarfile.TarInfo, root: Path) -> None:
    path = PurePosixPath(member.name)
    if str(path) in (".", "/"):
        return
    there = root / _placed(root, path)
    target = root / _placed(root, PurePosixPath(member.linkname)) if member.islnk() else None
    member.mode |= 0o700 if member.isdir() else 0o400
    if there.is_symlink() or (there.exists() and not (there.is_dir() and member.isdir())):
        _remove(there)
    there.parent.mkdir(parents=True, exist_ok=True)
    try:
        extract_member(reader, member, there, target)
    except OSError as error:
        raise reader.refusal(f"{member.name!r}: {error.strerror}") from error


def _obey_whiteout(root: Path, path: PurePosixPath) -> None:
    if not path.name.startswith(WHITEOUT):
        return
    if path.name == OPAQUE:
        folder = root / _placed(root, path).parent
        for hidden in list(folder.iterdir()) if folder.is_dir() else ():
            _remove(hidden)
    else:
        _remove(root / _placed(root, path.with_name(path.name.removeprefix(WHITEOUT))))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
