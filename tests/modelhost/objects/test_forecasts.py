"""Forecasters by step and by date; the libraries themselves: loaders/test_large_libraries.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.forecasts import Forecasts, adapt_prophet, by_step

REGRESSION = DeclaredAnswers("regression")


def test_a_step_is_the_place_in_the_forecast() -> None:
    asked = []

    def forecast(steps: int, regressors: Any) -> Any:
        asked.append(steps)
        assert regressors is None
        return np.arange(steps) * 10.0

    model = by_step(None, REGRESSION, Forecasts("ARIMA", forecast))
    assert model.predict(pd.DataFrame({"step": [3, 1, 3]})).tolist() == [20.0, 0.0, 20.0]
    assert asked == [3]
    assert model.feature_names_in_ == ["step"]


@pytest.mark.parametrize("step", [0, 1.5, -1, None, 1e9])
def test_other_steps_are_refused(step: object) -> None:
    model = by_step(None, REGRESSION, Forecasts("ARIMA", lambda n, _: np.zeros(n)))
    with pytest.raises(ValueError, match="column 'step': expected whole numbers from 1 to 100,000"):
        model.predict(pd.DataFrame({"step": [1, step]}))


def test_a_forecast_is_no_classification() -> None:
    with pytest.raises(PackageError, match="ARIMA gives a number"):
        by_step(None, DeclaredAnswers("classification"), Forecasts("ARIMA", np.zeros))


@pytest.mark.parametrize("named", [True, False])
def test_regressors_of_a_step_change_its_answer_alone(named: bool) -> None:
    """Rows of one step with different regressors are different forecasts."""

    def forecast(steps: int, regressors: Any) -> Any:
        assert regressors.shape == (steps, 1)
        return np.column_stack([np.arange(steps) * 10 + regressors[:, 0], regressors[:, 0]])

    model = by_step(None, REGRESSION, Forecasts("ARIMA", forecast, ["promo"], named))
    rows = pd.DataFrame({"promo": [1.0, 0, 5, 0], "step": [3, 1, 3, 3]})
    assert model.predict(rows).tolist() == [[21, 1], [0, 0], [25, 5], [20, 0]]
    assert model.feature_names_in_ == (["step", "promo"] if named else None)
    assert model.n_features_in_ == 2
    with pytest.raises(ValueError, match="columns promo: expected numbers, got null"):
        model.predict(rows.assign(promo=[None, 0, 0, 0]))


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
