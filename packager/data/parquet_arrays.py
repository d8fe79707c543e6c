"""Fixed-size lists of Parquet as columns of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from packager.data.array_column import ArrayColumn


def is_array(kind: Any) -> bool:
    """Whether an Arrow type is a fixed-size list, of any depth, of numbers or booleans."""
    import pyarrow as pa

    if not pa.types.is_fixed_size_list(kind):
        return False
    inner = kind.value_type
    plain = pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_boolean(inner)
    return bool(plain) or is_array(inner)


def with_arrays(frame: pd.DataFrame, table: Any) -> pd.DataFrame:
    """``frame`` with the arrays of ``table``, the same rows, as one block each.

    A column with a null within a cell is unchanged.
    """
    for field in table.schema:
        if is_array(field.type):
            made = _column(table[field.name])
            if made is not None:
                frame[field.name] = pd.Series(made, frame.index)
    return frame


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
