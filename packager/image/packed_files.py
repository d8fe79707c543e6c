"""Files in the archive of a wheel, compared with its RECORD while they are read."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

from installer.exceptions import InstallerError
from installer.records import Hash, RecordEntry

from packager.digest import CHUNK
from packager.errors import PackageError


@contextmanager
def reading_wheel(path: Path) -> Iterator[None]:
    """Turn errors of a damaged wheel into a ``PackageError``."""
    try:
        yield
    except (
        *(ValueError, OSError, KeyError, RuntimeError, EOFError),
        *(BadZipFile, InstallerError, zlib.error),
    ) as error:
        raise PackageError(
            f"{path.name}: can't be unpacked: {error}", "check the wheel with `pip install` of it"
        ) from error


@dataclass(frozen=True)
class PackedFile:
    """A file in the archive of a wheel, and its entry in RECORD."""

    archive: ZipFile
    record: RecordEntry

    def open(self) -> _Reader:
        """Its bytes, compared with RECORD."""
        return _Reader(self)

    def read(self) -> bytes:
        """All its bytes; raises ``PackageError`` if they differ from RECORD."""
        with self.open() as reader:
            return b"".join(iter(lambda: reader.read(CHUNK), b""))

    def starts_with(self, start: bytes) -> bool:
        """Whether the file begins with ``start``."""
        with self.archive.open(self.record.path) as content:
            return content.read(len(start)) == start

    def installed_record(self) -> RecordEntry:
        """Its entry in the RECORD of an installation, which has a sha256."""
        known = self.record
        if known.hash_ is not None and known.hash_.name == "sha256" and known.size is not None:
            return known
        digest, size = hashlib.sha256(), 0
        with self.open() as reader:
            while chunk := reader.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        return RecordEntry(known.path, Hash("sha256", _encoded(digest.digest())), size)


class _Reader:
    """Reads a packed file; at its end raises ``PackageError`` if it differs from RECORD."""

    def __init__(self, packed: PackedFile) -> None:
        self._packed = packed
        self._path = Path(str(packed.archive.filename))
        with reading_wheel(self._path):
            self._content: IO[bytes] = packed.archive.open(packed.record.path)
        expected = packed.record.hash_
        self._digest = hashlib.new(expected.name if expected else "sha256")
        self._size = 0

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._content:
            if kind is None:
                self._compare()

    def read(self, size: int = -1, /) -> bytes:
        """Like ``read`` of a file."""
        with reading_wheel(self._path):
            data = self._content.read(size)
            self._digest.update(data)
            self._size += len(data)
            if len(data) < size and self._size < (self._packed.record.size or 0):
                raise self._differs()
        return data

    def _compare(self) -> None:
        record = self._packed.record
        with reading_wheel(self._path):
            if self._content.read(1) or record.size not in (None, self._size):
                raise self._differs()
            if record.hash_ is not None and record.hash_.value != _encoded(self._digest.digest()):
                raise self._differs()

    def _differs(self) -> ValueError:
        return ValueError(f"hash / size of {self._packed.record.path} didn't match RECORD")


def record_of(name: str, content: bytes) -> RecordEntry:
    """The entry of ``content`` in the RECORD of an installation."""
    digest = _encoded(hashlib.sha256(content).digest())
    return RecordEntry(name, Hash("sha256", digest), len(content))


def _encoded(digest: bytes) -> str:
    """A digest as RECORD has it."""
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
