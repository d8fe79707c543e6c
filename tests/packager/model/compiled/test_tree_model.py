"""The head of trees gives the same bits by tables and by treelite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import treelite
from sklearn import ensemble

from packager.model.compiled import tree_model
from packager.model.compiled.form import Trees
from packager.model.compiled.heads import HeadSpec
from packager.model.compiled.leaf_tables import LeafTables
from packager.model.compiled.tree_model import TreeModel

RANDOM = np.random.default_rng(5)
ROWS = RANDOM.normal(size=(300, 4)).round(2)
LABELS = (ROWS[:, 0] + ROWS[:, 1] ** 2 > 0.5) + (ROWS[:, 2] > 1).astype(int)
ESTIMATOR = ensemble.HistGradientBoostingClassifier(max_iter=12).fit(ROWS, LABELS)
CONTENT = treelite.sklearn.import_model(ESTIMATOR).serialize_bytes()
MEANING = HeadSpec("classification", (0, 1, 2), True, 1e-9)
TREES = Trees(float32=False, link="softmax")


def test_tables_and_treelite_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    with_tables = TreeModel(TREES, CONTENT, MEANING)
    assert with_tables._tables is not None
    monkeypatch.setattr(LeafTables, "of", lambda _: None)
    without = TreeModel(TREES, CONTENT, MEANING)
    assert without._tables is None
    for rows in (ROWS, ROWS[:1]):
        one, other = with_tables(rows), without(rows)
        assert one.labels == other.labels
        assert one.probabilities is not None
        assert other.probabilities is not None
        assert one.probabilities.tobytes() == other.probabilities.tobytes()
    np.testing.assert_allclose(without(ROWS).probabilities, ESTIMATOR.predict_proba(ROWS), 1e-9)


def test_tables_that_would_find_another_leaf_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(LeafTables):
        def __call__(self, matrix: Any) -> Any:
            found = super().__call__(matrix)
            found[0, 0] += 0.5
            return found

    monkeypatch.setattr(tree_model, "LeafTables", Wrong)
    assert TreeModel(TREES, CONTENT, MEANING)._tables is None
