"""The answers for the rows of a frame: in batches, with flags, and errors that name the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.errors import PackageError
from packager.manifest.manifest import Column, Schema
from packager.model import answers as module
from packager.model.answers import answers
from packager.model.model import LoadedModel

SCHEMA = Schema(
    features=(Column(name="x", kind="number", dtype="float64", nullable=False),),
    classes=None,
)


class Doubling:
    """Doubles ``x``; refuses 13."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, frame: pd.DataFrame) -> Any:
        self.sizes.append(len(frame))
        if (frame["x"] == 13).any():
            raise ValueError("thirteen")
        assert list(frame.columns) == ["x"]
        return np.asarray(frame["x"] * 2)


def model() -> LoadedModel:
    return LoadedModel(Doubling(), "regression", None, False)


def frame(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"other": "a", "x": np.arange(rows, dtype=float)})


def test_each_row_gets_its_answer_and_its_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_ROWS", 4)
    flags = [[f"row:{row}"] for row in range(10)]
    loaded = model()
    found = list(answers(frame(10), flags, SCHEMA, loaded))
    assert [one["prediction"] for one in found] == [2.0 * row for row in range(10)]
    assert [one["flags"] for one in found] == flags
    assert loaded.native.sizes == [4, 4, 2]


def test_the_first_row_on_which_the_model_raises_is_named() -> None:
    flags: list[list[str]] = [[]] * 20
    with pytest.raises(PackageError, match=r"row 13: the model raised ValueError: thirteen"):
        list(answers(frame(20), flags, SCHEMA, model(), named=True))
    with pytest.raises(PackageError, match=r"^the model raised ValueError: thirteen"):
        list(answers(frame(20), flags, SCHEMA, model()))


def test_no_rows_have_no_answers() -> None:
    assert list(answers(frame(0), [], SCHEMA, model())) == []
