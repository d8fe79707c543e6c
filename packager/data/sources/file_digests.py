"""The entries of a source's files, hashed in a thread while the rows are read.

A file whose content becomes a cell is read once: its digest is that of the bytes in the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from packager.data.sources.listing import SourceListing
from packager.digest import sha256_bytes
from packager.manifest.base import FileEntry

BATCH_BYTES = 4 << 20
"""Content that is handed to the thread at once: a file alone would cost more than its hash."""
MAX_WAITING = 8
"""Batches that wait to be hashed; the reader of the rows waits beyond them."""

Read = tuple[Path, bytes]


class FileDigests:
    """The entries of the files of a source."""

    def __init__(self, files: SourceListing, hashing: ThreadPoolExecutor) -> None:
        """Begin to hash the files that are no cells; ``hashing`` has one thread."""
        self._files = files
        self._hashing = hashing
        cells = {*files.named, *(files.table if files.format == "files" else ())}
        self._known = {file for file in files.all if file not in cells}
        self._batch: list[Read] = []
        self._size = 0
        self._jobs: list[Future[dict[Path, FileEntry]]] = []
        self._submit(partial(self._of_files, [file for file in files.all if file in self._known]))

    def read(self, file: Path, content: bytes) -> None:
        """Hash the content of a file that was read for a cell, unless it was read before."""
        if file in self._known:
            return
        self._known.add(file)
        self._batch.append((file, content))
        self._size += len(content)
        if self._size >= BATCH_BYTES:
            self._submit_batch()

    def entries(self) -> list[FileEntry]:
        """The entry of every file, in order; files that no cell names are read now."""
        self._submit_batch()
        left = [file for file in self._files.all if file not in self._known]
        self._submit(partial(self._of_files, left))
        entries: dict[Path, FileEntry] = {}
        for job in self._jobs:
            entries |= job.result()
        return [entries[file] for file in self._files.all]

    def _submit_batch(self) -> None:
        batch, self._batch, self._size = self._batch, [], 0
        self._submit(partial(self._of_contents, batch))
        if len(self._jobs) > MAX_WAITING:
            self._jobs[-MAX_WAITING - 1].result()

    def _submit(self, job: Callable[[], dict[Path, FileEntry]]) -> None:
        self._jobs.append(self._hashing.submit(job))

    def _of_files(self, files: Sequence[Path]) -> dict[Path, FileEntry]:
        return {file: FileEntry.of(file, self._files.name(file)) for file in files}

    def _of_contents(self, batch: Sequence[Read]) -> dict[Path, FileEntry]:
        named = ((file, self._files.name(file), content) for file, content in batch)
        return {
            file: FileEntry(path=name, sha256=sha256_bytes(content), size=len(content))
            for file, name, content in named
        }
