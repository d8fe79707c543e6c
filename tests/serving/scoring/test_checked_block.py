"""Checked rows: some of them, their flags, and their columns for the model's process."""

from __future__ import annotations

import numpy as np
import pytest

from modelhost.columns import ColumnSpec, decode_columns
from packager.model.row_blocks import CodedTexts, NumberColumn, ValueColumn
from serving.scoring.checked_block import AnomalyRows, CheckedBlock

SPECS = [
    ColumnSpec("size", "number", "float64"),
    ColumnSpec("rank", "integer", "int64"),
    ColumnSpec("note", "string", "str"),
    ColumnSpec("colour", "string", "category", ("blue", "red")),
    ColumnSpec("day", "date", "object"),
]
TEXTS = CodedTexts(np.array([1, -1, 0], np.int32), ["é", "red"])


def block() -> CheckedBlock:
    features = [
        NumberColumn(np.array([0.5, np.nan, 2.0])),
        NumberColumn(np.array([1, 0, 3]), np.array([False, True, False])),
        TEXTS,
        TEXTS,
        ValueColumn(["2024-01-31", None, "2024-02-01"]),
    ]
    marks = [
        AnomalyRows("size", "missing", "size:missing", np.array([1])),
        AnomalyRows("note", "unseen", "note:unseen", np.array([1, 2])),
    ]
    return CheckedBlock(3, features, [[7, 8, 9]], marks)


def test_columns_are_plain_values() -> None:
    columns = [list(column) for column in block().columns]
    assert columns[:4] == [[0.5, None, 2.0], [1, None, 3], ["red", None, "é"], ["red", None, "é"]]
    assert columns[5] == [7, 8, 9]
    assert block().columns[0][1:] == [None, 2.0]
    assert len(block().columns[0]) == 3


def test_some_rows_keep_their_own_flags() -> None:
    some = block().at(np.array([1, 2]))
    assert some.flag_lists() == [["size:missing", "note:unseen"], ["note:unseen"]]
    assert some.anomalies == {("size", "missing"): 1, ("note", "unseen"): 2}
    assert list(some.columns[2]) == [None, "é"]
    last = block().at(np.array([2]))
    assert last.anomalies == {("note", "unseen"): 1}
    assert list(last.columns[5]) == [9]


def test_the_models_process_gets_the_same_values() -> None:
    described, buffers = block().described(SPECS)
    found, start = [], 0
    for one in described:
        count = {"json": 0, "array": 1, "text": 2}[one["as"]] + bool(one.get("nulls"))
        found += decode_columns([one], buffers[start : start + count], 3)
        start += count
    assert found[0][[0, 2]].tolist() == [0.5, 2.0]
    assert found[1:3] == [[1, None, 3], ["red", None, "é"]]
    assert found[3].tolist() == [1, -1, -1]
    assert found[4] == ["2024-01-31", None, "2024-02-01"]


@pytest.mark.parametrize("codes", [[-1, -1], []])
def test_a_column_without_text_is_sent_too(codes: list[int]) -> None:
    texts = CodedTexts(np.array(codes, np.int32), [])
    described, buffers = CheckedBlock(len(codes), [texts], (), ()).described(SPECS[2:3])
    (found,) = decode_columns(described, buffers, len(codes))
    assert found == [None] * len(codes)
