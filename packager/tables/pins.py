"""Pins: which versions of a table are needed, and by what; stored in its ``_package_pins``.

Each pin is a small file named by the hash of its content, so that two writers never conflict.
Delta Lake ignores folders whose names begin with an underscore.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError
from packager.location import Location
from packager.manifest.base import FrozenModel
from packager.progress import Progress
from packager.tables.errors import translate_errors
from packager.tables.storage import filesystem, read_json, write_json

FOLDER = "_package_pins"


class Pin(FrozenModel):
    """A version that must be kept."""

    version: int
    needed_by: str
    """``package NAME VERSION-HEX``, or ``table NAME``."""
    table: str | None = None
    """Location of a derived table, relative to this one."""


def pin(location: Location, record: Pin) -> None:
    """Record that a version is needed; idempotent."""
    name = sha256_bytes(canonical_json(record.model_dump(mode="json")))[:16]
    with translate_errors(location):
        write_json(filesystem(location), FOLDER, f"{name}.json", record.model_dump(mode="json"))


def pin_or_warn(location: Location, record: Pin, progress: Progress) -> None:
    """Record it, or warn if that fails: a table that others own may be read-only."""
    try:
        pin(location, record)
    except PackageError as error:
        progress.warn(
            f"{location}: cannot pin version {record.version}, which {record.needed_by} needs, so "
            f"`gc` may remove it: {error.message}"
        )


def pins(location: Location) -> tuple[Pin, ...]:
    """All pins, sorted by version."""
    with translate_errors(location):
        documents = read_json(filesystem(location), FOLDER)
    return tuple(sorted((_pin(location, *one) for one in documents.items()), key=_order))


def _pin(location: Location, name: str, content: Any) -> Pin:
    try:
        return Pin.model_validate(content)
    except ValidationError as error:
        raise PackageError(
            f"{location}: {FOLDER}/{name}: expected a pin of a version, got other content",
            "remove this file; `gc` may then remove the versions that it pins",
        ) from error


def _order(entry: Pin) -> tuple[int, str]:
    return entry.version, entry.needed_by
