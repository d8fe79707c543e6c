"""Columns of plain values as arrays, as the server makes them of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.column_arrays import ColumnArrays, ColumnLayout


def arrays_of(columns: Sequence[Sequence[Any]], limit: float = 2.0**53) -> ColumnArrays:
    """All columns that arrays can hold: numbers below ``limit``, booleans and text, or null."""
    kinds = [{type(value) for value in column} - {type(None)} for column in columns]
    numbers = [
        at
        for at, column in enumerate(columns)
        if kinds[at] <= {int, float, bool}
        and all(value is None or abs(value) < limit for value in column)
    ]
    categories = {
        at: [value for value in dict.fromkeys(column) if value is not None]
        for at, column in enumerate(columns)
        if len(kinds[at]) == 1 and kinds[at] <= {str, bool}
    }
    return arrays_in(ColumnLayout(numbers, categories), columns)


def arrays_in(layout: ColumnLayout, columns: Sequence[Sequence[Any]]) -> ColumnArrays:
    """The columns of ``layout``, which holds all their values."""
    rows = len(columns[0])
    made = np.array([columns[at] for at in layout.numbers], np.float64).reshape(-1, rows)
    codes = [[layout.codes[at][value] for value in columns[at]] for at in layout.categories]
    return ColumnArrays(layout, made, np.array(codes, np.intp).reshape(-1, rows))
