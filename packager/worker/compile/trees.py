"""Convert tree ensembles to treelite, with the number conversions of their frameworks."""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.model.compiled.form import Head, Trees
from packager.worker.compile.provenance import MatrixBlock, describe

TOLERANCE = 1e-9
FLOAT32_TOLERANCE = 1e-6
"""Tolerance if the framework sums in float32, where the order of additions matters."""

FORESTS = frozenset(
    {
        "RandomForestClassifier",
        "RandomForestRegressor",
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
    }
)
SINGLE_TREES = {
    "DecisionTreeClassifier": "RandomForestClassifier",
    "DecisionTreeRegressor": "RandomForestRegressor",
    "ExtraTreeClassifier": "RandomForestClassifier",
    "ExtraTreeRegressor": "RandomForestRegressor",
}
STAGED_ENSEMBLES = frozenset({"GradientBoostingClassifier", "GradientBoostingRegressor"})
BINNED_ENSEMBLES = frozenset({"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"})

LIGHTGBM_ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold: prediction treats numbers up to this size as zero."""


@dataclass(frozen=True)
class Candidate:
    """A head, its serialized trees, and its input block."""

    head: Head
    trees: bytes | None
    block: MatrixBlock
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Refused:
    """A strategy that was refused, and why."""

    strategy: str
    reason: str


def has_trees(estimator: Any) -> bool:
    """Whether an estimator is a supported tree or tree ensemble."""
    name, room = type(estimator).__name__, type(estimator).__module__.split(".")[0]
    if room == "sklearn":
        return name in FORESTS | STAGED_ENSEMBLES | BINNED_ENSEMBLES | SINGLE_TREES.keys()
    return hasattr(estimator, "booster_") or hasattr(estimator, "get_booster")


def trees_of(estimator: Any, block: MatrixBlock) -> Candidate | Refused:
    """The trees of ``estimator`` in treelite, or why treelite can't import them."""
    if importlib.util.find_spec("treelite") is None:
        return Refused("treelite", "treelite is not installed")
    import treelite

    try:
        return _imported(estimator, block)
    except (treelite.TreeliteError, NotImplementedError, AssertionError, ValueError) as error:
        return Refused(
            "treelite", f"treelite can't take {describe(estimator)}: {error}".strip(": ")
        )


def _imported(estimator: Any, block: MatrixBlock) -> Candidate | Refused:
    import treelite

    name, room = type(estimator).__name__, type(estimator).__module__.split(".")[0]
    if getattr(estimator, "n_outputs_", 1) != 1:
        return Refused("treelite", "it has several outputs")
    if room == "sklearn":
        model = treelite.sklearn.import_model(_importable(estimator))
        doubled = getattr(estimator, "loss", "") == "exponential"
        return _with_link(model, block, float32=name not in BINNED_ENSEMBLES, doubled=doubled)
    if room == "lightgbm":
        text = estimator.booster_.model_to_string()
        if reason := _lightgbm_reason(estimator, text):
            return Refused("treelite", reason)
        model = treelite.frontend.from_lightgbm(estimator.booster_)
        return _with_link(model, block, float32=False, zero=LIGHTGBM_ZERO)
    booster = estimator.get_booster()
    if "c" in (booster.feature_types or ()):
        return Refused("treelite", "XGBoost splits on its native categorical features")
    if not (estimator.missing is None or np.isnan(estimator.missing)):
        return Refused("treelite", f"XGBoost treats {estimator.missing} as missing")
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
    model: Any,
    block: MatrixBlock,
    *,
    float32: bool,
    in_order: bool = False,
    doubled: bool = False,
    zero: float = 0.0,
) -> Candidate | Refused:
    header = model.get_header_accessor()
    name = header.get_field("postprocessor")
    alpha = float(header.get_field("sigmoid_alpha")[0])
    link: Any = LINKS.get(name)
    if link is None or (link in ("logistic", "ova") and alpha != 1.0):
        return Refused("treelite", f"the treelite postprocessor {name!r} is not supported")
    trees = Trees(
        float32=float32, link="doubled" if doubled else link, in_order=in_order, zero=zero
    )
    tolerance = FLOAT32_TOLERANCE if in_order else TOLERANCE
    return Candidate(trees, model.serialize_bytes(), block, tolerance)


def _importable(estimator: Any) -> Any:
    """The estimator in a form that treelite imports: a single tree becomes a forest of one."""
    import sklearn.ensemble

    name = type(estimator).__name__
    if name in BINNED_ENSEMBLES:
        made = copy.copy(estimator)
        made._preprocessor = None  # the same encoder has encoded the categories before
        return made
    if name not in SINGLE_TREES:
        return estimator
    forest = getattr(sklearn.ensemble, SINGLE_TREES[name])(n_estimators=1)
    forest.estimators_ = [estimator]
    forest.n_features_in_, forest.n_outputs_ = estimator.n_features_in_, 1
    if hasattr(estimator, "classes_"):
        forest.classes_, forest.n_classes_ = estimator.classes_, estimator.n_classes_
    return forest


def _lightgbm_reason(estimator: Any, text: str) -> str | None:
    """Why treelite can't be used for a LightGBM model with this text dump; None if it can."""
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
    return "LightGBM treats zeros as missing" if 1 in kinds else None
