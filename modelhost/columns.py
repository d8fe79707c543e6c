"""Typed columns in a message: how each is described in the header and stored in buffers.

An encoded column is an object in the header with ``"as"``:

    as       further keys     buffers                              null
    json     values           none                                 null
    array    type, nulls      values of the NumPy type; mask       mask (one byte a row)
    tensor   type, shape,     values of all cells, each of this    mask
             nulls            shape, row by row; mask
    text     nulls            UTF-8 bytes; int64 ends; mask        mask
    bytes    nulls            bytes; int64 ends; mask              mask
    list     elements, nulls  int64 ends; mask; those of the       mask
                              elements, one encoded column

Dates, times of day and decimals are text: ISO 8601, and plain numbers.
``nulls`` says whether the last buffer, the mask, is there. Numbers are little-endian; a missing
float is NaN. Times are ticks since 1970 in the unit of the column's dtype, with the least int64
for a missing one. An integer array of a column of categories holds codes, -1 for a missing one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from modelhost.errors import PackageError
from modelhost.text import joined_ascii, part_ends
from modelhost.wire import Buffer

MAX_INLINE_ROWS = 16
"""Up to this many rows, JSON is faster than buffers."""
NOT_A_TIME = -(1 << 63)
_LARGE = ("array", "bytes", "list")
"""Kinds that are never sent as JSON."""
SENT_AS_TEXT = ("date", "time", "decimal")
"""Kinds whose values are objects of Python, sent as their text."""
_INT64 = (-(1 << 63), (1 << 63) - 1)


class ColumnSpec(NamedTuple):
    """A column of the frames that the model takes."""

    name: str
    kind: str
    """One of ``packager.manifest.base.Kind``."""
    dtype: str
    """The pandas dtype in training; ``category`` or ``ordered category`` for categories."""
    categories: tuple[Any, ...] | None = None
    shape: tuple[int, ...] | None = None
    """Of an array: the shape of a cell."""
    element: str | None = None
    """The NumPy dtype of an array's elements; the kind of a list's."""

    @classmethod
    def of(cls, column: Any) -> ColumnSpec:
        """From an object with the same attributes, such as a column of a manifest."""
        return cls._make(getattr(column, name) for name in cls._fields)

    def as_json(self) -> list[Any]:
        """For a header; ``ColumnSpec.read`` is the inverse."""
        return [list(value) if isinstance(value, tuple) else value for value in self]

    @classmethod
    def read(cls, fields: Sequence[Any]) -> ColumnSpec:
        """From ``as_json``."""
        return cls._make(tuple(value) if isinstance(value, list) else value for value in fields)


class EncodedColumns(NamedTuple):
    """Columns of ``rows`` rows, ready for a message."""

    rows: int
    described: list[dict[str, Any]]
    buffers: list[Buffer]


def encode_values(
    columns: Sequence[Sequence[Any]], specs: Sequence[Any], rows: int
) -> EncodedColumns:
    """Encode checked values (None for null) of these columns."""
    encoded = EncodedColumns(rows, [], [])
    for values, spec in zip(columns, specs):
        if spec.kind in SENT_AS_TEXT:
            values = [None if value is None else str(value) for value in values]
        if rows <= MAX_INLINE_ROWS and spec.kind not in _LARGE:
            encoded.described.append({"as": "json", "values": list(values)})
        else:
            described, buffers = _encoded(values, spec)
            encoded.described.append(described)
            encoded.buffers.extend(buffers)
    return encoded


def encode_labels(labels: Sequence[Any]) -> EncodedColumns:
    """Labels, None for an unknown one, as one column."""
    kinds = {type(label) for label in labels if label is not None}
    encoded = EncodedColumns(len(labels), [], [])
    described: dict[str, Any] = {"as": "json", "values": list(labels)}
    buffers: list[Buffer] = []
    if len(labels) > MAX_INLINE_ROWS and kinds == {str}:
        described, buffers = encode_text(labels)
    elif len(labels) > MAX_INLINE_ROWS and kinds == {float} and None not in labels:
        described, buffers = encode_array(np.array(labels, np.float64))
    encoded.described.append(described)
    encoded.buffers.extend(buffers)
    return encoded


def _encoded(values: Sequence[Any], spec: Any) -> tuple[dict[str, Any], list[Buffer]]:
    kind = "any" if spec.dtype.endswith("category") and spec.kind != "string" else spec.kind
    if kind in _LARGE:
        return _ENCODE[kind](values, spec)
    if kind == "number":
        return encode_array(np.array([math.nan if v is None else v for v in values], np.float64))
    if kind == "string" or kind in SENT_AS_TEXT:
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


def encode_tensor(values: Any, spec: Any) -> tuple[dict[str, Any], list[Buffer]]:
    """Cells of ``spec``'s shape and dtype, None for null: a list, or one array of all."""
    mask = [] if isinstance(values, np.ndarray) else [value is None for value in values]
    if any(mask):
        zero = np.zeros(spec.shape, spec.element)
        values = [zero if gone else value for value, gone in zip(values, mask)]
    if len(values) == 1:  # not copied
        values = values[0]
    block = np.asarray(values, spec.element).reshape(-1)
    described, buffers = encode_array(block, mask)
    return {**described, "as": "tensor", "shape": list(spec.shape)}, buffers


