"""Generated arrays of 784 numbers with ten classes, and a project that reads them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

ROWS, SIZE, CLASSES = 4_000, 784, 10
COLUMN = "pixels"
DECLARED = f"""
[data.columns]
{COLUMN} = {{ kind = "array", shape = [{SIZE}], element = "float32" }}
"""


TAKES = 'features = "array"\n'
"""The setting by which train and predict get one array."""


def array_table(target: str) -> pd.DataFrame:
    """Rows with an array, (784,) of float32 as a list, and a class."""
    source = np.random.default_rng(7)
    labels = source.integers(CLASSES, size=ROWS)
    patterns = source.random((CLASSES, SIZE))
    noisy = np.clip(patterns[labels] + source.normal(0, 0.6, (ROWS, SIZE)), 0, 1)
    # Three decimals, as greys divided by 255 are often written; exact in float32 as it is sent.
    arrays = noisy.round(3).astype(np.float32).astype(np.float64).round(3)
    return pd.DataFrame({COLUMN: arrays.tolist(), target: [f"class {one}" for one in labels]})


def as_array(rows: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float32]:
    """The arrays of rows of a request, (rows, 784)."""
    return np.array([row[COLUMN] for row in rows], np.float32)


def as_parquet(frame: pd.DataFrame) -> bytes:
    """The rows as a Parquet file, the arrays as fixed-size lists."""
    block = np.array(frame[COLUMN].tolist(), np.float32)
    arrays = pa.FixedSizeListArray.from_arrays(pa.array(block.reshape(-1)), SIZE)
    others = {name: pa.array(frame[name]) for name in frame if name != COLUMN}
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({COLUMN: arrays, **others}), file)
    return file.getvalue()
