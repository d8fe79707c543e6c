"""Forecasters by step and by date; the libraries themselves: loaders/test_large_libraries.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.forecasts import adapt_prophet, by_step

REGRESSION = DeclaredAnswers("regression")


def test_a_step_is_the_place_in_the_forecast() -> None:
    asked = []

    def forecast(steps: int) -> Any:
        asked.append(steps)
        return np.arange(steps) * 10.0

    model = by_step(None, REGRESSION, "ARIMA", forecast)
    assert model.predict(pd.DataFrame({"step": [3, 1, 3]})).tolist() == [20.0, 0.0, 20.0]
    assert asked == [3]
    assert model.feature_names_in_ == ["step"]


@pytest.mark.parametrize("step", [0, 1.5, -1, None, 1e9])
def test_other_steps_are_refused(step: object) -> None:
    model = by_step(None, REGRESSION, "ARIMA", lambda n: np.zeros(n))
    with pytest.raises(ValueError, match="column 'step': expected whole numbers from 1 to 100,000"):
        model.predict(pd.DataFrame({"step": [1, step]}))


def test_a_forecast_is_no_classification() -> None:
    with pytest.raises(PackageError, match="ARIMA gives a number"):
        by_step(None, DeclaredAnswers("classification"), "ARIMA", np.zeros)


class Prophet:
    """Answers in the order of the dates, as Prophet does."""

    extra_regressors = {"rain": None}
    growth = "linear"
    seasonalities: dict[str, Any] = {}

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        ordered = rows.sort_values("ds", kind="stable").reset_index(drop=True)
        assert ordered["ds"].dt.tz is None
        return pd.DataFrame({"yhat": ordered["ds"].dt.day + ordered["rain"]})


def test_answers_by_date_come_in_the_order_of_the_rows() -> None:
    model = adapt_prophet(Prophet(), REGRESSION)
    rows = pd.DataFrame({"ds": ["2024-01-03", "2024-01-01", "2024-01-02"], "rain": [0.5, 0, 0]})
    assert model.predict(rows).tolist() == [3.5, 1.0, 2.0]
    zoned = rows.assign(ds=pd.to_datetime(rows["ds"], utc=True))
    assert model.predict(zoned).tolist() == [3.5, 1.0, 2.0]
    assert model.feature_names_in_ == ["ds", "rain"]
    with pytest.raises(ValueError, match="column 'ds': expected a date, got null"):
        model.predict(rows.assign(ds=[None, "2024-01-01", "2024-01-02"]))
