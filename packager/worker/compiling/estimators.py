"""Which heads an estimator may have, the fastest first; each is tried until one is equal."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from packager.manifest import Task
from packager.worker.compiling.cells import (
    Block,
    CannotCompileError,
    TabledCell,
    describe,
    from_sklearn,
)
from packager.worker.compiling.form import Head, Linear, Native, Path_, Trees
from packager.worker.compiling.walk import Walk, check_encoded

TOLERANCE = 1e-9
FLOAT32_TOLERANCE = 1e-6
"""Where the framework itself adds in float32, another order of additions differs by this much."""

REGRESSORS = frozenset(
    "LinearRegression Ridge RidgeCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC Lars LarsCV"
    " ElasticNet ElasticNetCV BayesianRidge ARDRegression HuberRegressor SGDRegressor"
    " OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV TheilSenRegressor"
    " PassiveAggressiveRegressor QuantileRegressor LinearSVR".split()
)
EXPONENTIAL = frozenset({"PoissonRegressor", "GammaRegressor"})
DECIDERS = frozenset(
    "RidgeClassifier RidgeClassifierCV Perceptron PassiveAggressiveClassifier LinearSVC".split()
)
FORESTS = frozenset(
    "RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor".split()
)
SINGLE = {
    "DecisionTreeClassifier": "RandomForestClassifier",
    "DecisionTreeRegressor": "RandomForestRegressor",
    "ExtraTreeClassifier": "RandomForestClassifier",
    "ExtraTreeRegressor": "RandomForestRegressor",
}
STAGED = frozenset({"GradientBoostingClassifier", "GradientBoostingRegressor"})
BINNED = frozenset({"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"})


@dataclass(frozen=True)
class Candidate:
    """A head, the bytes of its trees, and the block it takes."""

    head: Head
    trees: bytes | None
    block: Block
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Refused:
    """A way that was thought of, and why it can't be gone."""

    way: str
    reason: str


def candidates(
    estimator: Any, block: Block, path: Path_, task: Task, walk: Walk
) -> Iterator[Candidate | Refused]:
    """The heads of ``estimator`` on ``block``."""
    room = type(estimator).__module__.split(".")[0]
    if room not in ("sklearn", "lightgbm", "xgboost"):
        raise CannotCompileError(f"no compiled form is known for {describe(estimator)}")
    block = coded(estimator, block, walk)
    check_encoded(block, estimator)
    linear = _linear(estimator, task) if from_sklearn(estimator) else None
    if linear is not None:
        yield Candidate(linear, None, block)
    if _has_trees(estimator):
        yield _trees(estimator, block)
    if getattr(estimator, "_preprocessor", None) is None and not _holds_frames(estimator):
        yield Candidate(Native(path=path), None, block)


def _linear(estimator: Any, task: Task) -> Linear | None:
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
    return Linear(
        coefficients=tuple(tuple(row) for row in weights.tolist()),
        intercept=tuple(intercept.tolist()),
        link=link,
    )


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
    if name in DECIDERS or (name == "SGDClassifier" and estimator.loss not in _WITH_CHANCES):
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


def _has_trees(estimator: Any) -> bool:
    name, room = type(estimator).__name__, type(estimator).__module__.split(".")[0]
    if room == "sklearn":
        return name in FORESTS | STAGED | BINNED | SINGLE.keys()
    return hasattr(estimator, "booster_") or hasattr(estimator, "get_booster")


def _trees(estimator: Any, block: Block) -> Candidate | Refused:
    if importlib.util.find_spec("treelite") is None:
        return Refused("treelite", "treelite is not installed")
    import treelite

    try:
        return _imported(estimator, block)
    except (treelite.TreeliteError, NotImplementedError, AssertionError, ValueError) as error:
        return Refused(
            "treelite", f"treelite can't take {describe(estimator)}: {error}".strip(": ")
        )


def _imported(estimator: Any, block: Block) -> Candidate | Refused:
    import treelite

    name, room = type(estimator).__name__, type(estimator).__module__.split(".")[0]
    if getattr(estimator, "n_outputs_", 1) != 1:
        return Refused("treelite", "it has several outputs")
    if room == "sklearn":
        model = treelite.sklearn.import_model(_importable(estimator))
        doubled = getattr(estimator, "loss", "") == "exponential"
        return _with_link(model, block, float32=name not in BINNED, doubled=doubled)
    if room == "lightgbm":
        text = estimator.booster_.model_to_string()
        if reason := _lightgbm_reason(estimator, text):
            return Refused("treelite", reason)
        return _with_link(treelite.frontend.from_lightgbm(estimator.booster_), block, float32=False)
    booster = estimator.get_booster()
    if "c" in (booster.feature_types or ()):
        return Refused("treelite", "XGBoost splits by categories of its own")
    if not (estimator.missing is None or np.isnan(estimator.missing)):
        return Refused("treelite", f"XGBoost takes {estimator.missing} for missing")
    best = booster.attr("best_iteration")
    model = treelite.frontend.from_xgboost(booster if best is None else booster[: int(best) + 1])
    return _with_link(model, block, float32=True, in_order=True)


