"""The rows that a caller gives, as an Arrow table with the columns of a package."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from packager.errors import UsageError
from packager.manifest.manifest import Schema

Rows = Any
"""A DataFrame, or what ``DataFrame`` takes: a matrix, a list of mappings, one mapping of lists."""


def frame_of(rows: Rows, schema: Schema) -> pd.DataFrame:
    """``rows`` as a data frame; a matrix has the features in the order of the schema.

    Raises ``UsageError`` for anything that is no table.
    """
    if isinstance(rows, pd.DataFrame):
        return rows
    names = [feature.name for feature in schema.features]
    if hasattr(rows, "toarray"):
        raise UsageError(
            f"expected rows as a DataFrame or a dense matrix, got {type(rows).__name__}",
            "convert them: pandas.DataFrame.sparse.from_spmatrix(rows, columns=…)",
        )
    matrix = np.asarray(rows) if not _is_mappings(rows) else None
    if matrix is None:
        return pd.DataFrame(rows)
    if matrix.ndim != 2 or matrix.shape[1] != len(names):
        raise UsageError(
            f"expected rows of {len(names)} features, got an array of the shape {matrix.shape}",
            "give a DataFrame with the columns of `.schema`",
        )
    return pd.DataFrame(matrix, columns=names)


def _is_mappings(rows: Any) -> bool:
    return isinstance(rows, dict) or (
        isinstance(rows, list | tuple) and bool(rows) and all(isinstance(row, dict) for row in rows)
    )


def named_by_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with its columns that have whole numbers as names, as of a matrix, named by texts.

    >>> list(named_by_texts(pd.DataFrame([[1, 2]])).columns)
    ['0', '1']
    """
    numbers = (int, np.integer)
    if not any(isinstance(name, numbers) for name in frame.columns):
        return frame
    names = [
        str(name) if isinstance(name, numbers) and not isinstance(name, bool) else name
        for name in frame.columns
    ]
    return frame.set_axis(names, axis="columns")


def table_of(frame: pd.DataFrame, schema: Schema) -> pa.Table:
    """The columns of ``frame`` that the package knows, as Arrow; others, as a target, are left out.

    Raises ``UsageError`` that names a column of the schema whose cells are of several types.
    """
    frame = named_by_texts(frame)
    known = {one.name for one in (*schema.features, *schema.extras)}
    columns: dict[str, Any] = {}
    for name in frame.columns:
        if name not in known:
            continue
        try:
            columns[name] = pa.array(frame[name], from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError) as error:
            kinds = sorted({type(one).__name__ for one in frame[name].dropna().head(1000)})
            raise UsageError(
                f"{name}: expected cells of one type, got {', '.join(kinds)}",
                f"convert the column: {str(error).splitlines()[0]}",
            ) from error
    return pa.table(columns) if columns else pa.table({"": pa.nulls(len(frame))}).drop([""])
