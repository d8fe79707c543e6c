"""Values of partition columns, which a log stores as text, once per file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from packager.errors import UsageError

MAX_PARTITIONS = 1000
"""Maximum per commit: each is a file that stays open while rows are written."""

Values = Mapping[str, str | None]
"""Partition column → its text in the log."""


def partition_text(value: Any, kind: pa.DataType) -> str | None:
    """A value in the protocol's text form; ``ValueError`` for text that would read as null."""
    if value is None:
        return None
    if pa.types.is_boolean(kind):
        return "true" if value else "false"
    if pa.types.is_floating(kind):
        return _number(value, kind)
    if pa.types.is_decimal(kind):
        return format(value, "f")
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            return str(value.isoformat(" ", "microseconds"))
        moment = value.astimezone(dt.UTC).replace(tzinfo=None)
        return f"{moment.isoformat('T', 'microseconds')}Z"  # in UTC, as the protocol advises
    if pa.types.is_date(kind):
        return str(value.isoformat())
    if pa.types.is_string(kind) and not value:
        raise ValueError("'' cannot be distinguished from null in a partition column")
    return str(value)


def partition_value(text: str | None, kind: pa.DataType) -> pa.Scalar:
    """The value of a text in the log; empty text is null for every type."""
    if not text:
        return pa.scalar(None, kind)
    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.array([text.removesuffix("Z")]).cast(pa.timestamp("us")).cast(kind)[0]
    return pa.array([text]).cast(kind)[0]


def by_partition(
    table: pa.Table, columns: Sequence[str], location: str
) -> Iterator[tuple[Values, pa.Table]]:
    """The rows of each partition of ``table``, in the order of first occurrence.

    Raises ``UsageError`` for a value that a partition can't have.
    """
    keys = [_texts(table[name], name, location) for name in columns]
    groups: dict[tuple[str | None, ...], list[int]] = {}
    for row, key in enumerate(zip(*keys, strict=True)):
        groups.setdefault(key, []).append(row)
    for key, rows in groups.items():
        yield dict(zip(columns, key, strict=True)), table.take(pa.array(rows))


def _texts(column: pa.ChunkedArray, name: str, location: str) -> list[str | None]:
    """The text of every row; each distinct value is formatted once."""
    coded = column.combine_chunks().dictionary_encode("encode")
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    try:
        known = [partition_text(value, column.type) for value in coded.dictionary.to_pylist()]
    except ValueError as error:
        raise UsageError(
            f"{location}: partition column {name!r}: {error}",
            "replace it, or add the rows to a table that is not partitioned by this column",
        ) from error
    return [known[index] for index in pc.fill_null(coded.indices, 0).to_pylist()]


def _number(value: float, kind: pa.DataType) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    # The shortest text that parses to the same number in the column's precision.
    return str(pa.scalar(value, kind).cast(pa.string()).as_py())
