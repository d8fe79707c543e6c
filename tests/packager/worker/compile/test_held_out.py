"""Held-out rows converted to equivalent requests."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker
from packager.manifest.manifest import Schema
from packager.worker.compile.held_out import accepted_rows, columns_of, json_rows

FRAME = pd.DataFrame(
    {
        "n": [1.5, np.nan, -0.0],
        "i": np.array([1, 2, 3], "int8"),
        "b": [True, False, True],
        "s": ["a", None, "ü"],
        "t": pd.to_datetime(["2024-01-31T10:00", None, "1970-01-01T00:00"]).astype("datetime64[s]"),
        "c": pd.Categorical(["x", "y", None]),
    }
)
SCHEMA = Schema(features=infer_columns(FRAME))


def test_rows_are_json_and_give_back_their_frame():
    rows = json_rows(FRAME, SCHEMA)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    pd.testing.assert_frame_equal(RowChecker(SCHEMA).check(rows).frame, FRAME)


def test_only_features_are_in_a_row():
    rows = json_rows(FRAME.assign(target=1), SCHEMA)
    assert set(rows[0]) == set(FRAME.columns)


def test_rows_that_no_request_may_hold_are_left_out():
    rows = json_rows(FRAME, SCHEMA)
    odd = [{**rows[0], "n": "text"}, {**rows[0], "i": 300}, {**rows[0], "t": "soon"}]
    assert accepted_rows(SCHEMA, [*odd, *rows]) == rows


def test_columns_hold_what_the_server_hands_on():
    columns = dict(zip(SCHEMA.features, columns_of(SCHEMA, json_rows(FRAME, SCHEMA)), strict=True))
    by_name = {column.name: values for column, values in columns.items()}
    assert by_name["n"] == [1.5, None, -0.0]
    assert by_name["t"] == [1706695200, None, 0]
    assert by_name["s"] == ["a", None, "ü"]
