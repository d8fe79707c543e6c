"""sha256 of bytes, files and trees, and the canonical JSON that digests are made of."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CHUNK = 1 << 20


def sha256_bytes(data: bytes) -> str:
    """Hex sha256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class HashedFile:
    """A file, and its state when it was hashed."""

    path: Path
    sha256: str
    size: int
    """Bytes."""
    executable: bool
    """Whether its owner may execute it."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Hash the file at ``path``, read in chunks of 1 MiB."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb", buffering=0) as file:
            state = os.fstat(file.fileno())
            executable = bool(state.st_mode & stat.S_IXUSR)
            # One buffer for all chunks: a new one for each costs a fifth of the time.
            chunk = memoryview(bytearray(min(CHUNK, max(state.st_size, 1 << 12))))
            while count := file.readinto(chunk):
                digest.update(chunk[:count])
                size += count
        return cls(path, digest.hexdigest(), size, executable)


Files = Mapping[str, HashedFile]
"""Posix name in an image → file."""


def hash_files(files: Mapping[str, Path]) -> dict[str, HashedFile]:
    """Hash each of ``files``; the names stay the same."""
    return {name: HashedFile.of(path) for name, path in files.items()}


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file."""
    return HashedFile.of(path).sha256


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; NaN and Infinity raise ``ValueError``."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def tree_digest(entries: Iterable[tuple[str, str]]) -> str:
    """Hex sha256 of ``(path, sha256)`` pairs, independent of their order."""
    return sha256_bytes(canonical_json(sorted(entries)))
