"""Survival and recommendation; the libraries themselves: loaders/test_large_libraries.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.survival_and_ratings import adapt_lifelines, adapt_surprise

REGRESSION = DeclaredAnswers("regression")


def test_a_recommender_is_asked_for_each_pair() -> None:
    model = SimpleNamespace(predict=lambda user, item: SimpleNamespace(est=len(user) + item))
    made = adapt_surprise(model, REGRESSION)
    assert made.predict(pd.DataFrame({"u": ["ab", "c"], "i": [3, 1]})) == [5.0, 2.0]


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (pd.Index(["a", "b"]), ["a", "b"]),
        (
            pd.MultiIndex.from_tuples([("l", "a"), ("l", "Intercept"), ("r", "Intercept")]),
            ["a"],
        ),
    ],
)
def test_the_columns_of_a_survival_model_are_found(index: Any, names: list[str]) -> None:
    model = SimpleNamespace(
        params_=pd.Series(1.0, index), predict_median=lambda rows: rows.sum(axis=1)
    )
    made = adapt_lifelines(model, REGRESSION)
    assert made.feature_names_in_ == names
    assert made.predict(pd.DataFrame({"a": [1.0], "b": [2.0]})).tolist() == [3.0]


def test_a_curve_is_asked_by_the_time() -> None:
    model = SimpleNamespace(survival_function_at_times=lambda times: 1 / np.asarray(times))
    made = adapt_lifelines(model, REGRESSION)
    assert made.predict(pd.DataFrame({"time": [2.0, 4.0]})).tolist() == [0.5, 0.25]


def test_what_gives_no_number_a_row_is_refused() -> None:
    with pytest.raises(PackageError, match="SimpleNamespace of lifelines predicts nothing"):
        adapt_lifelines(SimpleNamespace(), REGRESSION)
    with pytest.raises(PackageError, match="gives a rating"):
        adapt_surprise(SimpleNamespace(), DeclaredAnswers("classification"))
