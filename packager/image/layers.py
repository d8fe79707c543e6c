"""Deterministic layers: tars whose bytes depend only on names, modes and content."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from packager.cache import cache_directory
from packager.digest import CHUNK, HashedFile
from packager.errors import PackageError
from packager.image.hashing_file import HashingFile
from packager.image.unchanged import unchanged
from packager.progress import LayerSource
from packager.tar_reader import MAX_MEMBERS, TarReader, Window, plain_tar

FOLDER = "layers"
"""Of the cache: each layer with a sidecar, without which it counts as absent (``layer_cache``)."""


@dataclass(frozen=True)
class Layer:
    """An uncompressed tar on disk; ``diff_id`` is ``sha256:…`` of its bytes."""

    name: str
    path: Path
    diff_id: str
    size: int
    source: LayerSource = field(default="cached", compare=False)
    seconds: float = field(default=0.0, compare=False)
    offset: int = 0
    """Offset in ``path`` of its first byte: a layer may be part of an archive."""
    fetch: Callable[[], None] | None = field(default=None, compare=False)
    """Writes ``path`` if it is not there yet; ``size`` is known only after that (``fetched``)."""
    written: Sequence[tarfile.TarInfo] | None = field(default=None, compare=False, repr=False)
    """Its members, if this process wrote it: nothing parses its headers then."""

    def open(self) -> IO[bytes]:
        """Its bytes as a seekable file, not verified."""
        layer = self.fetched()
        return io.BufferedReader(Window(layer.path.open("rb"), layer.offset, layer.size), 1 << 16)

    def fetched(self) -> Layer:
        """The layer with its file on disk."""
        if self.fetch is None:
            return self
        self.fetch()
        return replace(self, size=self.path.stat().st_size, fetch=None)

    @contextmanager
    def members(self, most: int = MAX_MEMBERS) -> Iterator[TarReader]:
        """A ``TarReader`` of its members, at most ``most``."""
        with self.open() as file:
            yield TarReader(file, plain_tar(f"layer {self.name}"), most, self.written)

    def read(self) -> Iterator[bytes]:
        """Its bytes in chunks; raises ``PackageError`` at the end if they don't match diff_id.

        A layer of the cache is then absent there, so the next command makes it again.
        """
        digest = hashlib.sha256()
        with self.open() as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                yield chunk
        if f"sha256:{digest.hexdigest()}" != self.diff_id:
            raise PackageError(
                f"layer {self.name}: expected {self.diff_id}, got sha256:{digest.hexdigest()}",
                f"{self.path} was changed or damaged after it was made: {self._mend()}",
            )

    def _mend(self) -> str:
        """Remove a damaged layer from the cache, if it is there; return what mends it."""
        if self.path.parent != cache_directory(FOLDER):
            return "build again with --no-cache, or copy the package again"
        self.path.with_suffix(".json").unlink(missing_ok=True)
        return "run the command again, which makes the layer again"


class Readable(Protocol):
    """The source of an entry's content."""

    def read(self, size: int = -1, /) -> bytes:
        """Like ``read`` of a file."""


class TarFile(Protocol):
    """The file that a tar is written to."""

    def write(self, data: bytes, /) -> object:
        """Like ``write`` of a file."""

    def tell(self) -> int:
        """Like ``tell`` of a file."""


@dataclass(frozen=True)
class StreamedContent:
    """Content of ``size`` bytes, read while a tar is written."""

    size: int
    open: Callable[[], AbstractContextManager[Readable]]
    """Its reader raises ``PackageError`` at the end of the block if the bytes are wrong."""


@dataclass(frozen=True)
class Entry:
    """A file (``source``), a link (``link``) or, with neither, a folder, at posix ``name``."""

    name: str
    source: Path | HashedFile | StreamedContent | bytes | None = None
    """A ``HashedFile`` must not have changed since it was hashed."""
    link: str | None = None
    mode: int | None = None
    """Permission bits; 755 for folders and 644 for files unless given."""
    owner: int = 0
    """User id; the group is 0."""

    def header(self) -> tarfile.TarInfo:
        """The tar header, independent of the machine: owner 0, mtime 0, plain modes."""
        info = tarfile.TarInfo(self.name)
        if self.link is not None:
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, self.link, 0o777
        elif self.source is None:
            info.type, info.mode = tarfile.DIRTYPE, self.mode or 0o755
        else:
            info.mode = self.mode or 0o644
            info.size = _size(self.source)
        info.uid = self.owner
        return info


