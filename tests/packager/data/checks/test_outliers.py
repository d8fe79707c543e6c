"""Outliers found by an isolation forest, and the column that explains each."""

from __future__ import annotations

import numpy as np
from dirty_tables import clean, issues_of, rows_of

from packager.data.checks.outliers import outlier, robust_scores


def test_an_outlier_names_the_column_that_shows_it():
    frame = clean()
    frame.loc[42, ["size", "weight"]] = [9.5, 3.0]
    found = issues_of(outlier, frame)
    assert rows_of(found) == [42]
    assert found[0].column == "size"


def test_robust_scores_measure_each_side_by_itself():
    values = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 100, 50)])
    assert np.abs(robust_scores(values)).max() < 3
