"""Candidate heads of an estimator, the fastest first; they are tried until one is equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from modelhost.compiling.provenance import (
    CannotCompileError,
    LookupFeature,
    MatrixBlock,
    describe,
    from_sklearn,
    library_of,
)
from modelhost.compiling.sklearn_trees import BINNED_ENSEMBLES
from modelhost.compiling.trees import Head, has_trees, trees_of
from modelhost.compiling.walk import Path, PipelineWalk, check_encoded
from modelhost.objects.adapter import Adapter

TOLERANCE = 1e-9

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


def heads(estimator: Any, path: Path, task: str) -> Iterator[Head]:
    """The candidate heads of ``estimator``, which is at ``path`` in the model."""
    linear = _linear(estimator, task) if from_sklearn(estimator) else None
    if linear is not None:
        yield Head({"head": linear, "tolerance": TOLERANCE})
    if has_trees(estimator):
        yield trees_of(estimator)
    if isinstance(estimator, Adapter):
        return  # a booster has no other quick way than its trees
    if getattr(estimator, "_preprocessor", None) is None and not _holds_frames(estimator):
        chances = task == "classification" and callable(getattr(estimator, "predict_proba", None))
        native = {"kind": "native", "path": list(path), "probabilities": chances}
        yield Head({"head": native, "tolerance": TOLERANCE})


def check_supported(estimator: Any, block: MatrixBlock, walk: PipelineWalk) -> MatrixBlock:
    """``block`` in the estimator's codes; ``CannotCompileError`` if it gets text or is unknown."""
    if library_of(estimator) not in ("sklearn", "lightgbm", "xgboost"):
        raise CannotCompileError(f"no compiled form is known for {describe(estimator)}")
    block = coded(estimator, block, walk)
    check_encoded(block, estimator)
    return block


def _linear(estimator: Any, task: str) -> dict[str, Any] | None:
    name = type(estimator).__name__
    link = _regression_link(estimator) if task == "regression" else _class_link(estimator)
    if link is None:
        return None
    weights = np.asarray(estimator.coef_, np.float64)
    weights = weights.reshape(1, -1) if weights.ndim == 1 else weights
    if task == "regression" and len(weights) != 1:
        return None
    if hasattr(estimator, "sparsify") and hasattr(estimator.coef_, "toarray"):
        return None
    if np.asarray(estimator.coef_).dtype != np.float64:
        raise CannotCompileError(f"{name} has float32 coefficients")
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, np.float64).ravel(), len(weights))
    if not (np.isfinite(weights).all() and np.isfinite(intercept).all()):
        return None
    coefficients, constants = weights.tolist(), intercept.tolist()
    return {"kind": "linear", "coefficients": coefficients, "intercept": constants, "link": link}


def _regression_link(estimator: Any) -> Any:
    name = type(estimator).__name__
    if name in EXPONENTIAL:
        return "exp"
    if name == "TweedieRegressor":
        raised = estimator.link == "log" or (estimator.link == "auto" and estimator.power > 0)
        return "exp" if raised else "none"
    return "none" if name in REGRESSORS else None


def _class_link(estimator: Any) -> Any:
    name, several = type(estimator).__name__, len(getattr(estimator, "classes_", ())) > 2
    if len(getattr(estimator, "classes_", ())) < 2:
        return None
    if name in MARGIN_CLASSIFIERS or (
        name == "SGDClassifier" and estimator.loss not in _WITH_CHANCES
    ):
        return "labels"
    if name == "SGDClassifier":
        known = estimator.loss == "log_loss"
        return ("ovr" if several else "logistic") if known else None
    if name == "LinearDiscriminantAnalysis":
        return "softmax" if several else "logistic"
    if name in ("LogisticRegression", "LogisticRegressionCV"):
        apart = estimator.solver == "liblinear" or getattr(estimator, "multi_class", "") == "ovr"
        return ("ovr" if apart else "softmax") if several else "logistic"
    return None


_WITH_CHANCES = ("log_loss", "modified_huber")


def coded(estimator: Any, block: MatrixBlock, walk: PipelineWalk) -> MatrixBlock:
    """The block after the estimator's own encoding of categories."""
    preprocessor = getattr(estimator, "_preprocessor", None)
    if type(estimator).__name__ in BINNED_ENSEMBLES and preprocessor is not None:
        (_, encoder, _), *_ = preprocessor.transformers_
        places = preprocessor._transformer_to_input_indices
        coded = walk.through(encoder, block.take(places["encoder"]), ())
        cells = (*coded.cells, *block.take(places["numerical"]).cells)
        data = None if block.data is None else preprocessor.transform(block.data)
        return MatrixBlock(cells, data)
    booster = getattr(estimator, "booster_", None)
    known = getattr(booster, "pandas_categorical", None)
    if not known or not hasattr(block.data, "columns"):
        return block
    data = block.data.copy()
    names = [name for name in data if data[name].dtype.name == "category"]
    if len(names) != len(known) or not all(
        isinstance(block.cells[data.columns.get_loc(name)], LookupFeature) for name in names
    ):
        raise CannotCompileError("LightGBM was trained on other category columns")
    for name, categories in zip(names, known):
        codes = data[name].cat.set_categories(categories).cat.codes.astype(np.float64)
        data[name] = codes.where(codes >= 0)
    return MatrixBlock(block.cells, data)


def _holds_frames(part: Any) -> bool:
    """Whether an estimator has inner parts that select columns by name or are not supported."""
    from sklearn.base import BaseEstimator

    for member in vars(part).values():
        inner = member if isinstance(member, (list, tuple)) else [member]
        for one in inner:
            one = one[1] if isinstance(one, tuple) and len(one) == 2 else one
            if isinstance(one, BaseEstimator) and (
                type(one).__name__ == "ColumnTransformer"
                or type(one).__module__.split(".")[0] not in ("sklearn", "lightgbm", "xgboost")
                or _holds_frames(one)
            ):
                return True
    return False
