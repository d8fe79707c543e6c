"""The folder that remembers downloads, layers, bases and unpacked environments."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs


def cache_directory(*parts: str) -> Path:
    """``MODEL_PACKAGER_CACHE`` or the user's cache folder; ``parts`` below it, made if absent."""
    top = os.environ.get("MODEL_PACKAGER_CACHE") or platformdirs.user_cache_dir("model-packager")
    path = Path(top).joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` that becomes ``path`` only if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
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
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
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
