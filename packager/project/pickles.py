"""Inspects a pickled model without unpickling it: its header, and what it would call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelhost.pickles.audit import audit_model
from modelhost.pickles.before_load import refusal
from modelhost.pickles.compressed import Decompressed, coding_of
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import NoModules
from modelhost.pickles.source import UnreadableError
from packager.digest import CHUNK

HEAD_BYTES = 4 << 20
USUAL = (b"\x78", b"\x5d\x00")
"""How streams of zlib and of lzma's older form begin that common programs write."""


def read_header(path: Path) -> bytes:
    """The first 4 MiB of a model file, decompressed: enough to detect its format.

    Of a stream that is damaged further on, what comes before; of a file that only looks compressed,
    its own bytes.
    """
    with path.open("rb") as file:
        begin = file.read(16)
        coding = coding_of(begin)
        file.seek(0)
        if coding is not None and coding.make is not None:
            content, damaged = _head(Decompressed(file, coding))
            if not damaged or (content and (coding.certain or begin.startswith(USUAL))):
                return content
            file.seek(0)
        return _head(file)[0]


def _head(stream: Any) -> tuple[bytes, bool]:
    """The first ``HEAD_BYTES`` of a stream, and whether it can't be read up to there."""
    parts, remaining = [], HEAD_BYTES
    try:
        while remaining and (part := stream.read(min(remaining, CHUNK))):
            parts.append(part)
            remaining -= len(part)
    except UnreadableError:
        return b"".join(parts), True
    return b"".join(parts), False


def refuse_pickles(path: Path, called: str, allow: Sequence[str] = ()) -> None:
    """Raise ``PackageError`` for a model that would run code when it is unpickled.

    ``called``: what the error names; ``allow``: globals that the project allows. No distribution is
    at hand, so classes of libraries that are unknown pass; the model's process looks again.
    """
    report = audit_model(path, Judge(NoModules(), allow))
    if report.findings:
        raise refusal(report, called)
