"""Columns of arrays in Arrow: a list of all elements in each cell, with their shape beside it.

Shape and element type are in the metadata of the field, which Delta tables and Parquet files keep:
a column that has them is a declared one. Other readers find lists of numbers.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.data.array_column import ArrayColumn, ArrayDtype
from packager.errors import UsageError

KEY = b"package.array"
MAX_RANK = 32
_WHOLE = (f"{kind}{8 * size}" for kind in ("int", "uint") for size in (1, 2, 4, 8))
ELEMENTS = frozenset(("bool", "float16", "float32", "float64", *_WHOLE))


def array_field(name: str, dtype: ArrayDtype) -> Any:
    """The field of a column of arrays."""
    import pyarrow as pa

    text = json.dumps({"element": str(dtype.element), "shape": dtype.shape}, separators=(",", ":"))
    kind = pa.list_(pa.from_numpy_dtype(dtype.element))
    return pa.field(name, kind, metadata={KEY: text.encode()})


def own_metadata(field: Any) -> dict[bytes, bytes] | None:
    """The array metadata of a field; None if it has none."""
    metadata = (field.metadata or {}).get(KEY)
    return None if metadata is None else {KEY: metadata}


def field_dtype(field: Any) -> ArrayDtype | None:
    """The arrays that a field declares; None for another column.

    Raises ``UsageError`` for metadata that this program has not written.
    """
    metadata = own_metadata(field)
    if metadata is None:
        return None
    try:
        told = json.loads(metadata[KEY])
        element, shape = told["element"], tuple(told["shape"])
        sizes = all(type(size) is int and 0 < size <= 1 << 40 for size in shape)
        if element not in ELEMENTS or not sizes or not 0 < len(shape) <= MAX_RANK:
            raise ValueError("expected a type of numbers and a shape")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(
            f"column {field.name!r}: expected the shape and type of its arrays in the metadata "
            f"{KEY.decode()!r}, got others",
            "remove that metadata, or write the column again",
        ) from error
    return ArrayDtype(element, shape)


def array_cells(column: ArrayColumn) -> Any:
    """The cells as an Arrow array of lists of elements, null where a cell is null."""
    import pyarrow as pa

    rows, block = len(column), column.block.reshape(-1)
    size = len(block) // max(rows, 1)
    ends = pa.array(np.arange(rows + 1, dtype=np.int64) * size, pa.int32())
    mask = None if column.absent is None else pa.array(column.absent)
    return pa.ListArray.from_arrays(ends, pa.array(block), mask=mask)


def array_column_of(chunked: Any, dtype: ArrayDtype, name: str) -> ArrayColumn:
    """The arrays in a column of lists; ``UsageError`` for one that is none of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pa.concat_arrays(chunked.chunks) if chunked.chunks else pa.array([], chunked.type)
    absent = whole.is_null().to_numpy(zero_copy_only=False)
    present = whole.drop_null()
    elements = present.flatten()
    size = int(np.prod(dtype.shape))
    lengths = pc.list_value_length(present).to_numpy(zero_copy_only=False)
    if elements.null_count or (len(lengths) and (lengths != size).any()):
        raise UsageError(
            f"column {name!r}: expected lists of {size:,} numbers, as its metadata says, got "
            f"{'a null in one' if elements.null_count else 'another length'}",
            "write the column again, or remove its metadata",
        )
    numbers = _cast(elements.to_numpy(zero_copy_only=False), dtype.element, name)
    block = np.zeros((len(whole), size), dtype.element)
    block[~absent] = numbers.reshape(-1, size)
    return ArrayColumn(block.reshape(-1, *dtype.shape), absent)


def _cast(numbers: npt.NDArray[Any], element: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    with np.errstate(over="ignore", invalid="ignore"):
        cast = numbers.astype(element)
    if element.kind in "iu" and not np.array_equal(cast.astype(numbers.dtype), numbers):
        raise UsageError(
            f"column {name!r}: expected numbers of {element}, as its metadata says, got others",
            "write the column again, or remove its metadata",
        )
    return cast
