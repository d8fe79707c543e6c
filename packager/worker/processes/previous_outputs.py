"""Hide the files that a first training left behind from the second one.

A recipe that caches its model in the temporary folder would reuse it and seem repeatable to the
byte. A replay starts without such files; so must the second training of a build.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from modelhost.sandbox.network import isolation
from packager.errors import PackageError
from packager.model.paths import Root

Stamp = tuple[int, int] | None
"""Size in bytes and modification time in ns of a file; None for a folder."""
SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Snapshot:
    """The files in the folders that a recipe may write to, before it ran."""

    root: Path
    code: Path
    out: Path
    stamps: Mapping[Path, Stamp]

    def paths(self) -> list[Path]:
        """The watched folders, all below ``root``, none inside another."""
        roots = [self.code, Path(tempfile.gettempdir()), Path(os.environ.get("HOME") or self.code)]
        roots += [SHARED_MEMORY] if isolation() == "container" else []
        folders = sorted({path.resolve() for path in roots if path.is_dir()})
        folders = [path for path in folders if path.is_relative_to(self.root)]
        return [p for p in folders if not any(p != o and p.is_relative_to(o) for o in folders)]


def snapshot(root: Root, out: Path) -> Snapshot:
    """Record the files that exist now, except ``out``, the worker's own results."""
    empty = Snapshot(root.path.resolve(), root.code.resolve(), out.resolve(), {})
    return replace(empty, stamps=dict(_entries(empty)))


@contextmanager
def hide_new_files(before: Snapshot) -> Iterator[None]:
    """Move files that are new since ``before`` aside within the block.

    Raises ``PackageError`` if a file of the project was changed or removed.
    """
    now = dict(_entries(before))
    _check_project(before, now)
    moved: dict[Path, Path] = {}
    try:
        for path, target in _new(before, now):
            moved[path] = target / f".aside-{secrets.token_hex(8)}"
            path.rename(moved[path])
        yield
    finally:
        for path, aside in moved.items():
            _remove(path)  # the second training may have written it too
            aside.rename(path)


def _new(before: Snapshot, now: Mapping[Path, Stamp]) -> Iterator[tuple[Path, Path]]:
    """New paths, each with its watched folder; of a new folder, only the folder itself."""
    for target in before.paths():
        for path in now:
            inside = path.is_relative_to(target) and path not in before.stamps
            if inside and (path.parent == target or path.parent in before.stamps):
                yield path, target


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _entries(before: Snapshot) -> Iterator[tuple[Path, Stamp]]:
    for target in before.paths():
        for name, folders, files in os.walk(target):
            folder = Path(name)
            folders[:] = [inner for inner in folders if folder / inner != before.out]
            yield from ((folder / inner, None) for inner in folders)
            for inner in files:
                status = (folder / inner).lstat()
                yield folder / inner, (status.st_size, status.st_mtime_ns)


def _check_project(before: Snapshot, now: Mapping[Path, Stamp]) -> None:
    for path, stamp in before.stamps.items():
        if path.is_relative_to(before.code) and now.get(path, ()) != stamp:
            raise PackageError(
                f"the recipe changed {path.relative_to(before.code)}, a file of its own project",
                "write to the temporary folder: a replay starts from the project as it was",
            )
