"""The folder that remembers downloads, layers, bases and unpacked environments."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from packager.errors import PackageError, UsageError


def cache_directory(*parts: str) -> Path:
    """``MODEL_PACKAGER_CACHE`` or the user's cache folder; ``parts`` below it, made if absent."""
    top = os.environ.get("MODEL_PACKAGER_CACHE") or platformdirs.user_cache_dir("model-packager")
    path = Path(top).joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` that becomes ``path`` only if the block succeeds."""
    if path.is_dir():
        raise UsageError(f"{path}: expected a file, got a folder", "name a file")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.")
        os.close(descriptor)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes files only their owner can read, whatever the umask.
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """A temporary folder beside ``path`` that becomes ``path`` only if the block succeeds.

    Where ``path`` exists by then it stays (another process was first), or with ``replace`` it is
    moved aside, and removed when the new one is in its place.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:60]}."))
        temporary.chmod(0o755)
        old = temporary.with_name(temporary.name + ".old")
        try:
            yield temporary
            if replace and path.exists():
                path.rename(old)
            if not path.exists():
                temporary.rename(path)
        finally:
            for leftover in (temporary, old):
                if leftover.exists():
                    shutil.rmtree(leftover)


def check_writable(path: Path) -> None:
    """Raise ``PackageError`` if nothing can be written at ``path``, before work is spent on it."""
    standing = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        why = "is a file" if standing.is_file() else "can't be written to"
        raise PackageError(
            f"{path}: can't be written: {standing} {why}",
            "name a place where you may write",
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system refuses while ``path`` is written into a ``PackageError``."""
    try:
        yield
    except OSError as error:
        raise PackageError(
            f"{path}: can't be written: {error.strerror or error}",
            "check that you may write there, and that the disk has room",
        ) from error
