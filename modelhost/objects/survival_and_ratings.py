"""Models of survival (lifelines) and of recommendation (surprise): a number per row."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import Adapter, DeclaredAnswers, Inputs, refuse_task
from modelhost.objects.matrices import matrix


def adapt_lifelines(native: Any, declared: DeclaredAnswers) -> Any:
    """A model of survival.

    Cox gives the partial hazard of a row, a parametric regression its median time, and a model
    without columns the share that survives to the time in its only column.
    """
    name = type(native).__name__
    if declared.task != "regression":
        raise refuse_task(name, "a number", declared.task)
    if not hasattr(native, "params_") or not hasattr(native, "predict_median"):
        if not hasattr(native, "survival_function_at_times"):
            raise PackageError(
                f"{name} of lifelines predicts nothing of a row",
                "fit CoxPHFitter, a parametric regression, or KaplanMeierFitter",
            )

        def survives(rows: Any) -> Any:
            return np.asarray(native.survival_function_at_times(matrix(rows)[:, 0]))

        return Adapter(native, survives, Inputs(names=["time"]))
    call = getattr(native, "predict_partial_hazard", native.predict_median)
    return Adapter(native, lambda rows: np.asarray(call(rows)).ravel(), _columns(native))


def _columns(native: Any) -> Inputs:
    if isinstance(getattr(native, "formula", None), str):
        return Inputs()
    index = native.params_.index
    if index.nlevels == 1:
        return Inputs(names=list(index))
    first = index[0][0]
    return Inputs(names=[name for group, name in index if group == first and name != "Intercept"])


def adapt_surprise(native: Any, declared: DeclaredAnswers) -> Any:
    """A recommender: the estimated rating of the user and the item in its two columns."""
    if declared.task != "regression":
        raise refuse_task(type(native).__name__, "a rating", declared.task)

    def answer(rows: Any) -> Any:
        pairs = zip(rows.iloc[:, 0].tolist(), rows.iloc[:, 1].tolist())
        return [float(native.predict(user, item).est) for user, item in pairs]

    return Adapter(native, answer, Inputs(width=2))
