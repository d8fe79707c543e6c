"""A table whose log is damaged: which entry it is, so that a person can put it back."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pyarrow import fs

from packager.errors import PackageError
from packager.versions.files import filesystem
from packager.versions.location import Location

_LOG = "_delta_log"


def refuse_empty_entries(location: Location) -> None:
    """Raise ``PackageError`` for an entry without content, as a power cut may leave it.

    Readers of Delta Lake pass over it, and number the versions wrongly then.
    """
    for number, info in _entries(filesystem(location)):
        if info.size == 0:
            raise _damaged(location, number, "is empty")


def explained(location: Location, said: str) -> PackageError:
    """Why the table can't be read: the damaged entry if there is one, else what was ``said``."""
    plain = PackageError(f"{location}: can't be read: {said}")
    try:
        place = filesystem(location)
        entries = dict(_entries(place))
        for number, info in entries.items():
            if not _is_json(place, info.path):
                return _damaged(location, number, "is cut off, or not JSON")
            if number + 1 not in entries and number != max(entries):
                return _damaged(location, number + 1, "is missing")
    except OSError:  # a store that doesn't answer, which ``said`` says
        return plain
    return plain


def _entries(place: fs.FileSystem) -> Iterator[tuple[int, fs.FileInfo]]:
    """Number and file of each entry, in order."""
    found = place.get_file_info(fs.FileSelector(_LOG, allow_not_found=True))
    for info in sorted(found, key=lambda info: info.path):
        name = info.path.rpartition("/")[2]
        if name.endswith(".json") and name.removesuffix(".json").isdigit():
            yield int(name.removesuffix(".json")), info


def _is_json(place: fs.FileSystem, name: str) -> bool:
    with place.open_input_stream(name) as stream:
        lines = stream.read().splitlines()
    try:
        return all(isinstance(json.loads(line), dict) for line in lines if line.strip())
    except ValueError:
        return False


def _damaged(location: Location, number: int, how: str) -> PackageError:
    return PackageError(
        f"{location}: the entry {_LOG}/{number:020}.json of its log {how}",
        "put this file back from a copy of the table; or move it and all later entries away, "
        f"which goes back to version {number - 1}. No rows are lost",
    )
