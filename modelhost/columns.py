"""Typed columns in a message: how each is described in the header and stored in buffers.

An encoded column is an object in the header with ``"as"``:

    as       further keys     buffers                              null
    json     values           none                                 null
    array    type, nulls      values of the NumPy type; mask       mask (one byte a row)
    text     nulls            UTF-8 bytes; int64 ends; mask        mask

``nulls`` says whether the last buffer, the mask, is there. Numbers are little-endian; a missing
float is NaN. Times are ticks since 1970 in the unit of the column's dtype, with the least int64
for a missing one. An integer array of a column of categories holds codes, -1 for a missing one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from modelhost.errors import PackageError
from modelhost.wire import Buffer

MAX_INLINE_ROWS = 16
"""Up to this many rows, JSON is faster than buffers."""
NOT_A_TIME = -(1 << 63)
_INT64 = (-(1 << 63), (1 << 63) - 1)


class ColumnSpec(NamedTuple):
    """A column of the frames that the model takes."""

    name: str
    kind: str
    """``number``, ``integer``, ``boolean``, ``string``, ``datetime`` or ``any``."""
    dtype: str
    """The pandas dtype in training; ``category`` or ``ordered category`` for categories."""
    categories: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, column: Any) -> ColumnSpec:
        """From an object with the same attributes, such as a column of a manifest."""
        return cls(column.name, column.kind, column.dtype, column.categories)

    def as_json(self) -> list[Any]:
        """For a header; ``ColumnSpec.read`` is the inverse."""
        return [*self[:3], None if self.categories is None else list(self.categories)]

    @classmethod
    def read(cls, given: Sequence[Any]) -> ColumnSpec:
        """From ``as_json``."""
        name, kind, dtype, categories = given
        return cls(name, kind, dtype, None if categories is None else tuple(categories))


class EncodedColumns(NamedTuple):
    """Columns of ``rows`` rows, ready for a message."""

    rows: int
    described: list[dict[str, Any]]
    buffers: list[Buffer]


def encode_values(
    columns: Sequence[Sequence[Any]], specs: Sequence[Any], rows: int
) -> EncodedColumns:
    """Encode checked values (None for null) of these columns."""
    made = EncodedColumns(rows, [], [])
    for values, spec in zip(columns, specs):
        if rows <= MAX_INLINE_ROWS:
            made.described.append({"as": "json", "values": list(values)})
        else:
            described, buffers = _encoded(values, spec)
            made.described.append(described)
            made.buffers.extend(buffers)
    return made


def encode_labels(labels: Sequence[Any]) -> EncodedColumns:
    """Labels, None for an unknown one, as one column."""
    kinds = {type(label) for label in labels if label is not None}
    made = EncodedColumns(len(labels), [], [])
    described: dict[str, Any] = {"as": "json", "values": list(labels)}
    buffers: list[Buffer] = []
    if len(labels) > MAX_INLINE_ROWS and kinds == {str}:
        described, buffers = encode_text(labels)
    elif len(labels) > MAX_INLINE_ROWS and kinds == {float} and None not in labels:
        described, buffers = encode_array(np.array(labels, np.float64))
    made.described.append(described)
    made.buffers.extend(buffers)
    return made


def _encoded(values: Sequence[Any], spec: Any) -> tuple[dict[str, Any], list[Buffer]]:
    kind = "any" if spec.dtype.endswith("category") and spec.kind != "string" else spec.kind
    if kind == "number":
        return encode_array(np.array([math.nan if v is None else v for v in values], np.float64))
    if kind == "string":
        return encode_text(values)
    if kind == "datetime":
        return encode_array(np.array([NOT_A_TIME if v is None else v for v in values], np.int64))
    if kind in ("integer", "boolean"):
        mask = [value is None for value in values]
        plain = [0 if value is None else value for value in values]
        if kind == "boolean":
            return encode_array(np.array(plain, np.bool_), mask)
        if _INT64[0] <= min(plain) and max(plain) <= _INT64[1]:
            return encode_array(np.array(plain, np.int64), mask)
    return {"as": "json", "values": list(values)}, []


def encode_array(
    values: Any, mask: Sequence[bool] | None = None
) -> tuple[dict[str, Any], list[Buffer]]:
    """A numeric or boolean array, with the rows that are null if any is."""
    array = np.ascontiguousarray(values)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    described: dict[str, Any] = {"as": "array", "type": array.dtype.str, "nulls": False}
    buffers: list[Buffer] = [array.data.cast("B") if array.size else b""]
    if mask is not None and any(mask):
        described["nulls"] = True
        buffers.append(np.array(mask, np.bool_).tobytes())
    return described, buffers


def encode_text(values: Sequence[Any]) -> tuple[dict[str, Any], list[Buffer]]:
    """Texts; a value that is no text is null."""
    mask = [not isinstance(value, str) for value in values]
    parts = [
        b"" if gone else value.encode("utf-8", "surrogatepass") for value, gone in zip(values, mask)
    ]
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    described: dict[str, Any] = {"as": "text", "nulls": any(mask)}
    buffers: list[Buffer] = [b"".join(parts), ends.astype("<i8").tobytes()]
    if described["nulls"]:
        buffers.append(np.array(mask, np.bool_).tobytes())
    return described, buffers


def decode_columns(
    described: Sequence[dict[str, Any]], buffers: Sequence[Buffer], rows: int
) -> list[Any]:
    """The columns: a list (None for null), or an array if no value is masked.

    Raises ``PackageError`` for columns of another length or form.
    """
    left = iter(buffers)
    columns = []
    for one in described:
        try:
            values = _decoded(one, left)
        except (KeyError, TypeError, ValueError, StopIteration) as error:
            raise _unreadable(f"got {type(error).__name__}: {error}") from error
        if len(values) != rows:
            raise _unreadable(f"got {len(values)} values for {rows} rows")
        columns.append(values)
    return columns


def _decoded(one: dict[str, Any], left: Any) -> Any:
    form = one["as"]
    if form == "json":
        return list(one["values"])
    if form == "array":
        array = np.frombuffer(next(left), np.dtype(one["type"]))
        if array.dtype.kind not in "biuf":
            raise ValueError(f"type {array.dtype}")
        if not one["nulls"]:
            return array
        return [None if gone else value for value, gone in zip(array.tolist(), _mask(next(left)))]
    if form == "text":
        return _texts(bytes(next(left)), np.frombuffer(next(left), "<i8"), one, left)
    raise ValueError(f"form {form!r}")


def _texts(block: bytes, ends: Any, one: dict[str, Any], left: Any) -> list[Any]:
    stops = ends.tolist()
    if block.isascii():  # then the positions of characters are those of bytes
        text = block.decode("ascii")
        values: list[Any] = [text[start:stop] for start, stop in zip([0, *stops], stops)]
    else:
        values = [
            block[start:stop].decode("utf-8", "surrogatepass")
            for start, stop in zip([0, *stops], stops)
        ]
    if one["nulls"]:
        return [None if gone else value for value, gone in zip(values, _mask(next(left)))]
    return values


def _mask(buffer: Buffer) -> list[bool]:
    return [bool(gone) for gone in bytes(buffer)]


def _unreadable(got: str) -> PackageError:
    return PackageError(
        f"columns on the model's connection: expected those of modelhost.columns, {got}",
        "the two sides are of different versions: build the package again",
    )
