"""Tables of scikit-learn's tree ensembles: what treelite's importer reads, array by array.

Arrays of nodes hold one tree after the other, in the order of the ensemble; ``node_count`` has the
number of nodes of each tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FORESTS = frozenset(
    {
        "RandomForestClassifier",
        "RandomForestRegressor",
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
    }
)
SINGLE_TREES = frozenset(
    {
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
    }
)
STAGED_ENSEMBLES = frozenset({"GradientBoostingClassifier", "GradientBoostingRegressor"})
BINNED_ENSEMBLES = frozenset({"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"})

_NODES = {
    "children_left": np.int64,
    "children_right": np.int64,
    "feature": np.int64,
    "threshold": np.float64,
    "n_node_samples": np.int64,
    "weighted_n_node_samples": np.float64,
    "impurity": np.float64,
}


def forest_tables(
    estimator: Any, index: int | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings and arrays of a forest; a single tree is a forest of one.

    ``index``: of which of its answers, if it gives several for a row.
    """
    classifies = type(estimator).__name__.endswith("Classifier")
    single = type(estimator).__name__ in SINGLE_TREES
    trees = [one.tree_ for one in ([estimator] if single else estimator.estimators_)]
    settings: dict[str, Any] = {
        "kind": "forest",
        "trees": len(trees),
        "features": int(estimator.n_features_in_),
        "classes": _classes(estimator, index) if classifies else None,
    }
    if index is None:
        arrays = _nodes(trees, settings["classes"] or 1)
    else:
        width = settings["classes"] or 1
        arrays = _nodes([_OneAnswer(tree, index, width) for tree in trees], width)
    arrays["missing_go_to_left"] = _joined([_missing_left(tree) for tree in trees], np.uint8)
    return settings, arrays


class _OneAnswer:
    """A tree of several answers, with the values of one of them."""

    def __init__(self, tree: Any, index: int, width: int) -> None:
        self._tree = tree
        self.value = tree.value[:, index : index + 1, :width]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tree, name)


def _classes(estimator: Any, index: int | None) -> int:
    return int(estimator.n_classes_ if index is None else estimator.n_classes_[index])


def staged_tables(estimator: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings and arrays of gradient boosting; values are those of the leaves, shrunk."""
    classifies = type(estimator).__name__.endswith("Classifier")
    trees = [one.tree_ for stage in estimator.estimators_ for one in stage]
    settings: dict[str, Any] = {
        "kind": "gradient boosting",
        "stages": len(estimator.estimators_),
        "features": int(estimator.n_features_in_),
        "classes": int(estimator.n_classes_) if classifies else None,
        "doubled": estimator.loss == "exponential",
    }
    arrays = _nodes(trees, 1, estimator.learning_rate)
    arrays["base_scores"] = _base_scores(estimator, settings["classes"])
    return settings, arrays


def binned_tables(estimator: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings and arrays of histogram gradient boosting, for categories encoded before."""
    classifies = type(estimator).__name__.endswith("Classifier")
    predictors = [one for stage in estimator._predictors for one in stage]
    known, bitset_indices = estimator._bin_mapper.make_known_categories_bitsets()
    (item_size,) = {predictor.nodes.itemsize for predictor in predictors}
    bitsets = [
        np.asarray(predictor.raw_left_cat_bitsets, np.uint32).ravel() for predictor in predictors
    ]
    settings: dict[str, Any] = {
        "kind": "histogram gradient boosting",
        "stages": len(estimator._predictors),
        "features": int(estimator.n_features_in_),
        "classes": len(estimator.classes_) if classifies else None,
        "item_size": int(item_size),
        "categorical": int(known.shape[0]),
        "loss": None if classifies else estimator.loss,
    }
    nodes = b"".join(predictor.nodes.tobytes() for predictor in predictors)
    return settings, {
        "node_count": np.array([len(predictor.nodes) for predictor in predictors], np.int64),
        "nodes": np.frombuffer(nodes, np.uint8),
        "left_bitset_count": np.array([len(bits) for bits in bitsets], np.int64),
        "left_bitsets": _joined(bitsets, np.uint32),
        "known_bitsets": np.asarray(known, np.uint32).ravel(),
        "bitset_of_feature": np.asarray(bitset_indices, np.uint32).ravel(),
        "base_scores": np.asarray(estimator._baseline_prediction, np.float64).ravel(),
    }


def _nodes(trees: Sequence[Any], width: int, factor: float = 1.0) -> dict[str, Any]:
    """The arrays of nodes; every node has ``width`` values."""
    for tree in trees:
        expected = (tree.node_count, 1, width)
        assert tree.value.shape == expected, (
            f"Expected shape: {expected}, Got shape {tree.value.shape}"
        )
    arrays = {
        name: _joined([getattr(tree, name) for tree in trees], dtype)
        for name, dtype in _NODES.items()
    }
    arrays["node_count"] = np.array([tree.node_count for tree in trees], np.int64)
    arrays["value"] = _joined([tree.value * factor for tree in trees], np.float64)
    return arrays


def _missing_left(tree: Any) -> Any:
    """Before scikit-learn 1.3, trees take no missing values."""
    goes_left = getattr(tree, "missing_go_to_left", None)
    return np.zeros(tree.node_count, np.uint8) if goes_left is None else goes_left


def _base_scores(estimator: Any, classes: int | None) -> Any:
    init = estimator.init_
    if isinstance(init, str) and init == "zero":
        return np.zeros(1 if classes in (None, 2) else classes)
    name = type(init).__name__
    if classes is None and name == "DummyRegressor":
        return np.asarray(init.constant_, np.float64).reshape(1)
    if classes is not None and name == "DummyClassifier" and init.strategy == "prior":
        row = np.zeros((1, estimator.n_features_in_))
        return np.asarray(estimator._raw_predict_init(row), np.float64).ravel()
    raise NotImplementedError("Custom init estimator not supported")


def _joined(arrays: Sequence[Any], dtype: Any) -> Any:
    """The arrays one after the other, each in the order of its rows."""
    return np.concatenate([np.asarray(array, dtype).ravel() for array in arrays])
