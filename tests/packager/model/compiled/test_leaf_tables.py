"""Tables find the leaves that treelite's own inference finds, to the last bit."""

from __future__ import annotations

from functools import cache
from typing import Any

import lightgbm
import numpy as np
import pytest
import treelite
import xgboost
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble

from packager.model.compiled import leaf_tables
from packager.model.compiled.leaf_tables import LeafTables

pytestmark = pytest.mark.slow

WIDTH = 4
RANDOM = np.random.default_rng(3)
ROWS = RANDOM.normal(size=(400, WIDTH)).round(2)
ROWS[RANDOM.random(ROWS.shape) < 0.1] = np.nan
LABELS = (np.nan_to_num(ROWS[:, 0]) + np.nan_to_num(ROWS[:, 1]) ** 2 > 0.5).astype(int)
CLASSES = LABELS + (np.nan_to_num(ROWS[:, 2]) > 1)
WHOLE = np.nan_to_num(ROWS)
ESTIMATORS: dict[str, Any] = {
    "hist": lambda: ensemble.HistGradientBoostingClassifier(max_iter=8).fit(ROWS, LABELS),
    "hist, three classes": lambda: ensemble.HistGradientBoostingClassifier(max_iter=4).fit(
        ROWS, CLASSES
    ),
    "gradient": lambda: ensemble.GradientBoostingClassifier(n_estimators=8).fit(WHOLE, LABELS),
    "lightgbm": lambda: lightgbm.LGBMRegressor(n_estimators=8, verbose=-1).fit(ROWS, LABELS),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=6).fit(ROWS, CLASSES),
}


@cache
def model_of(name: str) -> Any:
    estimator = ESTIMATORS[name]()
    if name == "xgboost":
        return treelite.frontend.from_xgboost(estimator.get_booster())
    if name == "lightgbm":
        return treelite.frontend.from_lightgbm(estimator.booster_)
    return treelite.sklearn.import_model(estimator)


@cache
def tables_of(name: str) -> LeafTables:
    found = LeafTables.of(model_of(name))
    assert found is not None
    return found


def rounded(name: str, rows: Any) -> Any:
    """XGBoost's numbers are float32, to which treelite rounds what it gets."""
    with np.errstate(over="ignore"):
        single = np.array(rows, np.float32)
    finite = np.where(np.isinf(single), 0, single) if name == "xgboost" else np.array(rows)
    return finite.astype(np.float64)


def leaves(name: str, given: Any) -> Any:
    """The leaves as treelite finds them, shape (rows, trees)."""
    return treelite.gtil.predict_per_tree(model_of(name), given, nthread=1).reshape(len(given), -1)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_leaves_are_those_of_treelite_at_and_beside_every_threshold(name: str) -> None:
    tables = tables_of(name)
    for rows in (tables.edge_rows(WIDTH), ROWS, RANDOM.normal(size=(300, WIDTH)) * 9):
        rows = rounded(name, rows)
        expected = leaves(name, rows)
        assert (tables(rows) == expected).all()
        for row, own in zip(rows[:40], expected[:40], strict=True):
            assert (tables(row[None]) == own).all()


NUMBERS = st.floats(allow_infinity=False) | st.sampled_from([0.0, -0.0, 1e-36, 5e-324, 1e300])


@settings(max_examples=many(60), deadline=None)
@given(
    st.sampled_from([*ESTIMATORS]),
    st.lists(st.lists(NUMBERS, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=5),
)
def test_any_numbers_reach_the_leaves_of_treelite(name: str, rows: list[list[float]]) -> None:
    given_rows = rounded(name, rows)
    assert (tables_of(name)(given_rows) == leaves(name, given_rows)).all()


def test_many_rows_are_looked_up_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaf_tables, "MAX_CELLS", 50)
    found = LeafTables.of(model_of("hist"))
    assert found is not None
    assert (found(ROWS) == tables_of("hist")(ROWS)).all()


@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.RandomForestClassifier(2, max_depth=2),  # a vector a leaf
        ensemble.RandomForestRegressor(2, max_depth=2),  # their mean
        ensemble.GradientBoostingRegressor(n_estimators=1, max_depth=9),  # more leaves than bits
    ],
)
def test_other_trees_have_no_tables(estimator: Any) -> None:
    model = treelite.sklearn.import_model(estimator.fit(WHOLE, np.arange(len(WHOLE)) % 97))
    assert LeafTables.of(model) is None


def test_trees_that_would_take_too_much_memory_have_no_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaf_tables, "MAX_TABLE_BYTES", 1_000)
    assert LeafTables.of(model_of("hist")) is None
