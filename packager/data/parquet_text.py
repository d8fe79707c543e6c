"""Dictionary-encoded text of Parquet, which holds each distinct value once.

A file of a few kilobytes may contain one long value a million times. Decoded, that exceeds the
memory of any machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.memory_limit import check_room


def encoded(table: Any, schema: Any) -> Any:
    """``table`` and ``schema`` with all text columns of ``schema`` dictionary-encoded."""
    import pyarrow as pa

    kind = pa.dictionary(pa.int32(), pa.string())
    fields = []
    for index, field in enumerate(schema):
        fields.append(field.with_type(kind) if is_text(field.type) else field)
        if is_text(field.type) and not pa.types.is_dictionary(table.schema.types[index]):
            column = table.column(index).cast(pa.string()).dictionary_encode()
            table = table.set_column(index, field.name, column)
    return table, pa.schema(fields)


def decoded(table: Any, schema: Any, location: object) -> Any:
    """``table`` in the types of ``schema``; ``UsageError`` if its text does not fit in memory.

    A value may occur in the file once, and in the table a million times.
    """
    size = sum(_text_bytes(table[f.name]) for f in schema if _is_encoded(table, f))
    check_room(location, "text", size, f"{len(table):,} rows of it")
    return table.cast(schema)


def shared(column: Any) -> npt.NDArray[np.object_]:
    """The texts of an Arrow column as Python strings, shape (rows,); equal cells share one."""
    coded = _used_only(column.dictionary_encode()).unify_dictionaries()
    parts = [np.empty(0, object)]
    for index, chunk in enumerate(coded.chunks):
        if index == 0:
            texts = np.array([*chunk.dictionary.to_pylist(), np.nan], dtype=object)
        codes = chunk.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
        parts.append(texts[codes])
    return np.concatenate(parts)


def held_by_python(dtype: Any) -> Any:
    """A text dtype whose cells share objects; pyarrow's storage would copy each text."""
    if isinstance(dtype, pd.StringDtype) and dtype.storage != "python":
        return pd.StringDtype("python", na_value=dtype.na_value)
    return dtype


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is text."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def spelled_bytes(array: Any) -> int:
    """Bytes of an array with all values decoded, at any depth."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        return _text_bytes(pa.chunked_array([array])) + 8 * len(array)
    if pa.types.is_struct(kind):
        return sum(map(spelled_bytes, array.flatten()), 64 * len(array))
    if pa.types.is_map(kind):  # without its nulls
        return spelled_bytes(array.keys) + spelled_bytes(array.items) + 8 * len(array)
    if pa.types.is_nested(kind) and not pa.types.is_union(kind):
        return spelled_bytes(array.flatten()) + 8 * len(array)
    return int(array.nbytes)


def _is_encoded(table: Any, field: Any) -> bool:
    import pyarrow as pa

    return is_text(field.type) and bool(pa.types.is_dictionary(table.schema.field(field.name).type))


def _used_only(column: Any) -> Any:
    """A dictionary-encoded column without unused values in dictionaries longer than their chunk."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = []
    for chunk in column.chunks:
        if len(chunk.dictionary) > len(chunk):
            used = pc.unique(chunk.indices.drop_null())
            codes = pc.index_in(chunk.indices, used)
            chunk = pa.DictionaryArray.from_arrays(codes, chunk.dictionary.take(used))
        parts.append(chunk)
    return pa.chunked_array(parts, column.type)


def _text_bytes(column: Any) -> int:
    import pyarrow.compute as pc

    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary).cast("int64")
        total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    return total
