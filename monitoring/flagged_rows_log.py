"""A sample of the flagged rows in a file, for inspection and labelling.

Off by default, because rows may be personal data. Columns marked as personal are left out. The size
of the file is bounded: when it is full it is renamed to ``NAME.old``, replacing the previous one.
"""

from __future__ import annotations

import base64
import errno
import fcntl
import json
import os
import random
import stat
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # it imports pandas, which the supervisor doesn't need
    from monitoring.slices.clock import Clock


_TOGETHER = 100  # lines per write


class FlaggedRowsLog:
    """Lines of JSON in one file that all workers write to.

    Each has ``time``, ``version``, ``token`` (null without tokens), ``prediction``, ``flags`` and
    ``row``, with arrays as nested lists and bytes in base64.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str | None],
        *,
        version: str,
        sample_rate: float = 1.0,
        max_bytes: int = 16 << 20,
        clocks: Mapping[str, Clock] | None = None,
    ) -> None:
        """``columns``: their names; None for a column whose values are not written.

        ``sample_rate``: fraction of flagged rows written; ``max_bytes``: the largest file size.
        """
        self._path = path
        self._columns = tuple(columns)
        self._version = version
        self._sample_rate = sample_rate
        self._max_bytes = max_bytes
        self._clocks = dict(clocks or {})

    def check(self) -> None:
        """Create the file; raises ``OSError`` if it can't be written."""
        self._append(b"")

    def write(
        self,
        columns: Sequence[Sequence[Any]],
        flags: Sequence[Sequence[str]],
        labels: Sequence[Any],
        tokens: Sequence[str] | None,
    ) -> int:
        """Write a sample of the flagged rows of one answer; return the number written.

        Raises ``OSError``, such as for a full disk.
        """
        logged = [
            row for row, its in enumerate(flags) if its and random.random() < self._sample_rate
        ]
        lines = [self._line(row, columns, flags, labels, tokens) for row in logged]
        lines = [line for line in lines if len(line) <= self._max_bytes]
        for start in range(0, len(lines), _TOGETHER):
            self._append(b"".join(lines[start : start + _TOGETHER]))
        return len(lines)

    def _line(
        self,
        row: int,
        columns: Sequence[Sequence[Any]],
        flags: Sequence[Sequence[str]],
        labels: Sequence[Any],
        tokens: Sequence[str] | None,
    ) -> bytes:
        cells = {
            name: self._shown(name, values[row])
            for name, values in zip(self._columns, columns, strict=True)
            if name is not None
        }
        document = {
            "time": round(time.time(), 3),
            "version": self._version,
            "token": tokens[row] if tokens else None,
            "prediction": labels[row],
            "flags": list(flags[row]),
            "row": cells,
        }
        return json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"

    def _shown(self, name: str, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.tolist()
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        clock = self._clocks.get(name)
        return clock.iso(value) if clock is not None and value is not None else value

    def _append(self, content: bytes) -> None:
        """Append whole lines under a lock, so that workers neither interleave nor rotate twice."""
        lock = _opened(f"{self._path}.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._path.exists() and self._path.stat().st_size + len(content) > self._max_bytes:
                self._path.replace(f"{self._path}.old")
            file = _opened(self._path)
            try:
                before = os.fstat(file).st_size
                written = os.write(file, content)
                if written < len(content):  # a full disk: leave no incomplete line
                    os.ftruncate(file, before)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(file)
        finally:
            os.close(lock)


def _opened(path: Path | str) -> int:
    """Open a file for appending, created if absent; raises ``OSError`` for a link, pipe or device.

    With access to the folder, an attacker could redirect writes by a link, or block a worker by a
    pipe without a reader.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "expected a file, got a pipe or device", str(path))
    return descriptor
