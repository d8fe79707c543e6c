"""Metrics of several numbers a row, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn

from monitoring.scoring.label_sets import MAX_PARTS
from monitoring.scoring.number_lists import (
    embedding_metrics,
    number_columns,
    number_list_metrics,
)


def test_metrics_are_those_of_scikit_learn_overall_and_by_step() -> None:
    random = np.random.default_rng(4)
    truth = random.normal(size=(100, 3))
    answers = truth + random.normal(size=(100, 3)) * [0.1, 0.5, 2]
    found = number_list_metrics(truth.tolist(), answers.tolist(), ())
    assert found["mae"].value == pytest.approx(sklearn.mean_absolute_error(truth, answers))
    assert found["r2"].value == pytest.approx(sklearn.r2_score(truth, answers))
    assert found["rmse"].value == pytest.approx(sklearn.mean_squared_error(truth, answers) ** 0.5)
    by_step = sklearn.mean_absolute_error(truth, answers, multioutput="raw_values")
    assert [found[f"mae_{n}"].value for n in (1, 2, 3)] == pytest.approx(by_step)
    assert found["mae_3"].part
    assert not found["mae"].part


def test_elements_have_the_names_of_their_columns() -> None:
    found = number_list_metrics([[1, 2]], [[2, 4]], ("day", "week"))
    assert found["mae_week"].value == 2
    assert "mae_1" not in found


def test_an_element_without_a_number_is_omitted_and_counted() -> None:
    found = number_list_metrics([[1, 2], [3, 4]], [[2, None], None], ())
    assert found["mae"].value == 1
    assert found["unanswered"].value == 0.75


def test_measures_of_a_row_omit_nulls() -> None:
    found = number_columns([[1, 2], [1, 2]], [[2, None], [None, None]])
    assert found["mae"][0] == 1.0
    assert np.isnan(found["mae"][1])


def test_only_so_many_elements_have_metrics_of_their_own() -> None:
    wide = np.zeros((2, MAX_PARTS + 10)).tolist()
    found = number_list_metrics(wide, wide, ())
    assert sum(name.startswith("mae_") for name in found) == MAX_PARTS


def test_an_embedding_has_norms_and_a_spread() -> None:
    found = embedding_metrics([[3.0, 4.0], [-3.0, -4.0]])
    assert found["norm_mean"].value == 5
    assert found["norm_std"].value == 0
    assert found["spread"].value == 5


def test_an_embedding_that_is_not_finite_is_counted() -> None:
    found = embedding_metrics([[3.0, 4.0], [None, 1.0]])
    assert found["unanswered"].value == 0.5
    assert found["norm_mean"].value == 5
