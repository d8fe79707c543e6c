"""Boosters of LightGBM and XGBoost, which predict from arrays and know no labels."""

from __future__ import annotations

import json
import sys
from typing import Any, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.feature_names import feature_names
from modelhost.objects.adapter import (
    Adapter,
    DeclaredAnswers,
    Inputs,
    LabelAdapter,
    ProbabilityAdapter,
    classes_for,
    refuse_task,
)
from modelhost.objects.matrices import matrix
from modelhost.output_spec import OutputSpec
from modelhost.predictions import is_frame

ONE_ANSWER = ("label", "number", "score")
"""Kinds of a single answer a row, which the adapter of a task gives."""
_LIGHTGBM_LABELS = ("binary", "cross_entropy", "multiclass", "multiclassova")


def adapt_lightgbm(native: Any, declared: DeclaredAnswers) -> Any:
    """A ``lightgbm.Booster`` as a model; None for LightGBM's estimators."""
    if type(native).__name__ != "Booster":
        return None
    objective, count = _lightgbm_objective(native)
    inputs = Inputs(feature_names(native), native.num_feature())
    model = _of_objective(
        native,
        native.predict,
        inputs,
        declared,
        ("LightGBM", objective, count if objective in _LIGHTGBM_LABELS else 0),
    )
    model.booster_ = native  # what its compiled form and its categories are read from
    model.get_params = lambda: dict(native.params)
    return model


def _lightgbm_objective(native: Any) -> tuple[str, int]:
    """The objective, and the number of classes of one for labels."""
    lines = native.model_to_string(num_iteration=1).split("\nTree=")[0].splitlines()
    entry = next((line for line in lines if line.startswith("objective=")), "objective=custom")
    return entry.partition("=")[2].split(" ")[0], max(2, int(native.num_model_per_iteration()))


def adapt_xgboost(native: Any, declared: DeclaredAnswers) -> Any:
    """An ``xgboost.Booster`` as a model; None for XGBoost's estimators."""
    if type(native).__name__ != "Booster":
        return None
    learner = json.loads(native.save_config())["learner"]
    objective = learner["objective"]["name"]
    several = int(learner["learner_model_param"]["num_class"])
    names = native.feature_names
    inputs = Inputs(names, native.num_features())
    matrices = sys.modules[type(native).__module__.partition(".")[0]].DMatrix

    def answer(rows: Any) -> Any:
        """The booster's own answer, with all of its trees."""
        return native.predict(_dmatrix(matrices, native, rows))

    if objective == "multi:softmax" and declared.task == "classification":
        model: Any = LabelAdapter(native, answer, inputs, classes_for(declared, several))
    else:
        count = {"binary:logistic": 2, "reg:logistic": 2, "multi:softprob": several}
        booster = ("XGBoost", objective, count.get(objective, 0))
        model = _of_objective(native, answer, inputs, declared, booster)
    model.get_booster = lambda: native
    model.missing = np.nan
    return model


def lightgbm_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """A ``lightgbm.Booster`` with several numbers a row; None for one label or number."""
    if type(native).__name__ != "Booster":
        return native
    if len(outputs) == 1 and outputs[0].kind in ONE_ANSWER:
        return None
    return Adapter(native, native.predict, Inputs(feature_names(native), native.num_feature()))


def xgboost_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """An ``xgboost.Booster`` with several numbers a row; None for one label or number."""
    if type(native).__name__ != "Booster":
        return native
    if len(outputs) == 1 and outputs[0].kind in ONE_ANSWER:
        return None
    matrices = sys.modules[type(native).__module__.partition(".")[0]].DMatrix
    inputs = Inputs(native.feature_names, native.num_features())
    return Adapter(native, lambda rows: native.predict(_dmatrix(matrices, native, rows)), inputs)


def _dmatrix(kind: Any, native: Any, rows: Any) -> Any:
    """The booster's matrix; its columns are those that the booster names, in that order."""
    names = native.feature_names
    types = native.feature_types or ()
    if is_frame(rows) and names:
        absent = [name for name in names if name not in rows.columns]
        if absent:
            raise ValueError(f"the booster takes column {absent[0]!r}, which is not there")
        if "c" in types:
            return kind(rows[names], enable_categorical=True)
    values = matrix(rows, np.float64, names if is_frame(rows) and names else None)
    return kind(values, feature_names=names, feature_types=native.feature_types)


def _of_objective(
    native: Any,
    answer: Any,
    inputs: Inputs,
    declared: DeclaredAnswers,
    booster: tuple[str, str, int],
) -> Any:
    """``booster``: library, objective, and the number of classes (0: regression)."""
    library, objective, count = booster
    name = f"the {library} booster with the objective {objective}"
    if declared.task == "classification":
        if not count:
            raise refuse_task(name, "a number", "classification")
        return ProbabilityAdapter(native, answer, inputs, classes_for(declared, count))
    if count > 2:
        raise PackageError(
            f"{name} gives {count} numbers a row, expected one",
            'set task = "classification" under [package]',
        )
    return Adapter(native, answer, inputs)
