"""Describes exceptions without their messages, which may quote values of a row."""

from __future__ import annotations

import traceback

MAX_CAUSES = 20
"""An exception and so many of its causes are described: code may chain any number."""


def describe_exception(error: BaseException) -> list[str]:
    """An exception and its causes, without messages: ``ValueError at model.py:12 in predict``."""
    lines: list[str] = []
    seen: set[int] = set()  # causes may form a circle
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen and len(lines) <= MAX_CAUSES:
        seen.add(id(cause))
        frames = traceback.extract_tb(cause.__traceback__)
        locations = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        lines.append(" < ".join([type(cause).__qualname__, *reversed(locations)]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return lines
