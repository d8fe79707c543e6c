"""Results of statsmodels."""

from __future__ import annotations

import re
from typing import Any, Callable, Sequence

import numpy as np

from modelhost.objects.adapter import (
    Adapter,
    DeclaredAnswers,
    Inputs,
    ProbabilityAdapter,
    classes_for,
    refuse_task,
)
from modelhost.objects.forecasts import Forecasts, by_step, needs_regressors
from modelhost.objects.matrices import matrix
from modelhost.objects.output_adapter import refuse_outputs
from modelhost.output_spec import OutputSpec
from modelhost.predictions import is_frame

_BINARY = ("Logit", "Probit", "ConditionalLogit")
_CONSTANTS = ("const", "Intercept")
_LEAST_SQUARES = ("OLS", "WLS", "GLS", "GLSAR")
_EXOG_OF_ITS_STEP = ("ARIMA", "SARIMAX", "UnobservedComponents")
"""Series whose forecast of a step depends on the regressors of that step alone."""
_NUMBERED = re.compile(r"x\d+\Z")


def adapt_statsmodels(native: Any, declared: DeclaredAnswers) -> Any:
    """Results of a regression, of a model of classes, or of a series; None for another object."""
    model = getattr(native, "model", None)
    if model is None:
        return None
    name = type(model).__name__
    if callable(getattr(native, "forecast", None)):
        return by_step(native, declared, _forecasts(native, _forecast(native)))
    taken, inputs = _taken(native)
    answer = lambda rows: np.asarray(_predicted(native, taken(rows)))  # noqa: E731
    family = type(getattr(model, "family", None)).__name__
    if name == "MNLogit":
        classes = classes_for(declared, int(model.J))
        return ProbabilityAdapter(native, answer, inputs, classes)
    if declared.task == "classification":
        if name not in _BINARY and family != "Binomial":
            raise refuse_task(f"{name} of statsmodels", "a number", declared.task)
        return ProbabilityAdapter(native, answer, inputs, classes_for(declared, 2))
    return Adapter(native, answer, inputs)


def statsmodels_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """Quantiles of a forecast or of one answer of a regression; None for one label or number.

    Those of a forecast (``get_forecast``) are of its normal distribution, those of OLS, WLS and
    GLS of Student's t distribution of an observation, those of a GLM of its family's
    distribution.
    """
    model, output = getattr(native, "model", None), outputs[0]
    if model is None or len(outputs) > 1 or output.kind != "quantiles":
        return None
    name = type(model).__name__
    if callable(getattr(native, "forecast", None)):
        if not callable(getattr(native, "get_forecast", None)):
            raise refuse_outputs(f"{name} of statsmodels", "forecasts without spread", outputs)
        levels = list(output.levels or ())
        forecasts = _forecasts(native, _forecast_quantiles(native, levels))
        return by_step(native, DeclaredAnswers("regression"), forecasts)
    quantiles = _quantiles(native)
    if quantiles is None:
        raise refuse_outputs(f"{name} of statsmodels", "no distribution of one answer", outputs)
    taken, inputs = _taken(native)
    level_array = np.asarray(output.levels)
    return Adapter(native, lambda rows: quantiles(taken(rows), level_array), inputs)


def _forecast(native: Any) -> Callable[[int, Any], Any]:
    return lambda steps, exog: native.forecast(steps, **_exog(exog))


def _exog(exog: Any) -> dict[str, Any]:
    return {} if exog is None else {"exog": exog}


def _forecast_quantiles(native: Any, levels: Sequence[float]) -> Callable[[int, Any], Any]:
    def quantiles(steps: int, exog: Any) -> Any:
        from scipy.stats import norm

        forecast = native.get_forecast(steps, **_exog(exog))
        mean, spread = (np.asarray(one) for one in (forecast.predicted_mean, forecast.se_mean))
        return mean[:, None] + spread[:, None] * norm.ppf(levels)

    return quantiles


def _forecasts(native: Any, call: Callable[[int, Any], Any]) -> Forecasts:
    """``call`` with the columns whose values of the steps ahead it needs.

    Raises ``PackageError`` for a model whose forecast of a step depends on those of earlier ones.
    """
    model = native.model
    name, count = type(model).__name__, getattr(model, "k_exog", None)
    if count is None:  # not a state space model
        count = int(getattr(model, "exog", None) is not None)
    if not count:
        return Forecasts(name, call)
    if name not in _EXOG_OF_ITS_STEP or getattr(model, "simple_differencing", False):
        raise needs_regressors(name)
    names = [str(one) for one in model.exog_names[-count:]]  # those of a trend come first
    return Forecasts(name, call, names, not all(_NUMBERED.match(one) for one in names))


def _quantiles(native: Any) -> Callable[[Any, Any], Any] | None:
    """From what a regression predicts from and levels to an array (rows, levels)."""
    name = type(native.model).__name__
    if name in _LEAST_SQUARES:

        def of_observation(features: Any, levels: Any) -> Any:
            from scipy.stats import t

            prediction = native.get_prediction(features)
            mean, spread = np.asarray(prediction.predicted_mean), np.asarray(prediction.se_obs)
            return mean[:, None] + spread[:, None] * t.ppf(levels, native.df_resid)

        return of_observation
    family: Any = getattr(native.model, "family", None)
    if name == "GLM" and callable(getattr(family, "get_distribution", None)):

        def of_family(features: Any, levels: Any) -> Any:
            mean = np.asarray(_predicted(native, features))
            law = family.get_distribution(mean, native.scale)
            return np.column_stack([np.asarray(law.ppf(level)) for level in levels])

        return of_family
    return None


def _predicted(native: Any, features: Any) -> Any:
    if getattr(native.model, "formula", None) is not None:
        return native.predict(features)
    return native.model.predict(native.params, features)


def _taken(native: Any) -> tuple[Callable[[Any], Any], Inputs]:
    """From rows to what it predicts from, with the constant, and the columns without it."""
    if getattr(native.model, "formula", None) is not None:
        return (lambda rows: rows), Inputs()
    names = [str(name) for name in native.model.exog_names]
    own = [name for name in names if name not in _CONSTANTS]
    index = next((at for at, name in enumerate(names) if name in _CONSTANTS), None)
    made_up = all(_NUMBERED.match(name) for name in own)

    def taken(rows: Any) -> Any:
        is_named = is_frame(rows) and list(map(str, rows.columns)) == names
        values = matrix(
            rows, np.float64, own if is_frame(rows) and not (made_up or is_named) else None
        )
        if index is not None and values.shape[1] == len(own):
            values = np.insert(values, index, 1.0, axis=1)
        return values

    return taken, Inputs(width=len(own)) if made_up else Inputs(names=own)
