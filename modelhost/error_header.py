"""An error as the header of an answer has it."""

from __future__ import annotations

from typing import Any

from modelhost.errors import PackageError
from modelhost.solution.errors import MemberUnavailableError


def error_header(error: PackageError) -> dict[str, Any]:
    """An error for a header; also the key of a ``KeyError``, and if a member is unavailable."""
    cause = error.__cause__
    key = cause.args[0] if isinstance(cause, KeyError) and cause.args else None
    return {
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "cause": None if cause is None else type(cause).__name__,
        "missing_key": key if isinstance(key, str) else None,
        "unavailable": isinstance(error, MemberUnavailableError),
    }
