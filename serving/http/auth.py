"""API keys: bearer keys from a file that may change while the server runs."""

from __future__ import annotations

import codecs
import hmac
import logging
import time
from hashlib import sha256
from pathlib import Path

from monitoring.feedback.keys import small_file
from packager.errors import UsageError

VARIABLE = "MODEL_API_KEYS_FILE"
CHECK_SECONDS = 1.0
"""Seconds between checks whether the file changed."""

logger = logging.getLogger("serving")


class ApiKeys:
    """The keys of one file, one per line; empty lines and ``#`` comments are ignored."""

    def __init__(self, path: Path) -> None:
        """Read the file; raise ``UsageError`` if it can't be read or holds no key."""
        self._path = path
        self._digests = _read(path)
        self._stamp = self._file_stamp()
        self._looked = time.monotonic()

    def authenticate(self, authorization: bytes | None) -> bool:
        """Whether an ``Authorization`` header holds one of the keys.

        Every key is compared, in constant time, so that timing reveals nothing.
        """
        self._check_file()
        scheme, _, key = (authorization or b"").partition(b" ")
        key_digest = sha256(key.strip()).digest()
        is_known = False
        for digest in self._digests:
            is_known |= hmac.compare_digest(key_digest, digest)
        return is_known and scheme.lower() == b"bearer"

    def _check_file(self) -> None:
        """Read the file again if it changed; if it is invalid, keep the last good keys."""
        now = time.monotonic()
        if now - self._looked < CHECK_SECONDS:
            return
        self._looked = now
        stamp = self._file_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._digests = _read(self._path)
        except UsageError as error:
            logger.error("the last good keys stay active: %s", error.message)
        else:
            logger.info("%d keys read", len(self._digests))

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> tuple[bytes, ...]:
    hint = f"write one key a line into it, readable for this user, or unset {VARIABLE}"
    try:
        lines = [
            line.strip() for line in small_file(path).removeprefix(codecs.BOM_UTF8).splitlines()
        ]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"{VARIABLE}: expected a readable file, got {path}: {reason}", hint
        ) from error
    keys = [line for line in lines if line and not line.startswith(b"#")]
    if not keys:
        raise UsageError(f"{VARIABLE}: expected at least one key, got none in {path}", hint)
    return tuple(sha256(key).digest() for key in keys)
