"""A file that is hashed while it is written."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path


class HashingFile(io.RawIOBase):
    """A write-only file that computes the sha256 of the written bytes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        """See ``io.RawIOBase``."""
        return True

    def tell(self) -> int:
        """The number of bytes written."""
        return self._file.tell()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write and hash ``data``."""
        self.digest.update(data)
        return self._file.write(data)

    def close(self) -> None:
        """Close it when the disk has the bytes."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        super().close()
