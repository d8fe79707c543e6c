"""Linear models of scikit-learn as weights, an intercept and a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from modelhost.compiling.provenance import CannotCompileError, from_sklearn

REGRESSORS = frozenset(
    {
        "LinearRegression",
        "Ridge",
        "RidgeCV",
        "Lasso",
        "LassoCV",
        "LassoLars",
        "LassoLarsCV",
        "LassoLarsIC",
        "MultiTaskElasticNet",
        "MultiTaskElasticNetCV",
        "MultiTaskLasso",
        "MultiTaskLassoCV",
        "Lars",
        "LarsCV",
        "ElasticNet",
        "ElasticNetCV",
        "BayesianRidge",
        "ARDRegression",
        "HuberRegressor",
        "SGDRegressor",
        "OrthogonalMatchingPursuit",
        "OrthogonalMatchingPursuitCV",
        "TheilSenRegressor",
        "PassiveAggressiveRegressor",
        "QuantileRegressor",
        "LinearSVR",
    }
)
EXPONENTIAL = frozenset({"PoissonRegressor", "GammaRegressor"})
MARGIN_CLASSIFIERS = frozenset(
    {
        "RidgeClassifier",
        "RidgeClassifierCV",
        "Perceptron",
        "PassiveAggressiveClassifier",
        "LinearSVC",
    }
)
_LOG_LOSS = ("log_loss", "log")
"""Names of the same loss; the second up to scikit-learn 1.2."""
_WITH_CHANCES = (*_LOG_LOSS, "modified_huber")


class LinearParts(NamedTuple):
    """The parameters of a linear model: ``link(matrix @ weights.T + intercept)``."""

    weights: Any
    """Shape (scores, width of the matrix)."""
    intercept: Any
    """Shape (scores,)."""
    link: str
    """As of ``Linear`` in a compiled form."""


def linear_parts(estimator: Any, task: str, index: int | None = None) -> LinearParts | None:
    """The weights of ``estimator``; None if it isn't known as a linear model.

    ``index``: of which of its answers, if it gives several for a row.
    """
    if not from_sklearn(estimator):
        return None
    name = type(estimator).__name__
    if name in _NAIVE_BAYES:
        parts = _NAIVE_BAYES[name](estimator) if len(estimator.classes_) > 1 else None
    elif name == "OneVsRestClassifier":
        parts = _one_versus_rest(estimator)
    else:
        parts = _own(estimator, task, index)
    if parts is None:
        return None
    weights = np.asarray(parts.weights, np.float64)
    intercept = np.broadcast_to(np.asarray(parts.intercept, np.float64).ravel(), len(weights))
    if not (np.isfinite(weights).all() and np.isfinite(intercept).all()):
        return None
    return LinearParts(weights, intercept, parts.link)


def _own(estimator: Any, task: str, index: int | None = None) -> LinearParts | None:
    name = type(estimator).__name__
    if task == "regression":
        link = _regression_link(estimator)
    else:
        link = _class_link(estimator) if index is None else _label_link(estimator)
    if link is None or hasattr(estimator.coef_, "toarray"):
        return None
    weights, intercept = np.asarray(estimator.coef_), np.asarray(estimator.intercept_)
    weights = weights.reshape(1, -1) if weights.ndim == 1 else weights
    if index is not None:
        intercept = np.broadcast_to(intercept.ravel(), len(weights))[[index]]
        weights = weights[[index]]
    if task == "regression" and len(weights) != 1:
        return None
    if weights.dtype != np.float64:
        raise CannotCompileError(f"{name} has float32 coefficients")
    return LinearParts(weights, intercept, link)


def _regression_link(estimator: Any) -> Any:
    name = type(estimator).__name__
    if name in EXPONENTIAL:
        return "exp"
    if name == "TweedieRegressor":
        raised = estimator.link == "log" or (estimator.link == "auto" and estimator.power > 0)
        return "exp" if raised else "none"
    return "none" if name in REGRESSORS else None


def _label_link(estimator: Any) -> Any:
    """Of a classifier that gives several labels for a row, each by its own score."""
    return "labels" if type(estimator).__name__ == "RidgeClassifier" else None


def _class_link(estimator: Any) -> Any:
    name, several = type(estimator).__name__, len(getattr(estimator, "classes_", ())) > 2
    if len(getattr(estimator, "classes_", ())) < 2:
        return None
    if name in MARGIN_CLASSIFIERS or (
        name == "SGDClassifier" and estimator.loss not in _WITH_CHANCES
    ):
        return "labels"
    if name == "SGDClassifier":
        known = estimator.loss in _LOG_LOSS
        return ("ovr" if several else "logistic") if known else None
    if name == "LinearDiscriminantAnalysis":
        return "softmax" if several else "logistic"
    if name in ("LogisticRegression", "LogisticRegressionCV"):
        apart = estimator.solver == "liblinear" or getattr(estimator, "multi_class", "") == "ovr"
        return ("ovr" if apart else "softmax") if several else "logistic"
    return None


def _one_versus_rest(estimator: Any) -> LinearParts | None:
    """A linear classifier for each class; None for several labels a row, or other estimators."""
    if estimator.multilabel_:
        return None
    parts = [_own(inner, "classification") for inner in estimator.estimators_]
    links = {None if part is None else part.link for part in parts}
    if len(links) != 1 or not links <= {"labels", "logistic"}:
        return None
    known = [part for part in parts if part is not None]
    weights = np.concatenate([part.weights for part in known])
    intercepts = [np.broadcast_to(np.ravel(part.intercept), 1) for part in known]
    (link,) = links
    several = link == "logistic" and len(known) > 1
    return LinearParts(weights, np.concatenate(intercepts), "ovr" if several else str(link))


def _bernoulli(estimator: Any) -> LinearParts:
    """The sums over all features, as if each were absent, and what a present one changes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        absent = np.log(1 - np.exp(estimator.feature_log_prob_))
        weights = estimator.feature_log_prob_ - absent
    return LinearParts(weights, estimator.class_log_prior_ + absent.sum(axis=1), "softmax")


_NAIVE_BAYES: Mapping[str, Callable[[Any], LinearParts]] = {
    "MultinomialNB": lambda estimator: LinearParts(
        estimator.feature_log_prob_, estimator.class_log_prior_, "softmax"
    ),
    "ComplementNB": lambda estimator: LinearParts(
        estimator.feature_log_prob_, np.zeros(len(estimator.classes_)), "softmax"
    ),
    "BernoulliNB": _bernoulli,
}
