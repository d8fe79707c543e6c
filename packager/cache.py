"""The folder that remembers downloads, layers, bases and unpacked environments."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from packager.errors import PackageError, UsageError
from packager.lease import is_released, lease

# Work folders are left out: a build removes its own.
EVICTABLE = ("layers", "environments", "wheels", "bases", "checks", "trained")
IN_USE_SECONDS = 3600


def cache_directory(*parts: str) -> Path:
    """``MODEL_PACKAGER_CACHE`` or the user's cache folder; ``parts`` below it, made if absent."""
    top = os.environ.get("MODEL_PACKAGER_CACHE") or platformdirs.user_cache_dir("model-packager")
    path = Path(top).joinpath(*parts)
    with writing(path):
        if not Path(top).exists():
            # What lies there is believed, and run in containers: it is this user's alone.
            Path(top).parent.mkdir(parents=True, exist_ok=True)
            Path(top).mkdir(mode=0o700, exist_ok=True)
        path.mkdir(parents=True, exist_ok=True)
    _refuse_others(Path(top))
    return path


def _refuse_others(top: Path) -> None:
    """Raise ``UsageError`` for a cache that another user owns, or any user may write to."""
    if sys.platform == "win32":
        return
    found = top.stat()
    if found.st_uid not in (os.geteuid(), 0) or found.st_mode & stat.S_IWOTH:
        whose = f"user {found.st_uid}'s, mode {stat.S_IMODE(found.st_mode):o}"
        raise UsageError(
            f"{top}: expected a cache that this user owns and others can't write to, got {whose}",
            f"`chmod o-w {top}`, or name another folder with MODEL_PACKAGER_CACHE",
        )


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
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
def atomic_directory(path: Path, *, replace: bool = False) -> Iterator[Path]:
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


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A folder for the time of the block; what killed processes left of theirs goes first."""
    top = cache_directory("work")
    for left in top.iterdir():
        if is_stale(left.name.partition("-")[2].rpartition("-")[0]):
            shutil.rmtree(left, ignore_errors=True)  # another process may be sweeping too
    # The process id is for people who look.
    with tempfile.TemporaryDirectory(dir=top, prefix=f"{os.getpid()}-{process_id()}-") as name:
        yield Path(name)


def process_id() -> str:
    """What this process calls itself in the names of temporary things, here and in an engine."""
    return lease(cache_directory("leases"))


def is_stale(name: str) -> bool:
    """Whether ``name`` is the owner of a temporary thing, used this cache, and runs no more."""
    return is_released(cache_directory("leases"), name)


def touch(path: Path) -> None:
    """Note that something in the cache was of use just now."""
    os.utime(path)


def evict(limit: int, *, now: float | None = None) -> int:
    """Remove what was of no use longest until the cache holds ``limit`` bytes; bytes removed.

    Nothing that was used within the last hour goes: another build may be reading it. A named
    base is the user's own and stays. Names that begin with a dot are what a kill left behind.
    """
    moment = time.time() if now is None else now
    entries = [entry for kind in EVICTABLE for entry in _entries(cache_directory(kind))]
    total, removed = sum(size for _, _, size in entries), 0
    for when, path, size in sorted(entries):
        if total - removed <= limit or moment - when < IN_USE_SECONDS:
            break
        if path.is_dir():
            with contextlib.suppress(FileNotFoundError):  # another build removes it too
                shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
            for beside in (".json", ".elf.json"):
                path.with_suffix(beside).unlink(missing_ok=True)
        removed += size
    return removed


def cache_limit() -> int:
    """``MODEL_PACKAGER_CACHE_GB`` in bytes; 30 GB unless set."""
    text = os.environ.get("MODEL_PACKAGER_CACHE_GB") or "30"
    try:
        return int(float(text) * 1e9)
    except ValueError as error:
        raise UsageError(
            f"MODEL_PACKAGER_CACHE_GB: expected a number, got {text!r}", "unset it for 30"
        ) from error


def _entries(folder: Path) -> Iterator[tuple[float, Path, int]]:
    """(last use, path, bytes) of every layer, wheel or environment in ``folder``."""
    for path in folder.iterdir():
        if path.suffix == ".json" or path.name.startswith("named-"):
            continue
        files = path.rglob("*") if path.is_dir() else (path,)
        try:
            size = sum(file.lstat().st_size for file in files)
            found = (path.stat().st_mtime, path, size)
        except FileNotFoundError:  # another build has renamed or removed it meanwhile
            continue
        yield found


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
