"""Keys of a table's rows as text: of the key columns, or the hash of the row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.location import Location
from packager.tables.delta import VersionedTable

Keys = list[str | None]
"""One for each row; None for a row with a null in a key column."""


def row_keys(store: VersionedTable, number: int, key: Sequence[str]) -> Keys:
    """The key of every row of a version, in its order; the row hash if ``key`` has no column.

    Raises ``UsageError`` for an absent column, or one whose values have no text.
    """
    if not key:
        blocks = (row_hashes(frame).tolist() for frame in store.frames(number) if len(frame))
        return [f"{value:016x}" for block in blocks for value in block]
    check_key(store.schema(number), key, store.location)
    keys: Keys = []
    for table in store.tables(number):
        keys += key_texts([_texts(table[name]) for name in key])
    return keys


def check_key(schema: pa.Schema, key: Sequence[str], location: Location) -> None:
    """Raise ``UsageError`` unless the columns of ``key`` exist, and their values have text."""
    for name in key:
        if name not in schema.names:
            shown = ", ".join(schema.names[:20])
            raise UsageError(
                f"{location}: expected the key column {name!r}, got none",
                f"its columns are {shown}",
            )
        kind = schema.field(name).type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_null(kind):
            raise UsageError(
                f"{location}: expected a key column of texts, numbers or times, got {name!r} "
                f"({kind})",
                "name another column, or none: rows are then identified by their hash",
            )
    twice = next((name for name, count in Counter(key).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"expected every key column once, got {twice!r} again", "leave one out")


def typed_texts(values: Sequence[str], kind: pa.DataType) -> Keys:
    """Texts of a file as the texts that ``row_keys`` gives equal values of a column; None if none.

    ``017`` is the integer 17; a text that isn't a value of the type equals no row's.
    """
    if pa.types.is_string(kind):
        return list(values)
    try:
        return _texts(_as_type(values, kind))
    except pa.ArrowException:  # one of them is no value of the type
        known = {text: _typed(text, kind) for text in {*values}}
        return [known[text] for text in values]


def key_texts(columns: Sequence[Keys]) -> Keys:
    """One text for each row: that of the only column, or a JSON list."""
    if len(columns) == 1:
        return list(columns[0])
    rows = zip(*columns, strict=True)
    return [None if None in row else json.dumps(row, ensure_ascii=False) for row in rows]


def refuse_repeated(keys: Iterable[str | None], key: Sequence[str], location: object) -> None:
    """Raise ``UsageError`` if key columns don't identify rows; equal rows may share a hash."""
    if not key:
        return
    shown = ", ".join(map(repr, key))
    for text, count in Counter(keys).items():
        if text is None:
            raise UsageError(
                f"{location}: expected a value of {shown} in every row, got nulls in {count}",
                "name other key columns, or none: rows are then identified by their hash",
            )
        if count > 1:
            raise UsageError(
                f"{location}: expected {shown} to identify one row, got {count} rows with {text}",
                "name more key columns, or none: rows are then identified by their hash",
            )


def _typed(text: str, kind: pa.DataType) -> str | None:
    try:
        return _texts(_as_type([text], kind))[0]
    except pa.ArrowException:
        return None


def _as_type(texts: Sequence[str], kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, pa.string()).cast(kind)])


def _texts(column: pa.ChunkedArray) -> Keys:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    texts: Keys = pc.cast(column, pa.string()).to_pylist()
    return texts
