"""Formats the versions of a table, and the result of adding one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from packager.data.drift import ColumnDrift
from packager.report.table import Cell, table
from packager.tables.commit import CommitResult
from packager.tables.records import Version

_SHOWN = 5


def added_text(added: CommitResult) -> str:
    """The changes of an added version, in a few lines."""
    return "\n".join(_added(added))


def added_json(added: CommitResult) -> dict[str, Any]:
    """The changes of an added version, as plain JSON values."""
    return {
        "version": added.version.number,
        "unchanged": added.unchanged,
        "rows": added.version.fingerprint.row_count if added.version.fingerprint else None,
        "compared_with": added.before.number if added.before else None,
        "new_columns": added.new_columns,
        "gone_columns": added.gone_columns,
        "difference": added.rows.model_dump(mode="json") if added.rows else None,
        "drift": [drift.model_dump(mode="json") for drift in added.drift],
        "leakage": added.leakage,
    }


def _added(added: CommitResult) -> Iterator[str]:
    count = added.version.fingerprint.row_count if added.version.fingerprint else 0
    if added.unchanged:
        yield f"unchanged: version {added.version.number} holds these {count} rows already"
        return
    if added.before is None:
        yield f"version {added.version.number}: {count} rows, the first version"
    else:
        yield from _difference(added, added.before, count)
    if added.leakage is not None:
        yield f"  leakage   {added.leakage}"


def _difference(added: CommitResult, before: Version, count: int) -> Iterator[str]:
    yield f"version {added.version.number}: {count} rows; compared with {before.number}:"
    yield f"  rows      {_rows(added)}"
    changed = [f"+{name}" for name in added.new_columns]
    changed += [f"-{name}" for name in added.gone_columns]
    yield f"  columns   {', '.join(changed) or 'the same'}"
    yield from (f"  drift     {line}" for line in drift_lines(added.drift))
    for drift in added.drift:
        if drift.unseen:
            names = ", ".join(repr(value) for value in drift.unseen[:_SHOWN])
            more = ", …" if len(drift.unseen) > _SHOWN else ""
            yield f"  unseen    {drift.name}: {names}{more}"


def drift_lines(drift: Iterable[ColumnDrift]) -> Iterator[str]:
    """A line for each column with notable drift, in the order of ``drift``, at most five."""
    notable = [column for column in drift if column.notable]
    for column in notable[:_SHOWN]:
        yield f"{column.name}: PSI {column.psi:.3f}, z {column.z:.1f}"
    if len(notable) > _SHOWN:
        yield f"and {len(notable) - _SHOWN} more columns"
    if not notable:
        yield "no significant drift"


def _rows(added: CommitResult) -> str:
    rows = added.rows
    if rows is None:
        return "not known: another program wrote the previous version"
    change = f"{rows.before} → {rows.after}"
    if rows.verdict == "reordered":
        return f"{change}, the same in another order"
    if rows.overlap is None:
        return f"{change}, {rows.verdict}"
    of_after = rows.overlap.of_after
    about = "" if rows.overlap.exact else "about "
    shared = "none" if of_after is None else f"{about}{of_after.value:.1%}"
    return f"{change}, {shared} of the new rows existed before"


def log_text(versions: Iterable[Version], columns: int | None = None) -> str:
    """One line per version, the newest first."""
    heads = ("version", "time", "content", "rows", "change", "author", "message")
    return table(heads, map(_cells, reversed(list(versions))), columns, right=("version", "rows"))


def log_json(version: Version) -> dict[str, Any]:
    """A version as plain JSON values; its fingerprint omits the sketch."""
    fields = version.model_dump(mode="json", by_alias=True)
    if fields["fingerprint"]:
        del fields["fingerprint"]["sketch"]
    return {**fields, "when": version.when}


def _cells(version: Version) -> tuple[Cell, ...]:
    fingerprint = version.fingerprint
    return (
        str(version.number),
        version.when,
        fingerprint.rows[0][:8] if fingerprint else "",
        fingerprint.row_count if fingerprint else "not known",
        version.operation if version.reverted_to is None else f"revert to {version.reverted_to}",
        version.author,
        version.message,
    )