def _size(source: Path | HashedFile | StreamedContent | bytes) -> int:
    if isinstance(source, HashedFile | StreamedContent):
        return source.size
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def file_mode(file: Path | HashedFile) -> int:
    """755 if the owner may execute ``file``, else 644; independent of the umask."""
    if isinstance(file, HashedFile):
        return 0o755 if file.executable else 0o644
    return 0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644


class WrittenTar(NamedTuple):
    """A tar that was written."""

    diff_id: str
    size: int
    """Bytes."""
    members: Sequence[tarfile.TarInfo]


def write_tar(path: Path, entries: Iterable[Entry]) -> WrittenTar:
    """Write a tar as ``write_members`` does."""
    with HashingFile(path) as file:
        members = write_members(file, entries)
        size = file.tell()
    return WrittenTar(f"sha256:{file.digest.hexdigest()}", size, members)


def write_members(file: TarFile, entries: Iterable[Entry]) -> list[tarfile.TarInfo]:
    """Write ``entries`` sorted, with their parent folders, and the end of a tar.

    Of two entries with the same name, the later one is written. Files are streamed. Returns the
    members as a reader of the tar finds them. Raises ``PackageError`` if a hashed file has changed.
    """
    members = [_write_member(file, entry) for entry in with_parents(entries)]
    end = 2 * tarfile.BLOCKSIZE
    file.write(bytes(end + -(file.tell() + end) % tarfile.RECORDSIZE))
    return members


def with_parents(entries: Iterable[Entry]) -> list[Entry]:
    """``entries`` and every folder above them, sorted by name, each name once."""
    named = {entry.name: entry for entry in entries}
    for name in list(named):
        parent = name.rpartition("/")[0]
        while parent and parent not in named:
            named[parent] = Entry(parent)
            parent = parent.rpartition("/")[0]
    return [named[name] for name in sorted(named)]


def _write_member(file: TarFile, entry: Entry) -> tarfile.TarInfo:
    info = entry.header()
    info.offset = file.tell()
    file.write(info.tobuf(tarfile.PAX_FORMAT))
    info.offset_data = file.tell()
    if entry.source is None:
        return info
    if isinstance(entry.source, bytes):
        file.write(entry.source)
    else:
        with _opened(entry.source) as content:
            _copy(content, info, file)
    file.write(bytes(-info.size % tarfile.BLOCKSIZE))
    return info


def _opened(source: Path | HashedFile | StreamedContent) -> AbstractContextManager[Readable]:
    if isinstance(source, HashedFile):
        return unchanged(source)
    return source.open() if isinstance(source, StreamedContent) else source.open("rb")


def _copy(content: Readable, info: tarfile.TarInfo, file: TarFile) -> None:
    remaining = info.size
    while remaining:
        data = content.read(min(remaining, CHUNK))
        if not data:
            raise PackageError(
                f"{info.name}: the file became shorter while it was read",
                "wait until the program that writes it is done, then run the command again",
            )
        file.write(data)
        remaining -= len(data)


def tree_entries(folder: Path, prefix: str) -> Iterator[Entry]:
    """Everything below ``folder`` as entries under ``prefix``; links stay links."""
    for name in sorted(os.listdir(folder)):
        path, inside = folder / name, f"{prefix}/{name}" if prefix else name
        if path.is_symlink():
            yield Entry(inside, link=os.readlink(path))
        elif path.is_dir():
            yield Entry(inside)
            yield from tree_entries(path, inside)
        else:
            yield Entry(inside, source=path, mode=file_mode(path))


def plain_layer(name: str, path: Path, entries: Iterable[Entry]) -> Layer:
    """A layer that is not cached, written to ``path``."""
    started = time.monotonic()
    tar = write_tar(path, entries)
    seconds = time.monotonic() - started
    return Layer(name, path, tar.diff_id, tar.size, "built", seconds, written=tar.members)
