"""Tables of trees that don't fit together are refused before C code reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import ensemble

from modelhost.compiling.sklearn_trees import binned_tables, forest_tables
from packager.worker.compile.node_checks import check_binned_nodes, check_nodes, check_types

RANDOM = np.random.default_rng(0)
VALUES = np.column_stack([RANDOM.integers(0, 9, 200), RANDOM.normal(size=200)])
TARGET = (VALUES[:, 0] % 3 == 0) ^ (VALUES[:, 1] > 0)
FOREST = forest_tables(ensemble.RandomForestClassifier(2, random_state=0).fit(VALUES, TARGET))[1]
SETTINGS, BINNED = binned_tables(
    ensemble.HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]).fit(
        VALUES, TARGET
    )
)
LEFT, FEATURE, BITSET = slice(29, 33), slice(12, 20), slice(52, 56)


def test_tables_of_real_trees_fit():
    check_types({**FOREST, **BINNED})
    check_nodes(FOREST, 2)
    check_binned_nodes(BINNED, 2, SETTINGS["item_size"], SETTINGS["categorical"])


@pytest.mark.parametrize(
    "changed",
    [
        {"children_left": FOREST["children_left"] * 0},
        {"children_right": FOREST["children_right"] + 10_000},
        {"children_right": FOREST["children_right"] * 0 - 1},
        {"feature": FOREST["feature"] + 2},
        {"feature": FOREST["feature"][:-1]},
        {"node_count": FOREST["node_count"] * 2},
    ],
)
def test_children_follow_their_parents_and_features_exist(changed: dict[str, Any]):
    with pytest.raises(ValueError, match="its tables don't fit together"):
        check_nodes({**FOREST, **changed}, 2)


def nodes(where: slice, byte: int) -> np.ndarray:
    made = BINNED["nodes"].copy().reshape(-1, SETTINGS["item_size"])
    made[:, where] = byte
    return made.ravel()


@pytest.mark.parametrize(
    "changed",
    [
        {"nodes": nodes(LEFT, 0)},
        {"nodes": nodes(LEFT, 255)},
        {"nodes": nodes(FEATURE, 1)},
        {"nodes": nodes(BITSET, 9)},
        {"nodes": BINNED["nodes"][:-1]},
        {"left_bitset_count": BINNED["left_bitset_count"][:-1]},
        {"known_bitsets": BINNED["known_bitsets"][:-1]},
        {"bitset_of_feature": BINNED["bitset_of_feature"] + 5},
        {"bitset_of_feature": BINNED["bitset_of_feature"][:-1]},
    ],
)
def test_nodes_of_histograms_name_bit_sets_that_exist(changed: dict[str, Any]):
    with pytest.raises(ValueError, match="its tables don't fit together"):
        check_binned_nodes({**BINNED, **changed}, 2, SETTINGS["item_size"], 1)


@pytest.mark.parametrize("name", [*FOREST, *BINNED])
def test_an_array_of_another_type_is_refused(name: str):
    array = {**FOREST, **BINNED}[name]
    for other in (array.astype("f4"), array.astype("i2"), array.reshape(1, -1)):
        with pytest.raises(ValueError, match="its tables don't fit together"):
            check_types({name: other})
    with pytest.raises(ValueError, match="its tables don't fit together"):
        check_types({"another name": array})


@pytest.mark.parametrize("size", [48, 57])
def test_a_node_of_an_unknown_size_is_refused(size: int):
    with pytest.raises(ValueError, match="its tables don't fit together"):
        check_binned_nodes(BINNED, 2, size, 1)
