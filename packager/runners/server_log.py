"""Extract the error or the last lines from a server's log of JSON lines."""

from __future__ import annotations

import json
from typing import Any

from packager.errors import PackageError

MAX_CHARACTERS = 1_500


def startup_error(log: str) -> PackageError | None:
    """The last error in ``log`` with a hint; None if there is none."""
    records = [_record(line) for line in log.splitlines()]
    errors = [record for record in records if record.get("level") == "error" and "hint" in record]
    if not errors:
        return None
    return PackageError(str(errors[-1].get("message")), str(errors[-1]["hint"]))


def last_lines(log: str, most: int = MAX_CHARACTERS) -> str:
    """The end of ``log`` as text: messages and places of exceptions, up to ``most`` characters."""
    return "\n".join(_plain(line) for line in log.splitlines())[-most:]


def _plain(line: str) -> str:
    record = _record(line)
    if "message" not in record:
        return line
    places = record.get("exception")
    lines = [f"  {place}" for place in places] if isinstance(places, list) else []
    return "\n".join([str(record["message"]), *lines])


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
