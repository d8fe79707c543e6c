"""Treelite's models made of tables are, byte for byte, those that treelite makes of the objects."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import lightgbm
import numpy as np
import pytest
import treelite
import xgboost
from sklearn import ensemble, tree

from modelhost.compiling.trees import trees_of
from packager.worker.compile.treelite_models import treelite_model

RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=(200, 3))
GAPS = np.where(RANDOM.random(NUMBERS.shape) < 0.1, np.nan, NUMBERS)
CODES = np.column_stack([RANDOM.integers(0, 12, 200), NUMBERS[:, 1:]])
SUM = NUMBERS.sum(axis=1)
TARGETS = {
    "number": SUM,
    "count": np.exp(SUM).round(),
    "two": (SUM > 0).astype(int),
    "three": np.digitize(SUM, [-1, 1]),
    "codes": ((CODES[:, 0] % 3 == 0) ^ (SUM > 0)).astype(int),
}


def imported(estimator: Any) -> treelite.Model:
    """By treelite's own functions, from the fitted object."""
    if isinstance(estimator, lightgbm.LGBMModel):
        return treelite.frontend.from_lightgbm(estimator.booster_)
    if isinstance(estimator, xgboost.XGBModel):
        booster = estimator.get_booster()
        best = booster.attr("best_iteration")
        return treelite.frontend.from_xgboost(booster if best is None else booster[: int(best) + 1])
    return treelite.sklearn.import_model(estimator)


def forest_of(estimator: Any) -> Any:
    """A forest of one tree, which is how treelite imports a tree."""
    kind = "Classifier" if hasattr(estimator, "classes_") else "Regressor"
    forest = getattr(ensemble, f"RandomForest{kind}")(n_estimators=1)
    forest.estimators_ = [estimator]
    forest.n_features_in_, forest.n_outputs_ = estimator.n_features_in_, 1
    if hasattr(estimator, "classes_"):
        forest.n_classes_ = estimator.n_classes_
    return forest


def without_preprocessor(estimator: Any) -> Any:
    made = copy.copy(estimator)
    made._preprocessor = None
    return made


def tables(estimator: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    head = trees_of(estimator)
    return head.described["trees"], head.arrays


QUIET = {"n_estimators": 5, "n_jobs": 1, "verbose": -1}
ENSEMBLES: list[tuple[Any, str]] = [
    (ensemble.RandomForestClassifier(5), "two"),
    (ensemble.RandomForestClassifier(5, max_leaf_nodes=9), "three"),
    (ensemble.RandomForestRegressor(5), "number"),
    (ensemble.ExtraTreesClassifier(5), "three"),
    (ensemble.ExtraTreesRegressor(5, criterion="absolute_error"), "number"),
    (ensemble.GradientBoostingClassifier(n_estimators=5), "two"),
    (ensemble.GradientBoostingClassifier(n_estimators=5, init="zero"), "two"),
    (ensemble.GradientBoostingClassifier(n_estimators=5, init="zero"), "three"),
    (ensemble.GradientBoostingClassifier(n_estimators=5, loss="exponential"), "two"),
    (ensemble.GradientBoostingClassifier(n_estimators=5), "three"),
    (ensemble.GradientBoostingRegressor(n_estimators=5), "number"),
    (ensemble.GradientBoostingRegressor(n_estimators=5, init="zero", loss="huber"), "number"),
    (ensemble.HistGradientBoostingClassifier(max_iter=5), "two"),
    (ensemble.HistGradientBoostingClassifier(max_iter=5), "three"),
    (ensemble.HistGradientBoostingRegressor(max_iter=5), "number"),
    (ensemble.HistGradientBoostingRegressor(max_iter=5, loss="poisson"), "count"),
    (lightgbm.LGBMClassifier(**QUIET), "three"),
    (lightgbm.LGBMRegressor(**QUIET), "number"),
    (xgboost.XGBClassifier(n_estimators=5, n_jobs=1), "two"),
    (xgboost.XGBClassifier(n_estimators=5, n_jobs=1), "three"),
    (xgboost.XGBRegressor(n_estimators=5, n_jobs=1), "number"),
]


WITHOUT_GAPS = ("Gradient", "ExtraTreesRegressor")
"""Estimators that take no missing values, with their options above."""


def described(case: Any) -> str:
    return type(case).__name__ if not isinstance(case, str) else case


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "target"), ENSEMBLES, ids=described)
@pytest.mark.sample(8)
def test_the_bytes_are_those_of_the_object(estimator: Any, target: str):
    gaps = not described(estimator).startswith(WITHOUT_GAPS)
    fitted = estimator.fit(GAPS if gaps else NUMBERS, TARGETS[target])
    made = treelite_model(*tables(fitted)).serialize_bytes()
    assert made == imported(fitted).serialize_bytes()


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (tree.DecisionTreeClassifier(max_depth=5), "three"),
        (tree.DecisionTreeRegressor(), "number"),
        (tree.ExtraTreeClassifier(), "two"),
    ],
    ids=described,
)
def test_a_tree_is_a_forest_of_one(estimator: Any, target: str):
    fitted = estimator.fit(NUMBERS, TARGETS[target])
    made = treelite_model(*tables(fitted)).serialize_bytes()
    assert made == imported(forest_of(fitted)).serialize_bytes()


def test_categories_are_those_that_the_encoder_gives():
    fitted = ensemble.HistGradientBoostingClassifier(max_iter=9, categorical_features=[0])
    fitted.fit(CODES, TARGETS["codes"])
    settings, arrays = tables(fitted)
    assert (settings["categorical"], len(arrays["left_bitsets"]) > 0) == (1, True)
    expected = imported(without_preprocessor(fitted)).serialize_bytes()
    assert treelite_model(settings, arrays).serialize_bytes() == expected


def test_xgboost_stops_at_its_best_iteration():
    fitted = xgboost.XGBClassifier(n_estimators=50, n_jobs=1, early_stopping_rounds=2)
    noise = np.random.default_rng(1).integers(0, 2, 100)
    fitted.fit(NUMBERS[:100], noise, eval_set=[(NUMBERS[100:], noise)], verbose=False)
    made = treelite_model(*tables(fitted))
    assert made.num_tree == fitted.best_iteration + 1 < 50
    assert made.serialize_bytes() == imported(fitted).serialize_bytes()


@pytest.mark.slow
def test_gradient_boosting_that_stopped_early_has_the_trees_that_it_has():
    fitted = ensemble.GradientBoostingClassifier(n_estimators=500, n_iter_no_change=2)
    fitted.fit(NUMBERS, TARGETS["two"])
    assert treelite_model(*tables(fitted)).num_tree == fitted.n_estimators_ < 500


def bent(**changes: Callable[[Any], Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    settings, arrays = tables(ensemble.RandomForestClassifier(2).fit(NUMBERS, TARGETS["two"]))
    return settings, {**arrays, **{name: change(arrays[name]) for name, change in changes.items()}}


@pytest.mark.parametrize(
    "changes",
    [
        {"children_left": lambda nodes: np.zeros_like(nodes)},
        {"feature": lambda nodes: np.full_like(nodes, 9)},
        {"value": lambda values: values[:-1]},
        {"node_count": lambda counts: counts[:1]},
        {"impurity": lambda values: values[:4]},
        {"threshold": lambda values: values.astype("f4")},
        {"children_right": lambda nodes: nodes.astype("i4")},
        {"missing_go_to_left": lambda nodes: nodes.astype(object)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_tables_that_do_not_fit_together_reach_no_c_code(changes):
    with pytest.raises(ValueError, match="its tables don't fit together"):
        treelite_model(*bent(**changes))
