"""Arrays, bytes, lists and texts whose derived numbers are unlike all others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from packager.data.array_column import ArrayColumn
from packager.data.checks.derived import derived_outlier
from packager.data.checks.table import table_of

RANDOM = np.random.default_rng(5)


def found(cells):
    frame = pd.DataFrame({"x": pd.Series(cells), "n": range(len(cells))})
    return [
        (one.observed if isinstance(one.observed, str) else one.observed[0], one.rows.tolist())
        for one in derived_outlier(table_of(frame))
    ]


def test_empty_flat_and_infinite_arrays():
    block = RANDOM.normal(5, 1, (200, 6, 6))
    block[3], block[4], block[5, 0, 0] = 0, 7, np.nan
    told = found(ArrayColumn(block))
    assert ("zeros only", [3]) in told
    assert ("one number in every element", [4]) in told
    assert ("NaN or infinite elements", [5]) in told


def test_a_bright_array():
    block = RANDOM.normal(5, 1, (200, 6, 6))
    block[9] += 100
    assert any(
        told.startswith("mean 10") and rows == [9] for told, rows in found(ArrayColumn(block))
    )


def test_bytes_lists_and_text_of_another_size():
    sizes = RANDOM.integers(80, 120, 200)
    data = [bytes(int(n)) for n in sizes]
    data[3], data[4] = b"", bytes(10**6)
    told = found(pd.Series(data, dtype=object))
    assert ("no bytes", [3]) in told
    assert any(rows == [4] or 4 in rows for text, rows in told if text.startswith("bytes"))
    lists = [[1] * int(n) for n in sizes]
    lists[7] = [1] * 10**5
    assert any(rows == [7] for _, rows in found(pd.Series(lists, dtype=object)))


def test_ordinary_cells_are_not_reported():
    assert found(ArrayColumn(RANDOM.normal(5, 1, (200, 6, 6)))) == []
    assert found(ArrayColumn(np.zeros((200, 3)))) == []
