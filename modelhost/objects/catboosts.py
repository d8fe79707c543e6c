"""CatBoost's models: estimators as they are, the general ``CatBoost`` by its loss."""

from __future__ import annotations

from typing import Any

from modelhost.objects.adapter import (
    DeclaredAnswers,
    Inputs,
    ProbabilityAdapter,
    classes_for,
    refuse_task,
)

LABEL_LOSSES = ("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll")


def adapt_catboost(native: Any, declared: DeclaredAnswers) -> Any:
    """A ``CatBoost`` model as one of its task; None for an estimator that fits the task."""
    if declared.task != "classification":
        return None
    known = list(native.classes_) if len(native.classes_) else None
    if type(native).__name__ == "CatBoostClassifier" and declared.classes is None:
        return None
    loss = native.get_all_params().get("loss_function", "").split(":")[0]
    inputs = Inputs(native.feature_names_)
    if loss not in LABEL_LOSSES and known is None:
        raise refuse_task(
            f"CatBoost with the loss {loss or 'of its own'}", "a number", declared.task
        )
    count = len(known) if known is not None else 2

    def chances(frame: Any) -> Any:
        return native.predict(frame, prediction_type="Probability")

    return ProbabilityAdapter(native, chances, inputs, classes_for(declared, count, known))
