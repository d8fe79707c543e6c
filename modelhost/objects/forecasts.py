"""Forecasters: Prophet by date; pmdarima and sktime by the step ahead."""

from __future__ import annotations

import copy
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import Adapter, DeclaredAnswers, Inputs, refuse_task
from modelhost.objects.matrices import matrix
from modelhost.objects.output_adapter import refuse_outputs
from modelhost.output_spec import OutputSpec

STEP = "step"
"""The column of steps ahead: 1 is the first time after the training."""
MAX_STEPS = 100_000
MEDIAN = 0.5


class Forecasts(NamedTuple):
    """Forecast of a series."""

    name: str
    call: Callable[[int, Any], Any]
    """From a number of steps n, and the regressors of each (n, columns) or None, to an array (n,),
    or (n, levels) of quantiles."""
    regressors: Sequence[str] = ()
    """The columns whose values of each step are known ahead, such as a calendar."""
    named: bool = True
    """Whether the data have these names; otherwise the columns beside ``step`` are meant."""


def by_step(native: Any, declared: DeclaredAnswers, forecasts: Forecasts) -> Any:
    """A model that gives the forecast of the step in column ``step``, and of its regressors.

    The regressors of a row are those of its step; those of other steps do not change its answer.
    """
    names = list(forecasts.regressors)
    if declared.task != "regression":
        raise refuse_task(forecasts.name, "a number", declared.task)

    def answer(rows: Any) -> Any:
        steps = _steps(rows)
        if not names:
            return np.asarray(forecasts.call(int(steps.max()), None), np.float64)[steps - 1]
        taken = names if forecasts.named else [name for name in rows.columns if name != STEP]
        values = matrix(rows, np.float64, taken)
        if not np.isfinite(values).all():
            raise ValueError(f"columns {', '.join(names)}: expected numbers, got null")
        forecast: list[Any] = [None] * len(steps)
        for step_indices in _without_repetition(steps):
            of_steps = np.zeros((int(steps[step_indices].max()), len(names)))
            of_steps[steps[step_indices] - 1] = values[step_indices]
            made = np.asarray(forecasts.call(len(of_steps), of_steps), np.float64)
            for row in step_indices:
                forecast[row] = made[steps[row] - 1]
        return np.array(forecast)

    named = forecasts.named or not names
    inputs = Inputs(names=[STEP, *names]) if named else Inputs(width=1 + len(names))
    return Adapter(native, answer, inputs)


def _steps(rows: Any) -> Any:
    steps = matrix(rows, np.float64, [STEP] if rows.shape[1] > 1 else None)[:, 0]
    if not ((steps >= 1) & (steps <= MAX_STEPS) & (steps == np.floor(steps))).all():
        raise ValueError(f"column {STEP!r}: expected whole numbers from 1 to {MAX_STEPS:,}")
    return steps.astype(int)


def _without_repetition(steps: Any) -> list[list[int]]:
    """The rows in groups of different steps: the first of each step, the second, and so on."""
    groups: list[list[int]] = []
    seen: dict[int, int] = {}
    for row, step in enumerate(steps.tolist()):
        at = seen.get(step, 0)
        seen[step] = at + 1
        if at == len(groups):
            groups.append([])
        groups[at].append(row)
    return groups


def adapt_pmdarima(native: Any, declared: DeclaredAnswers) -> Any:
    """An ARIMA, or a pipeline that ends in one."""
    name, regressors = type(native).__name__, _pmdarima_regressors(native)
    call = lambda n, x: native.predict(n_periods=n, X=x)  # noqa: E731
    return by_step(native, declared, Forecasts(name, call, regressors, named=False))


def pmdarima_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """Quantiles of the forecast, by its normal distribution; None for other outputs."""
    if len(outputs) > 1 or outputs[0].kind != "quantiles":
        return None
    regressors = _pmdarima_regressors(native)

    def quantiles(steps: int, exog: Any) -> Any:
        return np.column_stack(
            [_pmdarima_quantile(native, steps, exog, level) for level in outputs[0].levels or ()]
        )

    forecasts = Forecasts(type(native).__name__, quantiles, regressors, named=False)
    return by_step(native, DeclaredAnswers("regression"), forecasts)


def _pmdarima_quantile(native: Any, steps: int, features: Any, level: float) -> Any:
    if level == MEDIAN:
        return np.asarray(native.predict(n_periods=steps, X=features))
    outside = 2 * min(level, 1 - level)
    _, bounds = native.predict(n_periods=steps, X=features, return_conf_int=True, alpha=outside)
    return np.asarray(bounds)[:, int(level > MEDIAN)]


def _pmdarima_regressors(native: Any) -> list[str]:
    """The columns that it was fitted with, whose names pmdarima does not keep."""
    last = native.steps[-1][1] if hasattr(native, "steps") else native
    fitted = getattr(last, "model_", last)
    model = getattr(getattr(fitted, "arima_res_", None), "model", None)
    if model is None:
        raise ValueError(f"{type(native).__name__} is not fitted")
    if not model.k_exog:
        return []
    if last is not native:  # steps before it make columns of their own
        raise needs_regressors(type(native).__name__)
    return [f"column {index}" for index in range(model.k_exog)]


def adapt_sktime(native: Any, declared: DeclaredAnswers) -> Any:
    """A forecaster of one series."""
    name = _sktime_name(native)
    return by_step(
        native, declared, Forecasts(name, lambda n, _: _raveled(native.predict(fh=_ahead(n))))
    )


def sktime_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """Quantiles of the forecast, if the forecaster has any; None for other outputs."""
    if len(outputs) > 1 or outputs[0].kind != "quantiles":
        return None
    name = _sktime_name(native)
    if not native.get_tag("capability:pred_int"):
        raise refuse_outputs(f"{name} of sktime", "forecasts without spread", outputs)
    levels = list(outputs[0].levels or ())
    call = lambda n, _: native.predict_quantiles(fh=_ahead(n), alpha=levels)  # noqa: E731
    return by_step(native, DeclaredAnswers("regression"), Forecasts(name, call))


def _ahead(steps: int) -> list[int]:
    return list(range(1, steps + 1))


def _raveled(values: Any) -> Any:
    return np.asarray(values, np.float64).ravel()


def _sktime_name(native: Any) -> str:
    """The name of a forecaster without other columns; raises ``PackageError`` for others."""
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
    return name


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

        inputs = rows[names].copy()
        times = pd.to_datetime(inputs["ds"])
        if times.isna().any():
            raise ValueError("column 'ds': expected a date, got null")
        zone = getattr(times.dt, "tz", None)
        inputs["ds"] = times.dt.tz_convert("UTC").dt.tz_localize(None) if zone else times
        order = np.argsort(inputs["ds"].to_numpy(), kind="stable")  # Prophet sorts its answers
        forecast = np.empty(len(inputs))
        forecast[order] = quick.predict(inputs.iloc[order])["yhat"].to_numpy()
        return forecast

    return Adapter(native, answer, Inputs(names=names))


def needs_regressors(name: str) -> PackageError:
    """The error for a forecaster whose forecasts depend on other columns."""
    return PackageError(
        f"{name} was fitted with other columns, and its forecast of a step depends on those of"
        " earlier steps, too",
        "fit it without them, or serve it by a class of the project:"
        ' [serve] predictor = "predict:Predictor"',
    )
