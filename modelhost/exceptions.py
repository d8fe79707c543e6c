"""Describes exceptions without their messages, which may quote values of a row."""

from __future__ import annotations

import traceback


def describe_exception(error: BaseException) -> list[str]:
    """An exception and its causes, without messages: ``ValueError at model.py:12 in predict``."""
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        frames = traceback.extract_tb(seen.__traceback__)
        locations = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        lines.append(" < ".join([type(seen).__qualname__, *reversed(locations)]))
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return lines
