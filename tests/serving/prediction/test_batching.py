"""Queued requests are predicted together, with the answers they would get alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker, ValidatedRows
from packager.manifest.manifest import Schema
from packager.model.model import LoadedModel
from packager.model.predictions import Predictions
from serving.prediction.batching import RowBatches
from serving.prediction.native_model import NativeModel, RowRefusedError

FRAME = pd.DataFrame({"x": [0.5, 1.5], "n": [1, 2], "flag": [True, False], "t": ["a", "b"]})
SCHEMA = Schema(features=infer_columns(FRAME))


class Doubling:
    """A model that doubles, but for the text ``bad``."""

    classes_ = (0.0, 1.0)

    def __init__(self) -> None:
        self.frames: list[pd.DataFrame] = []

    def predict(self, frame: pd.DataFrame) -> list[float]:
        self.frames.append(frame)
        if (frame["t"] == "bad").any():
            raise ValueError("no")
        return [float(2 * value) for value in frame["x"]]

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        return np.array([[2 * value, 1] for value in frame["x"]])


def together_of(model: Doubling, schema: Schema = SCHEMA) -> RowBatches:
    """Of a predictor of which only what ``RowBatches`` needs is there."""
    checker = RowChecker(schema)
    loaded = LoadedModel(model, "classification", model.classes_, has_probabilities=True)
    own = NativeModel(loaded, schema, checker, None)
    parts = {"manifest": type("Manifest", (), {"schema_": schema}), "checker": checker, "own": own}
    return RowBatches(type("Predictor", (), parts)())


def rows(*cells: tuple[Any, ...]) -> ValidatedRows:
    return RowChecker(SCHEMA).check([dict(zip(FRAME, row, strict=True)) for row in cells])


def test_each_gets_its_own_rows_back() -> None:
    model = Doubling()
    items = [rows((1.0, 1, True, "a")), rows((2.0, 1, True, "b"), (3.0, 2, False, "c"))]
    first, second = together_of(model).predict_together(items)
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
    found = together_of(Doubling()).predict_together(items)
    assert [type(one) for one in found] == [Predictions, RowRefusedError, Predictions]


def test_rows_meet_only_where_no_dtype_changes() -> None:
    together = together_of(Doubling())
    whole, null = rows((1.0, 1, True, "a")), rows((None, None, True, None))
    assert together.group(whole) == together.group(rows((None, 5, False, None)))
    assert together.group(whole) != together.group(null)
    assert together.group(null) != together.group(rows((1.0, 1, None, "a")))


def test_columns_whose_dtype_follows_their_values_are_never_put_together() -> None:
    mixed = pd.DataFrame({"x": pd.Series([1, "a"], dtype=object)})
    column = infer_columns(mixed)[0].model_copy(update={"dtype": "any"})
    schema = Schema(features=(column,))
    item = RowChecker(schema).check([{"x": 1}])
    assert together_of(Doubling(), schema).group(item) is None
