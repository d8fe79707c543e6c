"""Formats the difference of two data sets as text: schema, columns, rows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from packager.compare.tables import DataDiff
from packager.report.numbers import number
from packager.report.table import table
from packager.tables.row_diff import RowDiff
from packager.tables.summary import ColumnSummary
from packager.text import escape_control_characters

_COLUMNS = 40


def compared_text(found: DataDiff, columns: int | None = None) -> str:
    """The whole comparison as lines."""
    return "\n".join(_lines(found, columns))


def _lines(found: DataDiff, columns: int | None) -> Iterator[str]:
    rows = found.rows
    if found.equal:
        order = "" if rows.verdict == "equal" else ", in another order"
        yield f"equal: the same {rows.after} rows{order}"
        return
    yield "schema"
    for sign, names in (("+", found.added_columns), ("-", found.removed_columns)):
        yield from (f"  {sign} {escape_control_characters(name)}" for name in names)
    if not (found.added_columns or found.removed_columns):
        other = "other types, nulls or order of columns"
        yield f"  {other if found.types_differ else 'the same'}"
    yield "columns"
    yield from _columns(found, columns)
    yield f"rows {rows.before} → {rows.after}"
    yield from map(escape_control_characters, _rows(found))


def _columns(found: DataDiff, columns: int | None) -> Iterator[str]:
    if not found.changed_columns:
        yield "  the same values in each"
        return
    names = found.changed_columns[:_COLUMNS]
    rows = [row for name in names for row in _column(found, name)]
    heads = ("changed", "what", "before", "after")
    yield table(heads, rows, columns, right=("before", "after"), indent=2)
    if len(found.changed_columns) > _COLUMNS:
        yield f"  and {len(found.changed_columns) - _COLUMNS} more"


def _column(found: DataDiff, name: str) -> list[tuple[str, str, str, str]]:
    """The facts of a column that differ; only its name if none is known."""
    facts: list[tuple[str, str, str]] = []
    if found.summaries is not None:
        before, after = (summary.columns[name] for summary in found.summaries)
        facts += _facts(before, after)
    for drift in found.drift:
        if drift.column == name:
            about = f" of {drift.measure}" if drift.measure else ""
            facts.append((f"PSI{about}", "", number(drift.psi)))
            facts.append((f"z of the PSI{about}", "", number(drift.z)))
            if drift.unseen:
                facts.append(("new values", "", ", ".join(map(repr, drift.unseen[:5]))))
    return [(name, *fact) for fact in facts or [("values", "", "")]]


def _facts(before: ColumnSummary, after: ColumnSummary) -> Iterator[tuple[str, str, str]]:
    if before.kind != after.kind:
        yield "kind", before.kind, after.kind
    for name in ("nulls", "distinct", "minimum", "mean", "maximum"):
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            yield name, number(one), number(other)


def _rows(found: DataDiff) -> Iterator[str]:
    if found.row_diff is not None:
        yield from _row_diff(found.row_diff)
        return
    overlap = found.rows.overlap
    if found.rows.verdict == "incomparable":
        yield "  can't be compared without the data: the columns differ"
    elif overlap is not None and overlap.of_before is not None:
        about = "" if overlap.exact else "about "
        yield f"  {about}{overlap.of_before.value:.1%} of the distinct rows are in both"
    if found.rows.verdict in ("equal", "reordered"):
        yield "  the same"


def _row_diff(rows: RowDiff) -> Iterator[str]:
    yield f"  {rows.added} added, {rows.removed} removed, {rows.changed} changed"
    for name, count in sorted(rows.changed_cells.items(), key=lambda item: (-item[1], item[0])):
        yield f"  ~ {name}: {count} cells"
    for before, after in rows.changed_rows:
        yield f"  ~ {_json(before)} → {_json(after)}"
    yield from (f"  + {_json(row)}" for row in rows.added_rows)
    yield from (f"  - {_json(row)}" for row in rows.removed_rows)


def _json(row: dict[str, object]) -> str:
    text = json.dumps(row, ensure_ascii=False)
    return text if len(text) <= 300 else text[:299] + "…"
