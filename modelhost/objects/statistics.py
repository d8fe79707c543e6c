"""Results of statsmodels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from modelhost.objects.adapter import (
    Adapter,
    DeclaredAnswers,
    Inputs,
    ProbabilityAdapter,
    classes_for,
    refuse_task,
)
from modelhost.objects.forecasts import by_step, needs_regressors
from modelhost.objects.matrices import matrix
from modelhost.predictions import is_frame

_BINARY = ("Logit", "Probit", "ConditionalLogit")
_CONSTANTS = ("const", "Intercept")
_NUMBERED = re.compile(r"x\d+\Z")


def adapt_statsmodels(native: Any, declared: DeclaredAnswers) -> Any:
    """Results of a regression, of a model of classes, or of a series; None for another object."""
    model = getattr(native, "model", None)
    if model is None:
        return None
    name = type(model).__name__
    if callable(getattr(native, "forecast", None)):
        if getattr(model, "k_exog", 0):
            raise needs_regressors(name)
        return by_step(native, declared, name, lambda steps: native.forecast(steps))
    answer, inputs = _answer(native)
    family = type(getattr(model, "family", None)).__name__
    if name == "MNLogit":
        classes = classes_for(declared, int(model.J))
        return ProbabilityAdapter(native, answer, inputs, classes)
    if declared.task == "classification":
        if name not in _BINARY and family != "Binomial":
            raise refuse_task(f"{name} of statsmodels", "a number", declared.task)
        return ProbabilityAdapter(native, answer, inputs, classes_for(declared, 2))
    return Adapter(native, answer, inputs)


def _answer(native: Any) -> tuple[Any, Inputs]:
    """The predicting function, and its columns without the constant, which is added here."""
    if getattr(native.model, "formula", None) is not None:
        return (lambda rows: np.asarray(native.predict(rows))), Inputs()
    names = [str(name) for name in native.model.exog_names]
    own = [name for name in names if name not in _CONSTANTS]
    index = next((at for at, name in enumerate(names) if name in _CONSTANTS), None)
    made_up = all(_NUMBERED.match(name) for name in own)

    def answer(rows: Any) -> Any:
        given = is_frame(rows) and list(map(str, rows.columns)) == names
        values = matrix(
            rows, np.float64, own if is_frame(rows) and not (made_up or given) else None
        )
        if index is not None and values.shape[1] == len(own):
            values = np.insert(values, index, 1.0, axis=1)
        return np.asarray(native.model.predict(native.params, values))

    return answer, Inputs(width=len(own)) if made_up else Inputs(names=own)
