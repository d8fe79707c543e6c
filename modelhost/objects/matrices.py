"""Arrays from the rows that a model is asked about."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from modelhost.predictions import is_frame


def matrix(rows: Any, dtype: Any = np.float64, names: Sequence[str] | None = None) -> Any:
    """An array of ``dtype``: of shape (rows, columns), or of an array's own shape.

    A frame with a single column of arrays gives them stacked. ``names``: the columns to take.
    Raises ``ValueError`` for a column that holds anything but numbers and nulls, and for nulls and
    fractions if ``dtype`` holds none.
    """
    if not is_frame(rows):
        return _exact(np.asarray(rows), dtype)
    rows = rows if names is None else rows[list(names)]
    if rows.shape[1] == 1 and len(rows) and isinstance(rows.iloc[0, 0], (np.ndarray, list)):
        return _exact(np.stack([np.asarray(one) for one in rows.iloc[:, 0]]), dtype)
    array = np.empty(rows.shape, np.float64)
    for index, name in enumerate(rows.columns):
        array[:, index] = _numbers(rows[name], name)
    return _exact(array, dtype)


def _exact(array: Any, dtype: Any) -> Any:
    """``array`` as ``dtype``; a whole number is never the rest of a fraction, or of a null."""
    whole = np.dtype(dtype).kind in "iub"
    if whole and array.dtype.kind == "f" and not np.array_equal(array, np.rint(array)):
        raise ValueError("the model takes whole numbers, got a null or a fraction")
    return array.astype(dtype, copy=False)


def _numbers(column: Any, name: Any) -> Any:
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ValueError(f"column {name!r} holds other values than numbers") from error


def texts(rows: Any) -> list[str]:
    """The only column of text, with the empty text for null.

    Raises ``ValueError`` if there are several or none.
    """
    return ["" if value is None or value != value else str(value) for value in text_column(rows)]


def text_column(rows: Any) -> Any:
    """The only column of text of a frame, as a series; raises ``ValueError`` for several."""
    if not is_frame(rows):
        return rows
    named = [name for name in rows.columns if rows[name].dtype.kind in "OTUS"]
    named = list(rows.columns) if rows.shape[1] == 1 else named
    if len(named) != 1:
        shown = ", ".join(map(repr, rows.columns[:5]))
        raise ValueError(f"expected one column of text, got {len(named)} among {shown}")
    return rows[named[0]]
