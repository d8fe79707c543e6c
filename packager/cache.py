"""The cache of downloads, layers, bases and unpacked environments, and atomic writes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.lease import is_released, lease

# Without ``work``, because a build removes its own work folder.
EVICTABLE = (
    "layers",
    "environments",
    "wheels",
    "builds",
    "bases",
    "checks",
    "trained",
    "proofs",
    "baselines",
    "cases",
    "listings",
    "summaries",
    "annotations",
    "pulls",
    "unpacked",
)
MEASURED_ONCE = ("environments", "bases")
"""Thousands of files each, written whole and never changed: their sizes are recorded."""
SIZES = "sizes.json"
IN_USE_SECONDS = 3600


def cache_directory(*parts: str) -> Path:
    """The folder ``parts`` below ``MODEL_PACKAGER_CACHE`` or the user's cache; created if absent.

    Raises ``UsageError`` if other users can write to the cache.
    """
    top = os.environ.get("MODEL_PACKAGER_CACHE") or platformdirs.user_cache_dir("model-packager")
    path = Path(top).joinpath(*parts)
    with writing(path):
        if not Path(top).exists():
            # The cache's content is trusted, so only this user may access it.
            Path(top).parent.mkdir(parents=True, exist_ok=True)
            Path(top).mkdir(mode=0o700, exist_ok=True)
        path.mkdir(parents=True, exist_ok=True)
    _refuse_others(Path(top))
    return path


def _refuse_others(top: Path) -> None:
    """Raise ``UsageError`` for a cache that another user owns or that is world-writable."""
    if sys.platform == "win32":
        return
    status = top.stat()
    if status.st_uid not in (os.geteuid(), 0) or status.st_mode & stat.S_IWOTH:
        whose = f"user {status.st_uid}'s, mode {stat.S_IMODE(status.st_mode):o}"
        raise UsageError(
            f"{top}: expected a cache that this user owns and others can't write to, got {whose}",
            f"`chmod o-w {top}`, or name another folder with MODEL_PACKAGER_CACHE",
        )


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary file next to ``path``, renamed to ``path`` if the block succeeds."""
    if path.is_dir():
        raise UsageError(f"{path}: expected a file, got a folder", "name a file")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.")
        os.close(descriptor)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes files that only their owner can read, independent of the umask.
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a temporary folder next to ``path``, renamed to ``path`` if the block succeeds.

    If ``path`` exists by then, it is kept (another process was first); with ``replace`` it is
    moved aside, and removed after the rename.
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
    """Yield a folder that is removed after the block; first removes those of killed processes."""
    top = cache_directory("work")
    for leftover in top.iterdir():
        if is_stale(leftover.name.partition("-")[2].rpartition("-")[0]):
            shutil.rmtree(leftover, ignore_errors=True)  # another process may be removing it, too
    # The pid is only for people who inspect the folder.
    with tempfile.TemporaryDirectory(dir=top, prefix=f"{os.getpid()}-{process_id()}-") as name:
        yield Path(name)


def process_id() -> str:
    """The id of this process in names of temporary files, containers and images: its lease."""
    return lease(cache_directory("leases"))


def is_stale(name: str) -> bool:
    """Whether ``name`` is the id of a process that used this cache and has ended."""
    return is_released(cache_directory("leases"), name)


def touch(path: Path) -> None:
    """Record that a cache entry was used just now."""
    os.utime(path)


def evict(limit: int, *, now: float | None = None) -> int:
    """Evict least recently used entries until the cache holds ``limit`` bytes.

    Returns the bytes removed. Entries used within the last hour are kept, because another build
    may be reading them. Named bases are the user's own and are kept. Names that start with a dot
    are leftovers of killed processes.
    """
    moment = time.time() if now is None else now
    sizes = _recorded_sizes()
    entries = [entry for kind in EVICTABLE for entry in _entries(cache_directory(kind), sizes)]
    _record_sizes(entries, sizes)
    total, removed = sum(size for _, _, size in entries), 0
    for when, path, size in sorted(entries):
        if total - removed <= limit or moment - when < IN_USE_SECONDS:
            break
        if path.is_dir():
            with contextlib.suppress(FileNotFoundError):  # another build removes it too
                shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
            for beside in (".json", ".contents.json"):
                path.with_suffix(beside).unlink(missing_ok=True)
        removed += size
    return removed


def cache_limit() -> int:
    """``MODEL_PACKAGER_CACHE_GB`` in bytes; the default is 30 GB."""
    text = os.environ.get("MODEL_PACKAGER_CACHE_GB") or "30"
    try:
        return int(float(text) * 1e9)
    except ValueError as error:
        raise UsageError(
            f"MODEL_PACKAGER_CACHE_GB: expected a number, got {text!r}", "unset it for 30"
        ) from error


def _entries(folder: Path, sizes: Mapping[str, int]) -> Iterator[tuple[float, Path, int]]:
    """(last use, path, bytes) of every layer, wheel or environment in ``folder``."""
    for path in folder.iterdir():
        if path.suffix == ".json" or path.name.startswith("named-"):
            continue
        try:
            known = sizes.get(f"{folder.name}/{path.name}")
            size = _measured(path) if known is None else known
            entry = (path.stat().st_mtime, path, size)
        except FileNotFoundError:  # another build has renamed or removed it meanwhile
            continue
        yield entry


def _measured(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.lstat().st_size for file in files)


def _recorded_sizes() -> dict[str, int]:
    """Bytes of each entry that was measured before; empty if no record can be read."""
    try:
        sizes = json.loads((cache_directory() / SIZES).read_bytes())
    except (OSError, ValueError, RecursionError):  # it is measured again
        return {}
    if not isinstance(sizes, dict):
        return {}
    return {name: size for name, size in sizes.items() if isinstance(size, int)}


def _record_sizes(entries: Iterable[tuple[float, Path, int]], before: Mapping[str, int]) -> None:
    """Record the size of each entry that is measured once, unless ``before`` says the same."""
    sizes = {
        f"{path.parent.name}/{path.name}": size
        for _, path, size in entries
        # A name that starts with a dot is being written.
        if path.parent.name in MEASURED_ONCE and not path.name.startswith(".")
    }
    if sizes != before:
        with atomic_file(cache_directory() / SIZES) as new:
            new.write_bytes(canonical_json(sizes))


def check_writable(path: Path) -> None:
    """Raise ``PackageError`` if ``path`` can't be written, to fail before any work is done."""
    standing = next(location for location in (path, *path.absolute().parents) if location.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        why = "is a file" if standing.is_file() else "can't be written to"
        raise PackageError(
            f"{path}: can't be written: {standing} {why}",
            "name a place where you may write",
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` while ``path`` is written into a ``PackageError``."""
    try:
        yield
    except OSError as error:
        raise PackageError(
            f"{path}: can't be written: {error.strerror or error}",
            "check that you may write there, and that the disk has room",
        ) from error
