"""Tables of scikit-learn's trees: their sizes, and what older versions lack."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from sklearn import ensemble, tree

from modelhost.compiling.sklearn_trees import binned_tables, forest_tables, staged_tables

VALUES = np.random.default_rng(0).normal(size=(80, 2))
THREE = np.digitize(VALUES.sum(axis=1), [-1, 1])


def test_nodes_of_all_trees_follow_one_another():
    forest = ensemble.RandomForestClassifier(3, random_state=0).fit(VALUES, THREE)
    settings, arrays = forest_tables(forest)
    counts = [one.tree_.node_count for one in forest.estimators_]
    assert settings == {"kind": "forest", "trees": 3, "features": 2, "classes": 3}
    assert arrays["node_count"].tolist() == counts
    assert len(arrays["threshold"]) == sum(counts)
    assert len(arrays["value"]) == 3 * sum(counts)
    second = slice(counts[0], counts[0] + counts[1])
    own = forest.estimators_[1].tree_
    assert arrays["children_left"][second].tolist() == own.children_left.tolist()


def test_trees_of_versions_without_missing_values_send_none_to_the_left():
    own = tree.DecisionTreeRegressor(max_depth=2).fit(VALUES, THREE)
    names = [name for name in dir(own.tree_) if name[0] != "_" and name != "missing_go_to_left"]
    old = SimpleNamespace(**{name: getattr(own.tree_, name) for name in names})
    stand_in = type("DecisionTreeRegressor", (), {"tree_": old, "n_features_in_": 2})()
    _, arrays = forest_tables(stand_in)
    assert arrays["missing_go_to_left"].tolist() == [0] * own.tree_.node_count


def test_values_of_boosting_are_shrunk():
    made = ensemble.GradientBoostingRegressor(n_estimators=2, learning_rate=0.25, init="zero")
    settings, arrays = staged_tables(made.fit(VALUES, THREE))
    first = made.estimators_[0, 0].tree_
    assert (settings["stages"], settings["doubled"]) == (2, False)
    assert arrays["value"][: first.node_count].tolist() == (first.value * 0.25).ravel().tolist()
    assert arrays["base_scores"].tolist() == [0.0]


def test_histogram_nodes_are_bytes_with_their_size():
    made = ensemble.HistGradientBoostingRegressor(max_iter=2).fit(VALUES, THREE)
    settings, arrays = binned_tables(made)
    assert (settings["loss"], settings["classes"]) == ("squared_error", None)
    assert len(arrays["nodes"]) == settings["item_size"] * arrays["node_count"].sum()
