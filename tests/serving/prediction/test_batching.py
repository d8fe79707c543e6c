"""Which requests the model process may predict together."""

from __future__ import annotations

from typing import Any

import pandas as pd

from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker, ValidatedRows
from packager.manifest.manifest import Schema
from serving.prediction.batching import RowGroups

FRAME = pd.DataFrame({"x": [0.5, 1.5], "n": [1, 2], "flag": [True, False], "t": ["a", "b"]})
SCHEMA = Schema(features=infer_columns(FRAME))


def rows(*cells: tuple[Any, ...]) -> ValidatedRows:
    return RowChecker(SCHEMA).check([dict(zip(FRAME, row, strict=True)) for row in cells])


def test_rows_meet_only_where_no_dtype_changes() -> None:
    groups = RowGroups(SCHEMA)
    whole, null = rows((1.0, 1, True, "a")), rows((None, None, True, None))
    assert groups.group(whole) == groups.group(rows((None, 5, False, None)))
    assert groups.group(whole) != groups.group(null)
    assert groups.group(null) != groups.group(rows((1.0, 1, None, "a")))


def test_columns_whose_dtype_follows_their_values_are_never_put_together() -> None:
    mixed = pd.DataFrame({"x": pd.Series([1, "a"], dtype=object)})
    column = infer_columns(mixed)[0].model_copy(update={"dtype": "any"})
    schema = Schema(features=(column,))
    item = RowChecker(schema).check([{"x": 1}])
    assert RowGroups(schema).group(item) is None
