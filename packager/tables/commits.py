"""The commits of a table: metadata of this program's commits, and which commits make versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable
from pydantic import ValidationError

from packager.errors import PackageError
from packager.manifest.manifest import Fingerprint
from packager.tables.labels.records import LabelSet
from packager.tables.records import Derivation, Version

CREATED = {"package.what": "create"}
"""Metadata of the commit that creates an empty table."""
_LABELS = "package.labels"
_OTHERS = {"WRITE": "add", "RESTORE": "revert"}
_NO_ROWS = (
    "VACUUM START",
    "VACUUM END",
    "ADD FEATURE",
    "SET TBLPROPERTIES",
    "UNSET TBLPROPERTIES",
    "UPGRADE PROTOCOL",
    "ADD CONSTRAINT",
    "DROP CONSTRAINT",
    "COMPUTE STATS",
)


@dataclass(frozen=True)
class Authorship:
    """Author and message of a version, and whether its columns may differ from the last one's."""

    message: str
    by: str
    change: bool = False
    """Whether other columns are accepted."""


def facts_of(
    what: str,
    authorship: Authorship,
    fingerprint: Fingerprint | None,
    derived: Derivation | None,
) -> dict[str, str]:
    """The metadata of a commit."""
    facts = {"package.what": what}
    facts |= {"package.message": authorship.message, "package.author": authorship.by}
    if fingerprint is not None:
        facts["package.fingerprint"] = fingerprint.dump().decode()
    if derived is not None:
        facts["package.derived"] = derived.dump().decode()
    return facts


def label_facts(labels: LabelSet | None) -> dict[str, str]:
    """The metadata of a commit that names labels; none for None: the version keeps those before."""
    return {} if labels is None else {_LABELS: labels.dump().decode()}


def versions_of(
    table: DeltaTable, commits: Mapping[int, int], has_files: Callable[[int], bool]
) -> tuple[Version, ...]:
    """Every commit that made a version, oldest first; commits that change no rows are left out.

    Labels stay until a version names others; a revert restores those of its version.
    ``commits``: number → milliseconds since 1970 of every entry in the log, because other writers
    may omit a commit's metadata. ``has_files`` is called for a table created by another program,
    whose first commit may contain rows.
    """
    history = {entry["version"]: entry for entry in table.history()}
    unsaid = {
        n: {"version": n, "timestamp": when} for n, when in commits.items() if n not in history
    }
    return tuple(_versions({**unsaid, **history}, has_files))


def _versions(
    entries: Mapping[int, dict[str, Any]], has_files: Callable[[int], bool]
) -> Iterator[Version]:
    labels: LabelSet | None = None
    held: dict[int, LabelSet | None] = {}
    for number, entry in sorted(entries.items()):
        operation = entry.get("operation", "commit")
        ours = entry.get("package.what") == CREATED["package.what"]
        created = operation == "CREATE TABLE"
        if operation in _NO_ROWS or (created and (ours or not has_files(number))):
            continue
        version = _version(entry, operation)
        if version.reverted_to is not None:
            labels = held.get(version.reverted_to)
        labels = held[number] = version.labels or labels
        yield version.model_copy(update={"labels": labels})


def _version(entry: dict[str, Any], operation: str) -> Version:
    try:
        return _parse_version(entry, operation)
    except ValueError as error:  # includes pydantic's ValidationError
        raise PackageError(
            f"version {entry['version']}: expected this program's commit metadata,"
            f" got {_shown(error)}",
            "its log was changed by another program: restore it from a copy of the table",
        ) from error


def _shown(error: ValueError) -> str:
    """The error without the value, which may be long."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'text'}: {first['msg']}"
    return str(error)


def _parse_version(entry: dict[str, Any], operation: str) -> Version:
    printed, derived = entry.get("package.fingerprint"), entry.get("package.derived")
    back, labels = entry.get("package.reverted_to"), entry.get(_LABELS)
    return Version(
        number=entry["version"],
        milliseconds=entry.get("timestamp", 0),
        operation=entry.get("package.what") or _OTHERS.get(operation, operation),
        message=entry.get("package.message", ""),
        author=entry.get("package.author", ""),
        fingerprint=Fingerprint.model_validate_json(printed) if printed else None,
        derived=Derivation.model_validate_json(derived) if derived else None,
        reverted_to=None if back is None else int(back),
        labels=LabelSet.model_validate_json(labels) if labels else None,
    )
