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


def compared_text(difference: DataDiff, columns: int | None = None) -> str:
    """The whole comparison as lines."""
    return "\n".join(_lines(difference, columns))


def _lines(difference: DataDiff, columns: int | None) -> Iterator[str]:
    rows = difference.rows
    if difference.equal:
        order = "" if rows.verdict == "equal" else ", in another order"
        yield f"equal: the same {rows.after} rows{order}"
        return
    yield "schema"
    for sign, names in (("+", difference.added_columns), ("-", difference.removed_columns)):
        yield from (f"  {sign} {escape_control_characters(name)}" for name in names)
    if not (difference.added_columns or difference.removed_columns):
        other = "other types, nulls or order of columns"
        yield f"  {other if difference.types_differ else 'the same'}"
    yield "columns"
    yield from _columns(difference, columns)
    yield f"rows {rows.before} → {rows.after}"
    yield from map(escape_control_characters, _rows(difference))


def _columns(difference: DataDiff, columns: int | None) -> Iterator[str]:
    if not difference.changed_columns:
        yield "  the same values in each"
        return
    names = difference.changed_columns[:_COLUMNS]
    rows = [row for name in names for row in _column(difference, name)]
    heads = ("changed", "what", "before", "after")
    yield table(heads, rows, columns, right=("before", "after"), indent=2)
    if len(difference.changed_columns) > _COLUMNS:
        yield f"  and {len(difference.changed_columns) - _COLUMNS} more"


def _column(difference: DataDiff, name: str) -> list[tuple[str, str, str, str]]:
    """The facts of a column that differ; only its name if none is known."""
    facts: list[tuple[str, str, str]] = []
    if difference.summaries is not None:
        before, after = (summary.columns[name] for summary in difference.summaries)
        facts += _facts(before, after)
    for drift in difference.drift:
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


def _rows(difference: DataDiff) -> Iterator[str]:
    if difference.row_diff is not None:
        yield from _row_diff(difference.row_diff)
        return
    overlap = difference.rows.overlap
    if difference.rows.verdict == "incomparable":
        yield "  can't be compared without the data: the columns differ"
    elif overlap is not None and overlap.of_before is not None:
        about = "" if overlap.exact else "about "
        yield f"  {about}{overlap.of_before.value:.1%} of the distinct rows are in both"
    if difference.rows.verdict in ("equal", "reordered"):
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
