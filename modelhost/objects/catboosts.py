"""CatBoost's models: estimators as they are, the general ``CatBoost`` by its loss."""

from __future__ import annotations

from typing import Any, Sequence

from modelhost.objects.adapter import (
    DeclaredAnswers,
    Inputs,
    ProbabilityAdapter,
    classes_for,
    refuse_task,
)
from modelhost.objects.output_adapter import OutputValues, one_output
from modelhost.objects.scores import SIGMOID
from modelhost.objects.tensor_outputs import output_values
from modelhost.output_spec import OutputSpec

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


def catboost_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """A ``CatBoost`` model whose ``predict`` gives ``outputs``; None for one label.

    The general ``CatBoost`` of several labels (``MultiLogloss``) gives their probabilities.
    """
    if outputs[0].kind == "label":
        return None
    if type(native).__name__ != "CatBoost" or outputs[0].kind != "labels":
        return native

    def answer(frame: Any) -> OutputValues:
        scores = native.predict(frame, prediction_type="Probability")
        return output_values(outputs[0], scores, SIGMOID, outputs[0].classes or ())

    inputs = Inputs(native.feature_names_)
    return one_output(native, outputs[0], answer, inputs, outputs[0].classes)
