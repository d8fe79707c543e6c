"""Encodes data frames for the model host, which builds equal ones with its own pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from modelhost.columns import (
    SENT_AS_TEXT,
    ColumnSpec,
    EncodedColumns,
    encode_array,
    encode_bytes,
    encode_lists,
    encode_tensor,
    encode_text,
)
from modelhost.list_kinds import kind_of_elements
from modelhost.wire import Buffer
from packager.errors import PackageError

_PLAIN = {"i": "integer", "u": "integer", "f": "number", "b": "boolean"}
Encoded = tuple[dict[str, Any], list[Buffer]]


def encode_frame(frame: pd.DataFrame) -> tuple[list[ColumnSpec], EncodedColumns]:
    """The columns of ``frame``: their descriptions, and their values for a message.

    Raises ``PackageError`` for a column of a dtype that no file of data has.
    """
    encoded = EncodedColumns(len(frame), [], [])
    specs = []
    for position, name in enumerate(frame.columns):
        spec, (described, buffers) = _column(str(name), frame.iloc[:, position])
        specs.append(spec)
        encoded.described.append(described)
        encoded.buffers.extend(buffers)
    return specs, encoded


def frame_header(frame: pd.DataFrame) -> tuple[dict[str, Any], list[Buffer]]:
    """The keys of a request's header that describe ``frame``, and its buffers."""
    specs, columns = encode_frame(frame)
    header = {
        "specs": [spec.as_json() for spec in specs],
        "columns": columns.described,
        "rows": columns.rows,
    }
    return header, columns.buffers


def _column(name: str, series: pd.Series[Any]) -> tuple[ColumnSpec, Encoded]:
    if hasattr(series.array, "block"):  # packager.data.array_column.ArrayColumn
        return _tensor(name, series.array)
    dtype: Any = series.dtype
    text = str(dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy()
        categories = tuple(dtype.categories.tolist())
        text = "ordered category" if dtype.ordered else "category"
        return ColumnSpec(name, "any", text, categories), encode_array(codes)
    if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN:
        return ColumnSpec(name, _PLAIN[dtype.kind], text), encode_array(series.to_numpy())
    if pd.api.types.is_datetime64_any_dtype(dtype):
        ticks = series.astype("int64") if series.notna().all() else _ticks(series)
        return ColumnSpec(name, "datetime", text), encode_array(np.asarray(ticks, np.int64))
    values = series.tolist()
    if isinstance(dtype, pd.StringDtype) or dtype == np.dtype(object):
        if all(isinstance(value, str) or _missing(value) for value in values):
            return ColumnSpec(name, "string", text), encode_text(values)
    elif text[:1].lower() not in _PLAIN or not pd.api.types.is_extension_array_dtype(dtype):
        raise _unknown(name, text)
    plain = [None if _missing(value) else value for value in values]
    encoded = _objects(name, plain) if dtype == np.dtype(object) else None
    if encoded is not None:
        return encoded
    if not all(value is None or isinstance(value, bool | int | float | str) for value in plain):
        raise _unknown(name, text)
    kind = "any" if dtype == np.dtype(object) else _PLAIN[text[:1].lower()]
    return ColumnSpec(name, kind, text), ({"as": "json", "values": plain}, [])


def _tensor(name: str, column: Any) -> tuple[ColumnSpec, Encoded]:
    shape, element = column.dtype.shape, str(column.dtype.element)
    spec = ColumnSpec(name, "array", "object", None, shape, element)
    return spec, encode_tensor(column.block if column.absent is None else list(column), spec)


def _objects(name: str, plain: list[Any]) -> tuple[ColumnSpec, Encoded] | None:
    present = [value for value in plain if value is not None]
    kind = pd.api.types.infer_dtype(present)
    if kind in SENT_AS_TEXT:
        texts = [None if value is None else str(value) for value in plain]
        return ColumnSpec(name, kind, "object"), encode_text(texts)
    forms = {(one.shape, one.dtype) if isinstance(one, np.ndarray) else None for one in present}
    if len(forms) == 1 and None not in forms and present[0].dtype.kind in _PLAIN:
        shape, element = present[0].shape, str(present[0].dtype)
        spec = ColumnSpec(name, "array", "object", None, shape, element)
        return spec, encode_tensor(plain, spec)
    if present and all(isinstance(value, bytes) for value in present):
        return ColumnSpec(name, "bytes", "object"), encode_bytes(plain)
    if not present or not all(isinstance(value, list) for value in present):
        return None
    element = kind_of_elements(present) or "any"
    return ColumnSpec(name, "list", "object", None, None, element), encode_lists(plain, element)


def _ticks(series: pd.Series[Any]) -> Any:
    values: Any = series.dt.tz_convert("UTC").dt.tz_localize(None) if series.dt.tz else series
    return values.to_numpy().view(np.int64)


def _missing(value: Any) -> bool:
    if isinstance(value, list | np.ndarray):
        return False
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _unknown(name: str, dtype: str) -> PackageError:
    return PackageError(
        f"column {name!r}: expected numbers, text, booleans, times or categories, got {dtype}",
        "convert it in the data, or exclude it under [data]",
    )