LINKS = {
    "identity": "none",
    "identity_multiclass": "none",
    "exponential": "exp",
    "sigmoid": "logistic",
    "multiclass_ova": "ova",
    "softmax": "softmax",
}


def _with_link(
    model: Any, block: Block, *, float32: bool, in_order: bool = False, doubled: bool = False
) -> Candidate | Refused:
    header = model.get_header_accessor()
    name = header.get_field("postprocessor")
    alpha = float(header.get_field("sigmoid_alpha")[0])
    link: Any = LINKS.get(name)
    if link is None or (link in ("logistic", "ova") and alpha != 1.0):
        return Refused("treelite", f"treelite turns its sums into answers by {name!r}")
    trees = Trees(float32=float32, link="doubled" if doubled else link, in_order=in_order)
    tolerance = FLOAT32_TOLERANCE if in_order else TOLERANCE
    return Candidate(trees, model.serialize_bytes(), block, tolerance)


def _importable(estimator: Any) -> Any:
    """The estimator as treelite's importer knows it: a lone tree is a forest of one."""
    import sklearn.ensemble

    name = type(estimator).__name__
    if name in BINNED:
        made = copy.copy(estimator)
        made._preprocessor = None  # its categories are encoded before, by the same encoder
        return made
    if name not in SINGLE:
        return estimator
    forest = getattr(sklearn.ensemble, SINGLE[name])(n_estimators=1)
    forest.estimators_ = [estimator]
    forest.n_features_in_, forest.n_outputs_ = estimator.n_features_in_, 1
    if hasattr(estimator, "classes_"):
        forest.classes_, forest.n_classes_ = estimator.classes_, estimator.n_classes_
    return forest


def _lightgbm_reason(estimator: Any, text: str) -> str | None:
    """Why a LightGBM model, given as its own text, is not for treelite."""
    if "\nis_linear=1" in text:
        return "LightGBM has linear models in its leaves"
    if estimator.get_params().get("pred_early_stop"):
        return "LightGBM stops early when it predicts"
    kinds = {
        (int(kind) >> 2) & 3
        for line in text.splitlines()
        if line.startswith("decision_type=")
        for kind in line.partition("=")[2].split()
    }
    return "LightGBM takes zeros for missing" if 1 in kinds else None


def coded(estimator: Any, block: Block, walk: Walk) -> Block:
    """The block after what an estimator itself does to categories."""
    preprocessor = getattr(estimator, "_preprocessor", None)
    if type(estimator).__name__ in BINNED and preprocessor is not None:
        (_, encoder, _), *_ = preprocessor.transformers_
        places = preprocessor._transformer_to_input_indices
        coded = walk.through(encoder, block.take(places["encoder"]), ())
        cells = (*coded.cells, *block.take(places["numerical"]).cells)
        data = None if block.data is None else preprocessor.transform(block.data)
        return Block(cells, data)
    booster = getattr(estimator, "booster_", None)
    known = getattr(booster, "pandas_categorical", None)
    if not known or not isinstance(block.data, pd.DataFrame):
        return block
    data = block.data.copy()
    names = [name for name in data if isinstance(data[name].dtype, pd.CategoricalDtype)]
    if len(names) != len(known) or not all(
        isinstance(block.cells[data.columns.get_loc(name)], TabledCell) for name in names
    ):
        raise CannotCompileError("LightGBM was trained on other category columns")
    for name, categories in zip(names, known, strict=True):
        codes = data[name].cat.set_categories(categories).cat.codes.astype(np.float64)
        data[name] = codes.where(codes >= 0)
    return Block(block.cells, data)


def _holds_frames(part: Any) -> bool:
    """Whether an estimator has parts inside that pick columns by name, or that aren't known."""
    from sklearn.base import BaseEstimator

    for member in vars(part).values():
        inner = member if isinstance(member, list | tuple) else [member]
        for one in inner:
            one = one[1] if isinstance(one, tuple) and len(one) == 2 else one
            if isinstance(one, BaseEstimator) and (
                type(one).__name__ == "ColumnTransformer"
                or type(one).__module__.split(".")[0] not in ("sklearn", "lightgbm", "xgboost")
                or _holds_frames(one)
            ):
                return True
    return False
