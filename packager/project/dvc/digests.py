"""DVC's digests: MD5 of files, of text with the line ends of Unix, and of folders.

As dvc-data 3.16 computes them: https://github.com/iterative/dvc-data, ``hashfile/hash.py`` and
``hashfile/tree.py``. Version 2 of DVC hashed text after it replaced CRLF by LF.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

Algorithm = Literal["md5", "md5-dos2unix"]
FOLDER = ".dir"
"""Suffix of the digest of a folder."""
DIGEST = re.compile(r"[0-9a-f]{32}(\.dir)?")
_CHUNK = 1 << 20
_BLOCK = 512
_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
_MAX_OTHER = 0.3
"""The largest share of other bytes in the first block of a text."""


def file_digest(path: Path, algorithm: Algorithm) -> str:
    """Hex digest of a file."""
    hasher = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        chunk = file.read(_CHUNK)
        text = algorithm == "md5-dos2unix" and _is_text(chunk[:_BLOCK])
        while chunk:
            hasher.update(chunk.replace(b"\r\n", b"\n") if text else chunk)
            chunk = file.read(_CHUNK)
    return hasher.hexdigest()


def folder_digest(entries: Mapping[str, str]) -> str:
    """The digest of a folder: of its list of names and digests, sorted by name."""
    listed = [
        {"md5": entries[name], "relpath": name}
        for name in sorted(entries, key=lambda one: PurePosixPath(one).as_posix())
    ]
    content = json.dumps(listed, sort_keys=True).encode()
    return hashlib.md5(content, usedforsecurity=False).hexdigest() + FOLDER


def _is_text(block: bytes) -> bool:
    if not block:
        return True
    other = block.translate(None, _TEXT)
    return b"\0" not in block and len(other) / len(block) <= _MAX_OTHER
