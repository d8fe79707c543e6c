"""Models of survival (lifelines) and of recommendation (surprise): a number per row."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import Adapter, DeclaredAnswers, Inputs, refuse_task
from modelhost.objects.matrices import matrix
from modelhost.objects.output_adapter import refuse_outputs
from modelhost.output_spec import OutputSpec

DEFAULT_TOP = 10
"""The items of a recommendation without ``top``."""


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


def lifelines_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """A regression of survival: its risk, its curve at given times, or quantiles of the time.

    A score is the risk: the partial hazard, or the negative median time of a parametric model.
    None for a number.
    """
    output, name = outputs[0], type(native).__name__
    kinds = ("score", "numbers", "quantiles")
    if len(outputs) > 1 or output.kind not in kinds or not hasattr(native, "predict_median"):
        return None

    def risk(rows: Any) -> Any:
        hazard = getattr(native, "predict_partial_hazard", None)
        return np.asarray(hazard(rows) if hazard else -native.predict_median(rows)).ravel()

    def curve(rows: Any) -> Any:
        return native.predict_survival_function(rows, times=list(output.times or ())).to_numpy().T

    def quantiles(rows: Any) -> Any:
        parts = [native.predict_percentile(rows, p=1 - level) for level in output.levels or ()]
        return np.column_stack([np.asarray(part).ravel() for part in parts])

    if output.kind == "numbers" and not output.times:
        raise refuse_outputs(name, "probabilities at times", outputs)
    answers = {"score": risk, "numbers": curve, "quantiles": quantiles}[output.kind]
    return Adapter(native, answers, _columns(native))


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


def surprise_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """A recommender: the best items for the user in its only column; None for a rating.

    They are those that the user has not rated in training, by the estimated rating.
    """
    if len(outputs) > 1 or outputs[0].kind != "json":
        return None
    top, known = outputs[0].top or DEFAULT_TOP, native.trainset
    items = [known.to_raw_iid(item) for item in known.all_items()]

    def best(user: Any) -> list[Any]:
        try:
            rated = {known.to_raw_iid(item) for item, _ in known.ur[known.to_inner_uid(user)]}
        except ValueError:  # not in training
            rated = set()
        free = [item for item in items if item not in rated]
        free.sort(key=lambda item: -native.predict(user, item).est)
        return [getattr(item, "item", lambda own=item: own)() for item in free[:top]]

    return Adapter(
        native, lambda rows: [best(user) for user in rows.iloc[:, 0].tolist()], Inputs(width=1)
    )
