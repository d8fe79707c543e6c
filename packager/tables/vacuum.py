"""Remove the data and label files of versions that nothing needs; their log entries stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packager.errors import UsageError
from packager.location import Location
from packager.tables.delta import VersionedTable
from packager.tables.errors import retried
from packager.tables.labels.store import remove_label_files, unused_files
from packager.tables.pins import pins


@dataclass(frozen=True)
class VacuumResult:
    """The files that were removed, or would be."""

    files: tuple[str, ...]
    size: int
    """Bytes of those files that a version references."""
    kept: dict[int, tuple[str, ...]]
    """Version → reasons for keeping it."""


def vacuum(location: Location, newest: int, also: Sequence[int], *, delete: bool) -> VacuumResult:
    """Remove the rows of all versions but the ``newest``, those pinned, and ``also``.

    Without ``delete`` the result only lists what would be removed. Retries if another writer
    commits in between, at most 5 attempts; then ``ConflictError``.
    """
    return retried(lambda: _collect(location, newest, also, delete))


def _collect(location: Location, newest: int, also: Sequence[int], delete: bool) -> VacuumResult:
    store = VersionedTable.open(location)
    store.check_writable(append=True)
    if newest < 1:
        raise UsageError(
            f"--keep-last: expected at least 1 version, got {newest}", "keep the latest"
        )
    retained: dict[int, list[str]] = {}
    for version in store.versions[-newest:]:
        retained.setdefault(version.number, []).append("among the newest")
    for number in also:
        retained.setdefault(store.version(number).number, []).append("requested")
    for pin in pins(location):
        retained.setdefault(pin.version, []).append(pin.needed_by)
    going = store.remove_others(retained, dry_run=True)
    sizes: dict[str, int] = {}
    for version in store.versions:
        sizes |= store.sizes(version.number)
    labels = unused_files(location, store.versions, retained)
    if delete and going:
        store.remove_others(retained, dry_run=False)
    if delete:
        remove_label_files(location, labels)
    size = sum(sizes.get(name, 0) for name in going) + sum(labels.values())
    reasons = {number: tuple(why) for number, why in sorted(retained.items())}
    return VacuumResult(tuple(sorted([*going, *labels])), size, reasons)
