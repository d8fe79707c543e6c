"""Fixed-size lists of Parquet as columns of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from packager.data.array_column import ArrayColumn
from packager.data.array_fields import array_column_of, field_dtype


def is_array(kind: Any) -> bool:
    """Whether an Arrow type is a fixed-size list, of any depth, of numbers or booleans."""
    import pyarrow as pa

    if not pa.types.is_fixed_size_list(kind):
        return False
    inner = kind.value_type
    plain = pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_boolean(inner)
    return bool(plain) or is_array(inner)


def nested_columns(table: Any, schema: Any) -> dict[str, Any]:
    """Column → its cells, of the arrays of ``table`` and of its lists that hold nulls.

    ``schema`` declares arrays by the metadata of its fields. Arrays are one block each. Lists with
    a null within any become lists of Python objects, None for null: arrays would hold NaN, and
    integers as floats.
    """
    cells: dict[str, Any] = {}
    for field in schema:
        declared = field_dtype(field)
        if declared is not None:
            cells[field.name] = array_column_of(table[field.name], declared, field.name)
            continue
        column_cells = _column(table[field.name]) if is_array(field.type) else None
        if column_cells is not None:
            cells[field.name] = column_cells
        elif _is_list(field.type) and _has_inner_null(table[field.name]):
            cells[field.name] = _lists(table[field.name])
    return cells


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    types: Any = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _has_inner_null(column: Any) -> bool:
    """Whether a cell that is not null holds a null, at any depth of lists."""
    for chunk in column.chunks:
        inner = chunk.drop_null()
        while _is_list(inner.type):
            inner = inner.flatten()
            if inner.null_count:
                return True
    return False


def _lists(column: Any) -> npt.NDArray[np.object_]:
    cells = np.full(len(column), np.nan, object)
    for row, cell in enumerate(column.to_pylist()):
        if cell is not None:
            cells[row] = cell
    return cells


def _column(chunked: Any) -> ArrayColumn | None:
    import pyarrow as pa

    kind, shape = chunked.type, []
    while pa.types.is_fixed_size_list(kind):
        shape.append(kind.list_size)
        kind = kind.value_type
    whole = pa.concat_arrays(chunked.chunks) if chunked.chunks else pa.array([], chunked.type)
    absent = whole.is_null().to_numpy(zero_copy_only=False)
    present = whole.drop_null()
    elements = present
    for _ in shape:
        elements = elements.flatten()
        if elements.null_count:
            return None
    numbers = elements.to_numpy(zero_copy_only=False)
    block = np.zeros((len(whole), *shape), numbers.dtype) if absent.any() else numbers
    if absent.any():
        block[~absent] = numbers.reshape(-1, *shape)
    return ArrayColumn(block.reshape(-1, *shape), absent, declared=False)