def encode_bytes(values: Sequence[Any]) -> tuple[dict[str, Any], list[Buffer]]:
    """Byte strings, None for null."""
    described, buffers = _encode_parts([value or b"" for value in values])
    return _with_mask({"as": "bytes", **described}, buffers, [value is None for value in values])


def encode_lists(values: Sequence[Any], element: str) -> tuple[dict[str, Any], list[Buffer]]:
    """Lists of elements of this kind, None for null."""
    mask = [value is None for value in values]
    flat = [one for value in values if value is not None for one in value]
    ends = np.cumsum([0 if value is None else len(value) for value in values], dtype=np.int64)
    spec = ColumnSpec("", element, "object")
    inner, more = _encoded(flat, spec) if flat else ({"as": "json", "values": []}, [])
    if element == "number" and None in flat:  # a missing float and NaN differ within a list
        inner, more = {"as": "json", "values": flat}, []
    described = {"as": "list", "elements": inner, "nulls": False}
    described, buffers = _with_mask(described, [ends.astype("<i8").tobytes()], mask)
    return described, [*buffers, *more]


_ENCODE: dict[str, Callable[[Sequence[Any], Any], tuple[dict[str, Any], list[Buffer]]]] = {
    "array": encode_tensor,
    "bytes": lambda values, _: encode_bytes(values),
    "list": lambda values, spec: encode_lists(values, spec.element),
}


def _encode_parts(parts: Sequence[bytes]) -> tuple[dict[str, Any], list[Buffer]]:
    return {"nulls": False}, [b"".join(parts), part_ends(parts)]


def _with_mask(
    described: dict[str, Any], buffers: list[Buffer], mask: Sequence[bool]
) -> tuple[dict[str, Any], list[Buffer]]:
    if not any(mask):
        return described, buffers
    return {**described, "nulls": True}, [*buffers, np.array(mask, np.bool_).tobytes()]


def encode_text(values: Sequence[Any]) -> tuple[dict[str, Any], list[Buffer]]:
    """Texts; a value that is no text is null."""
    whole = joined_ascii(values)
    if whole is not None:
        return {"as": "text", "nulls": False}, [whole, part_ends(values)]
    mask = [not isinstance(value, str) for value in values]
    parts = [
        b"" if gone else value.encode("utf-8", "surrogatepass") for value, gone in zip(values, mask)
    ]
    described, buffers = _encode_parts(parts)
    return _with_mask({"as": "text", **described}, buffers, mask)


def decode_columns(
    described: Sequence[dict[str, Any]], buffers: Sequence[Buffer], rows: int
) -> list[Any]:
    """The columns: a list (None for null), or an array if no value is masked.

    Raises ``PackageError`` for columns of another length or form.
    """
    remaining = iter(buffers)
    columns = []
    for one in described:
        try:
            values = _decoded(one, remaining)
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
    if form == "tensor":
        return _tensor(one, left)
    if form == "bytes":
        block, stops = memoryview(next(left)), np.frombuffer(next(left), "<i8").tolist()
        parts = [bytes(block[start:stop]) for start, stop in zip([0, *stops], stops)]
        return _masked(parts, one, left)
    if form == "list":
        return _lists(one, left)
    raise ValueError(f"form {form!r}")


def _tensor(one: dict[str, Any], left: Any) -> Any:
    """One array of all cells; a list of arrays and None if any is null."""
    flat = np.frombuffer(next(left), np.dtype(one["type"]))
    if flat.dtype.kind not in "biuf":
        raise ValueError(f"type {flat.dtype}")
    block = flat.reshape(-1, *one["shape"])
    return _masked(block, one, left) if one["nulls"] else block


def _lists(one: dict[str, Any], left: Any) -> list[Any]:
    stops = np.frombuffer(next(left), "<i8").tolist()
    mask = _mask(next(left)) if one["nulls"] else None
    inner = _decoded(one["elements"], left)
    flat = inner.tolist() if isinstance(inner, np.ndarray) else inner
    values: list[Any] = [flat[start:stop] for start, stop in zip([0, *stops], stops)]
    return values if mask is None else [None if m else v for v, m in zip(values, mask)]


def _masked(values: Any, one: dict[str, Any], left: Any) -> Any:
    if not one["nulls"]:
        return values
    return [None if gone else value for value, gone in zip(values, _mask(next(left)))]


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
    return list(_masked(values, one, left))


def _mask(buffer: Buffer) -> list[bool]:
    return [bool(gone) for gone in bytes(buffer)]


def _unreadable(got: str) -> PackageError:
    return PackageError(
        f"columns on the model's connection: expected those of modelhost.columns, {got}",
        "the two sides are of different versions: build the package again",
    )
