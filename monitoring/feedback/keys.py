"""The keys that sign feedback tokens: several at a time, to allow rotation."""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

MIN_KEY_BYTES = 16
MAX_BYTES = 1 << 16
_CONTEXT = b"model feedback token\0"


class KeyFileError(Exception):
    """An invalid key file; the message gives place and reason, never the content."""


@dataclass(frozen=True)
class FeedbackKeys:
    """Key id → secret, derived for one model: tokens of other models don't verify."""

    first: int
    """The id of the signing key."""
    secrets: Mapping[int, bytes]

    @classmethod
    def parse(cls, text: str, model: str) -> Self:
        """Parse lines ``id:secret``: id 1 to 255, secret in base64 or ``hex:`` and hex digits.

        The first line's key signs; all of them verify. Empty lines and lines that begin with ``#``
        are ignored. Raises ``KeyFileError``.
        """
        keys: dict[int, bytes] = {}
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, colon, secret = line.partition(":")
            if not colon or not name.strip().isdecimal() or not 1 <= int(name) <= 255:
                raise KeyFileError(f"line {number}: expected id:secret with an id from 1 to 255")
            if int(name) in keys:
                raise KeyFileError(f"line {number}: duplicate key id {int(name)}")
            keys[int(name)] = _derived(_decoded(secret.strip(), number), model)
        if not keys:
            raise KeyFileError("expected at least one line id:secret, got none")
        return cls(next(iter(keys)), keys)


class KeyRing:
    """The keys of a file, read again when it changes."""

    def __init__(self, path: Path, model: str) -> None:
        """Read ``path``; raises ``KeyFileError``."""
        self._path = path
        self._model = model
        self._seen = self._stamp()
        self.keys = self._read()

    def refresh(self) -> bool:
        """Read the file again if it changed; return whether the keys changed.

        Raises ``KeyFileError``, once for each invalid file; the last good keys stay in use.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        keys = self._read()
        changed = keys != self.keys
        self.keys = keys
        return changed

    def _stamp(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError as error:
            raise KeyFileError(f"{self._path}: {error.strerror}") from error
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> FeedbackKeys:
        try:
            return FeedbackKeys.parse(small_file(self._path).decode("utf-8-sig"), self._model)
        except (OSError, UnicodeDecodeError) as error:
            raise KeyFileError(f"{self._path}: can't be read: {error}") from error
        except KeyFileError as error:
            raise KeyFileError(f"{self._path}: {error}") from error


def small_file(path: Path) -> bytes:
    """The content of a key file; raises ``OSError`` for another kind or more than 64 KiB.

    It is opened without blocking, because a pipe may have no writer.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "expected a file, got a pipe, folder or device")
    with open(descriptor, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"expected at most {MAX_BYTES} bytes")
    return content


def _decoded(text: str, line: int) -> bytes:
    try:
        if text.startswith("hex:"):
            secret = bytes.fromhex(text.removeprefix("hex:"))
        else:
            padded = text.rstrip("=").translate(str.maketrans("-_", "+/"))
            secret = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise KeyFileError(f"line {line}: the secret is neither base64 nor hex:…") from error
    if len(secret) < MIN_KEY_BYTES:
        raise KeyFileError(
            f"line {line}: expected a secret of at least {MIN_KEY_BYTES} bytes, got {len(secret)}"
        )
    return secret


def _derived(secret: bytes, model: str) -> bytes:
    name = model.encode("utf-8", "surrogatepass")
    return hmac.digest(secret, _CONTEXT + name, hashlib.sha256)
