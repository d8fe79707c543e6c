"""Arrow schemas that Delta Lake can store without loss, and their compatibility in versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from packager.data.array_fields import field_dtype, own_metadata
from packager.errors import UsageError


def stored_schema(schema: pa.Schema, location: str) -> pa.Schema:
    """``schema`` in Delta's types; ``UsageError`` for a column that can't be stored."""
    return pa.schema(
        [
            pa.field(f.name, _stored(f.type, f.name, location), metadata=own_metadata(f))
            for f in schema
        ]
    )


def fit(table: pa.Table, schema: pa.Schema, location: str) -> pa.Table:
    """``table`` with the columns and types of ``schema``; ``UsageError`` if a value is lost."""
    columns = []
    for field in schema:
        column = table[field.name]
        try:
            columns.append(column.cast(field.type))
        except pa.ArrowException as error:
            raise UsageError(
                f"{location}: column {field.name!r}: expected values that {field.type} holds, "
                f"got {error}",
                "store the column as text, or in a type that a Delta table has",
            ) from error
    return pa.Table.from_arrays(columns, schema=schema)


def refuse_nulls(table: pa.Table, required: Iterable[str], location: str) -> None:
    """Raise ``UsageError`` for a null in a ``required`` (NOT NULL) column."""
    for name in required:
        if table[name].null_count:
            raise UsageError(
                f"{location}: column {name!r}: expected no nulls, as the table demands (NOT NULL), "
                f"got {table[name].null_count}",
                "fill them in, or leave these rows out",
            )


def refuse_same_but_case(names: Iterable[str], location: str) -> None:
    """Raise ``UsageError`` for two columns whose names differ only in case."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.lower(), name)
        if other != name:
            raise UsageError(
                f"{location}: columns {other!r} and {name!r} differ only in case, "
                "which a Delta table can't hold",
                "rename one of them",
            )


def agreed_schema(
    before: pa.Schema, after: pa.Schema, table: str, *, change: bool, append: bool
) -> pa.Schema:
    """The schema of the next version: that of the last one if the new rows fit it.

    The order of columns may differ, integers fit a column of floats, and a column without values
    fits any column. Other differences raise ``UsageError`` unless ``change`` is set; rows to
    ``append`` must always fit.
    """
    for name in after.names:
        close = [old for old in before.names if old != name and old.lower() == name.lower()]
        if close:
            raise UsageError(
                f"{table}: column {name!r} differs only in case from its column {close[0]!r}",
                f"call it {close[0]!r}",
            )
    differences = [f"{name!r} is new" for name in after.names if name not in before.names]
    differences += [f"{name!r} is gone" for name in before.names if name not in after.names]
    for field in before:
        if field.name in after.names and not _fits(after.field(field.name).type, field.type):
            new_type = after.field(field.name).type
            differences.append(f"{field.name!r} was {field.type} and is {new_type}")
        elif field.name in after.names:
            was, now = (field_dtype(one) or field.type for one in (field, after.field(field.name)))
            if was != now:
                differences.append(f"{field.name!r} was {was} and is {now}")
    if differences and (append or not change):
        accept = "accept the new columns with --allow-schema-change"
        raise UsageError(
            f"{table}: expected the columns of its last version, got others: "
            f"{'; '.join(differences[:8])}{'; …' if len(differences) > 8 else ''}",
            f"fix the data, or {'add all rows again, without --append' if append else accept}",
        )
    return after if differences else before


def _fits(new_type: pa.DataType, old_type: pa.DataType) -> bool:
    if pa.types.is_null(new_type) or new_type == old_type:
        return True
    if pa.types.is_integer(new_type):
        narrow = pa.types.is_integer(old_type) and new_type.bit_width <= old_type.bit_width
        return bool(narrow or pa.types.is_float64(old_type))
    return bool(pa.types.is_float32(new_type) and pa.types.is_float64(old_type))


_REPLACED: dict[Any, Any] = {
    pa.null(): pa.string(),
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.float16(): pa.float32(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
    pa.date64(): pa.date32(),
}


def _stored(kind: pa.DataType, name: str, location: str) -> pa.DataType:
    if kind in _REPLACED:
        return _REPLACED[kind]
    if pa.types.is_dictionary(kind):
        return _stored(kind.value_type, name, location)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", None if kind.tz is None else "UTC")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_stored(kind.value_type, name, location))
    if pa.types.is_struct(kind):
        refuse_same_but_case([field.name for field in kind], f"{location}: column {name!r}")
        return pa.struct([(f.name, _stored(f.type, name, location)) for f in kind])
    if pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if (
        pa.types.is_time(kind)
        or pa.types.is_duration(kind)
        or pa.types.is_map(kind)
        or (pa.types.is_decimal(kind) and kind.precision > 38)
    ):
        raise UsageError(
            f"{location}: column {name!r}: expected a type that a Delta table has, got {kind}",
            "store the column as text or numbers",
        )
    return kind
