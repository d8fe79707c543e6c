"""Blocks and answers survive the way through a message."""

from __future__ import annotations

import numpy as np

from modelhost.predictions import Predictions
from modelhost.wire import roundtrip
from packager.model.row_blocks import BlockAnswers, CodedTexts, NumberColumn, RowBlock, ValueColumn


def test_a_block_arrives_as_it_was_sent() -> None:
    columns = {
        "size": NumberColumn(np.array([0.5, np.nan, 2.0])),
        "rank": NumberColumn(np.array([1, 0, 3]), np.array([False, True, False])),
        "colour": CodedTexts(np.array([0, -1, 1], np.int32), ["röt", ""]),
        "day": ValueColumn(["2024-01-31", None, [1, 2]]),
    }
    found = RowBlock.decoded(roundtrip(RowBlock(70, 3, columns).encoded()))
    assert (found.first, found.rows, list(found.columns)) == (70, 3, list(columns))
    assert [column.plain() for column in found.columns.values()] == [
        [0.5, None, 2.0],
        [1, None, 3],
        ["röt", None, ""],
        ["2024-01-31", None, [1, 2]],
    ]


def test_answers_arrive_as_they_were_sent() -> None:
    chances = np.array([[0.25, 0.75], [1.0, 0.0]])
    flags = [("size:missing", np.array([1])), ("size:unseen", np.array([0, 1]))]
    sent = BlockAnswers(Predictions(["a", "b"], chances), flags, [(2, "no")])
    found = BlockAnswers.decoded(roundtrip(sent.encoded()))
    assert found.predictions.labels == ["a", "b"]
    assert np.array_equal(found.predictions.probabilities, chances)
    assert [(name, own.tolist()) for name, own in found.flags] == [
        ("size:missing", [1]),
        ("size:unseen", [0, 1]),
    ]
    assert found.rejected == [(2, "no")]
