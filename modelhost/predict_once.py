"""Labels and probabilities of the same rows, with shared steps computed once.

``predict`` and ``predict_proba`` of a scikit-learn pipeline each transform the rows, which takes
nearly all of their time. Many classifiers derive the label from their own probabilities, so that
``predict_proba`` alone is enough.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence, Tuple

import numpy as np

from modelhost.objects.adapter import ProbabilityAdapter
from modelhost.predictions import is_frame

PredictOnce = Tuple[Any, Any]
"""The results of ``predict`` and ``predict_proba``."""
MIN_PROBABILITY_GAP = 1e-9
"""If the two likeliest classes are closer, rounding may decide: ``predict`` is called."""
ARGMAX_CLASSIFIERS = frozenset(
    [
        "lightgbm.sklearn.LGBMClassifier",
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        "sklearn.ensemble._bagging.BaggingClassifier",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._gb.GradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.naive_bayes.GaussianNB",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "xgboost.sklearn.XGBClassifier",
    ]
)
"""Classifiers whose ``predict`` returns the class with the largest of their probabilities.

Except for an objective that is a function of the project: LightGBM then returns raw scores.
"""
_SEARCHES = frozenset(
    [
        "sklearn.model_selection._search.GridSearchCV",
        "sklearn.model_selection._search.RandomizedSearchCV",
    ]
)
_PIPELINE = "sklearn.pipeline.Pipeline"
_NOTHING = (None, "passthrough")


def label_and_probabilities(model: Any, classes: Sequence[Any]) -> Callable[[Any], PredictOnce]:
    """A function from a frame to the results of ``model.predict`` and ``model.predict_proba``.

    Only the classes listed here share steps, never their subclasses: both methods of those are
    called.
    """
    kind = _kind(model)
    if isinstance(model, ProbabilityAdapter):
        return lambda rows: model.label_and_probabilities(_own(rows))
    if kind in _SEARCHES and hasattr(model, "best_estimator_"):
        return label_and_probabilities(model.best_estimator_, classes)
    if kind == _PIPELINE and model.steps[-1][1] not in _NOTHING:
        steps = [step for _, step in model.steps[:-1] if step not in _NOTHING]
        ask = label_and_probabilities(model[-1], classes)
        return lambda rows: ask(_transformed(steps, rows))
    if kind in ARGMAX_CLASSIFIERS and not callable(getattr(model, "objective", None)):
        return lambda rows: _argmax(model, classes, rows)
    return lambda rows: (model.predict(_own(rows)), model.predict_proba(_own(rows)))


def _transformed(steps: Sequence[Any], rows: Any) -> Any:
    """The rows as ``Pipeline.predict`` passes them to its last step.

    (``pipeline[:-1].transform`` raises for transformers that need no fitting.)
    """
    for step in steps:
        rows = step.transform(rows)
    return rows


def _argmax(model: Any, classes: Sequence[Any], rows: Any) -> PredictOnce:
    chances = model.predict_proba(_own(rows))
    if not isinstance(chances, np.ndarray) or chances.ndim != 2 or chances.shape[1] != len(classes):
        return model.predict(rows), chances
    if len(classes) > 1:
        two = np.partition(chances, -2, axis=1)[:, -2:]
        if not (two[:, 1] - two[:, 0] > MIN_PROBABILITY_GAP).all():  # NaN compares false
            return model.predict(rows), chances
    return [classes[index] for index in chances.argmax(axis=1).tolist()], chances


def _own(rows: Any) -> Any:
    """A shallow copy: a model that adds a column must not change the input of the next call."""
    return rows.copy(deep=False) if is_frame(rows) else rows


def _kind(model: Any) -> str:
    return f"{type(model).__module__}.{type(model).__qualname__}"
