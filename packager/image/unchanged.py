"""Reads a file again after it was hashed; raises an error if it has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from packager.digest import HashedFile
from packager.errors import PackageError


class UnchangedReader:
    """Reads a hashed file from its beginning; ``finish`` compares the bytes with the hash."""

    def __init__(self, file: HashedFile, content: IO[bytes]) -> None:
        self._file, self._content = file, content
        self._digest = hashlib.sha256()
        self._left = file.size

    def read(self, size: int = -1, /) -> bytes:
        """Like ``read`` of a file; raises ``PackageError`` if it ends before its recorded size."""
        data = self._content.read(size)
        self._digest.update(data)
        self._left -= len(data)
        if self._left > 0 and (size < 0 or len(data) < size):
            raise _changed(self._file, "it is shorter now")
        return data

    def finish(self) -> None:
        """Raise ``PackageError`` unless exactly the hashed bytes have been read."""
        if self._left < 0 or self._content.read(1):
            raise _changed(self._file, "it is longer now")
        digest = self._digest.hexdigest()
        if digest != self._file.sha256:
            expected = self._file.sha256
            raise _changed(self._file, f"expected sha256 {expected[:12]}…, got {digest[:12]}…")


@contextmanager
def unchanged(file: HashedFile) -> Iterator[UnchangedReader]:
    """Open the file for the ``with`` block, which has to read all of it.

    Raises ``PackageError``, at the latest at the end of the block, if the file has changed.
    """
    try:
        content = file.path.open("rb")
    except OSError as error:
        raise _changed(file, f"it can no longer be read: {error.strerror}") from error
    with content:
        reader = UnchangedReader(file, content)
        yield reader
        reader.finish()


def read_unchanged(file: HashedFile) -> bytes:
    """All bytes of a small file; raises the errors of ``unchanged``."""
    with unchanged(file) as reader:
        return reader.read()


def _changed(file: HashedFile, how: str) -> PackageError:
    return PackageError(
        f"{file.path}: the file changed while this command ran: {how}",
        "wait until the program that writes it is done, then run the command again",
    )
