from __future__ import annotations

import math
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from serving.prediction.timing import MAX_UNMEASURED, TimingModel


class Model:
    """It takes as long as it is told: for a row, for a call, for a row of a call."""

    def __init__(self, row: float, call: float, each: float, texts: tuple[int, ...] = ()) -> None:
        self._row, self._call, self._each = row, call, each
        self.text_columns = texts
        self.has_outputs = False

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


def test_several_outputs_are_never_answered_one_by_one() -> None:
    model = Model(row=0.0, call=0.001, each=0.001)
    model.has_outputs = True
    assert TimingModel.measure(model, [[1, 2, 3]]).one_by_one == 0  # type: ignore[arg-type]


def test_long_texts_are_not_divided_inline() -> None:
    def characters(texts: tuple[int, ...], text: str | None) -> float:
        model = Model(row=0.0, call=0.0, each=0.0005, texts=texts)
        return TimingModel.measure(model, [[1, 2], [text, None]]).characters  # type: ignore[arg-type]

    assert characters((), "text") == math.inf
    assert characters((1,), None) == MAX_UNMEASURED
    # Each row takes at least half a millisecond, and every second one has a hundred characters.
    assert 0 < characters((1,), "a" * 100) < 220  # fewer on a busy machine


def test_rows_are_inline_up_to_a_number_and_a_length() -> None:
    costs = TimingModel(one_by_one=1, inline=2, characters=10)

    def inline(*texts: str | None, one: bool = False) -> bool:
        columns = [[0] * len(texts), [*texts]]
        row = [0, *texts] if one else None
        checked = SimpleNamespace(rows=len(texts), row=row, columns=columns)
        return costs.is_inline(checked, (1,))  # type: ignore[arg-type]

    assert inline("a" * 10, one=True)
    assert inline("a" * 6, "a" * 4)
    assert inline(None, "a" * 10)
    assert not inline("a" * 11, one=True)
    assert not inline("a" * 6, "a" * 5)
    assert not inline("", "", "")
