"""The entries of a source's files; a file whose content is a cell is read once, into one buffer.

Its digest and the hash of its cell are computed while its bytes are in the processor's cache, and
nothing of it is kept. New memory for each file takes longer than reading it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packager.data.canonical import HashedBytes, xxh3
from packager.data.sources.listing import SourceListing
from packager.manifest.base import FileEntry

BUFFER_BYTES = 1 << 20
"""Of the first buffer; a larger file gets one of twice the size, until it fits."""


class FileDigests:
    """The entries of the files of a source."""

    def __init__(self, files: SourceListing, hashing: ThreadPoolExecutor) -> None:
        """Begin to hash the files that are no cells in ``hashing``, while the rows are read."""
        self._files = files
        self._entries: dict[Path, FileEntry] = {}
        self._buffer = bytearray(BUFFER_BYTES)
        cells = {*files.named, *(files.table if files.format == "files" else ())}
        others = [file for file in files.all if file not in cells]
        self._others = hashing.submit(self._of_files, others)

    def cell(self, file: Path) -> HashedBytes:
        """The cell with the content of a file; its entry is that of the first reading."""
        content = self._content(file)
        if file not in self._entries:
            digest = hashlib.sha256(content).hexdigest()
            name = self._files.name(file)
            self._entries[file] = FileEntry(path=name, sha256=digest, size=len(content))
        return HashedBytes(xxh3(content))

    def entries(self) -> list[FileEntry]:
        """The entry of every file, in order; files that no cell names are read now."""
        known = self._entries | self._others.result()
        known |= self._of_files([file for file in self._files.all if file not in known])
        return [known[file] for file in self._files.all]

    def _content(self, file: Path) -> memoryview:
        """The bytes of a file, until the next is read."""
        descriptor, size = os.open(file, os.O_RDONLY | os.O_CLOEXEC), 0
        try:
            while count := os.readv(descriptor, [memoryview(self._buffer)[size:]]):
                size += count
                if size == len(self._buffer):
                    self._buffer = self._buffer + bytes(size)
        finally:
            os.close(descriptor)
        return memoryview(self._buffer)[:size]

    def _of_files(self, files: Sequence[Path]) -> dict[Path, FileEntry]:
        return {file: FileEntry.of(file, self._files.name(file)) for file in files}
