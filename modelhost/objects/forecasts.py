"""Forecasters: Prophet by date; pmdarima, sktime and series of statsmodels by the step ahead."""

from __future__ import annotations

import copy
from typing import Any, Callable

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import Adapter, DeclaredAnswers, Inputs, refuse_task
from modelhost.objects.matrices import matrix

STEP = "step"
"""The column of steps ahead: 1 is the first time after the training."""
MAX_STEPS = 100_000


def by_step(
    native: Any, declared: DeclaredAnswers, name: str, forecast: Callable[[int], Any]
) -> Any:
    """A model that gives the forecast of the step in its only column, ``step``.

    ``forecast``: from a number of steps to their values, in order.
    """
    if declared.task != "regression":
        raise refuse_task(name, "a number", declared.task)

    def answer(rows: Any) -> Any:
        steps = matrix(rows)[:, 0]
        if not ((steps >= 1) & (steps <= MAX_STEPS) & (steps == np.floor(steps))).all():
            raise ValueError(f"column {STEP!r}: expected whole numbers from 1 to {MAX_STEPS:,}")
        values = np.asarray(forecast(int(steps.max())), np.float64).ravel()
        return values[steps.astype(int) - 1]

    return Adapter(native, answer, Inputs(names=[STEP]))


def adapt_pmdarima(native: Any, declared: DeclaredAnswers) -> Any:
    """An ARIMA, or a pipeline that ends in one."""
    last = native.steps[-1][1] if hasattr(native, "steps") else native
    fitted = getattr(last, "model_", last)
    if getattr(getattr(fitted, "arima_res_", None), "model", None) is None:
        raise ValueError(f"{type(native).__name__} is not fitted")
    if fitted.arima_res_.model.k_exog:
        raise needs_regressors(type(native).__name__)
    return by_step(native, declared, type(native).__name__, lambda n: native.predict(n_periods=n))


def adapt_sktime(native: Any, declared: DeclaredAnswers) -> Any:
    """A forecaster of one series."""
    kinds = {kind.__name__ for kind in type(native).__mro__}
    name = type(native).__name__
    if "BaseForecaster" not in kinds:
        raise PackageError(
            f"{name} of sktime takes whole series as rows, expected a forecaster",
            "serve it by a class of the project that makes the series of a row:"
            ' [serve] predictor = "predict:Predictor"',
        )
    if getattr(native, "_X", None) is not None:
        raise needs_regressors(name)
    return by_step(native, declared, name, lambda n: native.predict(fh=list(range(1, n + 1))))


def adapt_prophet(native: Any, declared: DeclaredAnswers) -> Any:
    """A Prophet model: from ``ds`` and its regressors to ``yhat``, without its intervals."""
    if declared.task != "regression":
        raise refuse_task("Prophet", "a number", declared.task)
    quick = copy.copy(native)
    quick.uncertainty_samples = 0
    names = ["ds", *native.extra_regressors]
    names += ["cap"] * (native.growth == "logistic")
    names += ["floor"] * bool(getattr(native, "logistic_floor", False))
    names += [
        seasonality["condition_name"]
        for seasonality in native.seasonalities.values()
        if seasonality["condition_name"]
    ]

    def answer(rows: Any) -> Any:
        import pandas as pd

        given = rows[names].copy()
        times = pd.to_datetime(given["ds"])
        if times.isna().any():
            raise ValueError("column 'ds': expected a date, got null")
        zone = getattr(times.dt, "tz", None)
        given["ds"] = times.dt.tz_convert("UTC").dt.tz_localize(None) if zone else times
        order = np.argsort(given["ds"].to_numpy(), kind="stable")  # Prophet sorts its answers
        found = np.empty(len(given))
        found[order] = quick.predict(given.iloc[order])["yhat"].to_numpy()
        return found

    return Adapter(native, answer, Inputs(names=names))


def needs_regressors(name: str) -> PackageError:
    """The error for a forecaster whose forecasts depend on other columns."""
    return PackageError(
        f"{name} was fitted with other columns, whose values it needs for each step ahead",
        "fit it without them, or serve it by a class of the project:"
        ' [serve] predictor = "predict:Predictor"',
    )
