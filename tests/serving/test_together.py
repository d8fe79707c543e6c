"""Requests that wait are predicted together, and answered as if each had been alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from packager.data.frames import infer_columns
from packager.data.rows import Checked, RowChecker
from packager.manifest import Schema
from packager.worker.predictions import Predictions
from serving.predictor import ModelError
from serving.together import Together

FRAME = pd.DataFrame({"x": [0.5, 1.5], "n": [1, 2], "flag": [True, False], "t": ["a", "b"]})
SCHEMA = Schema(features=infer_columns(FRAME))


class Doubling:
    """A predictor of which only what ``Together`` needs is there."""

    def __init__(self, schema: Schema = SCHEMA) -> None:
        self.manifest: Any = type("Manifest", (), {"schema_": schema})
        self.checker = RowChecker(schema)
        self.frames: list[pd.DataFrame] = []

    def native(self, checked: Checked) -> Predictions:
        self.frames.append(checked.frame)
        if "bad" in checked.columns[3]:
            raise ModelError("no")
        found = [float(2 * value) for value in checked.columns[0]]
        return Predictions(list(found), np.array([[value, 1] for value in found]))


def rows(*cells: tuple[Any, ...]) -> Checked:
    return RowChecker(SCHEMA).check([dict(zip(FRAME, row, strict=True)) for row in cells])


def test_each_gets_its_own_rows_back() -> None:
    model = Doubling()
    items = [rows((1.0, 1, True, "a")), rows((2.0, 1, True, "b"), (3.0, 2, False, "c"))]
    first, second = Together(model).together(items)  # type: ignore[arg-type]
    assert isinstance(first, Predictions)
    assert isinstance(second, Predictions)
    assert (first.labels, second.labels) == ([2.0], [4.0, 6.0])
    assert second.probabilities is not None
    assert second.probabilities.tolist() == [[4.0, 1], [6.0, 1]]
    assert len(model.frames) == 1
    plain = ["x", "n", "flag"]
    assert (model.frames[0][plain].dtypes == FRAME[plain].dtypes).all()


def test_a_request_that_fails_fails_alone() -> None:
    items = [rows((1.0, 1, True, "a")), rows((2.0, 1, True, "bad")), rows((3.0, 1, True, "c"))]
    found = Together(Doubling()).together(items)  # type: ignore[arg-type]
    assert [type(one) for one in found] == [Predictions, ModelError, Predictions]


def test_rows_meet_only_where_no_dtype_changes() -> None:
    together = Together(Doubling())  # type: ignore[arg-type]
    whole, null = rows((1.0, 1, True, "a")), rows((None, None, True, None))
    assert together.group(whole) == together.group(rows((None, 5, False, None)))
    assert together.group(whole) != together.group(null)
    assert together.group(null) != together.group(rows((1.0, 1, None, "a")))


def test_columns_whose_dtype_follows_their_values_are_never_put_together() -> None:
    mixed = pd.DataFrame({"x": pd.Series([1, "a"], dtype=object)})
    column = infer_columns(mixed)[0].model_copy(update={"dtype": "any"})
    schema = Schema(features=(column,))
    item = RowChecker(schema).check([{"x": 1}])
    assert Together(Doubling(schema)).group(item) is None  # type: ignore[arg-type]
