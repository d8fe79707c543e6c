"""Find the damaged entry of a table's log, so that the user can restore it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pyarrow import fs

from packager.data.memory_limit import fitting_memory
from packager.errors import PackageError
from packager.location import Location
from packager.tables.protocol import Protocol, unreadable
from packager.tables.scan import unreadable_error
from packager.tables.storage import filesystem

_LOG = "_delta_log"
_ENTRY = re.compile(r"0[0-9]{19}\.json", re.ASCII)
"""Larger numbers exceed a 64-bit version."""


def complete_entries(location: Location) -> dict[int, int]:
    """Number of each entry → modification time, in milliseconds since 1970.

    Raises ``PackageError`` for an empty entry, which a power failure may leave. Readers of Delta
    Lake skip it and then number the versions wrongly.
    """
    times = {}
    for number, info in _entries(filesystem(location)):
        if info.size == 0:
            raise _damaged(location, number, "is empty")
        times[number] = (info.mtime_ns or 0) // 1_000_000
    return times


def diagnose(location: Location, message: str) -> PackageError:
    """The error for an unreadable table: names the damaged entry, or else ``message``."""
    with fitting_memory(location):
        return _diagnosed(location, message)


def _diagnosed(location: Location, message: str) -> PackageError:
    plain = PackageError(f"{location}: can't be read: {message}")
    try:
        storage = filesystem(location)
        feature = _unknown_feature(storage)
        if feature is not None:
            return unreadable_error(location, feature)
        entries = dict(_entries(storage))
        for number, info in entries.items():
            if not _is_json(storage, info.path):
                return _damaged(location, number, "is cut off, or not JSON")
            if number + 1 not in entries and number != max(entries):
                return _damaged(location, number + 1, "is missing")
    except OSError:  # an unreachable store, which ``message`` reports
        return plain
    return plain


def _entries(storage: fs.FileSystem) -> Iterator[tuple[int, fs.FileInfo]]:
    """Number and file of each entry, in order."""
    infos = storage.get_file_info(fs.FileSelector(_LOG, allow_not_found=True))
    for info in sorted(infos, key=lambda info: info.path):
        name = info.path.rpartition("/")[2]
        if _ENTRY.fullmatch(name):
            yield int(name.removesuffix(".json")), info


def _unknown_feature(storage: fs.FileSystem) -> str | None:
    """The feature that prevents deltalake from opening the table, if that is the cause."""
    for _, info in sorted(_entries(storage), reverse=True):
        for action in _actions(storage, info.path):
            protocol = action.get("protocol") if isinstance(action, dict) else None
            if isinstance(protocol, dict):
                versions = protocol.get("minReaderVersion", 1), protocol.get("minWriterVersion", 1)
                named = protocol.get("readerFeatures"), protocol.get("writerFeatures")
                return unreadable(Protocol.of(versions, named, {}, {}))
    return None


def _actions(storage: fs.FileSystem, name: str) -> list[Any]:
    """The actions of a log entry; empty if it is damaged."""
    with storage.open_input_stream(name) as stream:
        lines = stream.read().splitlines()
    try:
        return [json.loads(line) for line in lines if line.strip()]
    except (ValueError, RecursionError):
        return []


def _is_json(storage: fs.FileSystem, name: str) -> bool:
    with storage.open_input_stream(name) as stream:
        lines = stream.read().splitlines()
    try:
        return all(isinstance(json.loads(line), dict) for line in lines if line.strip())
    except (ValueError, RecursionError):
        return False


def _damaged(location: Location, number: int, how: str) -> PackageError:
    return PackageError(
        f"{location}: the entry {_LOG}/{number:020}.json of its log {how}",
        "restore this file from a copy of the table; or move it and all later entries away: "
        f"the table is then at version {number - 1}. No rows are lost",
    )
