from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from serving.prediction.timing import TimingModel


class Model:
    """It takes as long as it is told: for a row, for a call, for a row of a call."""

    def __init__(self, row: float, call: float, each: float) -> None:
        self._row, self._call, self._each = row, call, each

    def predict_row(self, values: Sequence[Any]) -> None:
        time.sleep(self._row)

    def predict_rows(self, columns: Sequence[Sequence[Any]], _arrays: Any) -> None:
        time.sleep(self._call + self._each * len(columns[0]))


def measured(row: float, call: float, each: float) -> TimingModel:
    return TimingModel.measure(Model(row, call, each), [[1, 2, 3], ["a", "b", "c"]])  # type: ignore[arg-type]


def test_a_model_that_takes_its_time_is_not_run_inline() -> None:
    assert measured(row=0.02, call=0.01, each=0.0).inline == 1


def test_few_rows_go_one_by_one_where_a_call_is_dear() -> None:
    dear = measured(row=0.001, call=0.02, each=0.0)
    cheap = measured(row=0.02, call=0.001, each=0.0)
    assert dear.one_by_one > cheap.one_by_one
    assert cheap.one_by_one < 1
