"""Survival and recommendation; the libraries themselves: loaders/test_large_libraries.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.survival_and_ratings import (
    adapt_lifelines,
    adapt_surprise,
    lifelines_outputs,
    surprise_outputs,
)
from modelhost.output_spec import OutputSpec

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


class Survival:
    """A regression of survival whose curve falls by its column."""

    params_ = pd.Series(1.0, pd.Index(["a"]))

    def predict_median(self, rows: pd.DataFrame) -> pd.Series:
        return rows["a"] * 2

    def predict_percentile(self, rows: pd.DataFrame, p: float) -> pd.Series:
        return rows["a"] * (1 - p)

    def predict_survival_function(self, rows: pd.DataFrame, times: list[float]) -> pd.DataFrame:
        return pd.DataFrame(
            {index: [1 / (one + t) for t in times] for index, one in rows["a"].items()}
        )


@pytest.mark.parametrize(
    ("output", "answers"),
    [
        (OutputSpec("risk", "score"), [-2.0, -4.0]),
        (OutputSpec("free", "numbers", times=(1.0, 3.0)), [[0.5, 0.25], [1 / 3, 0.2]]),
        (OutputSpec("week", "quantiles", levels=(0.1, 0.5)), [[0.1, 0.5], [0.2, 1.0]]),
    ],
)
def test_a_model_of_survival_gives_risk_curve_or_quantiles(output: Any, answers: Any) -> None:
    made = lifelines_outputs(Survival(), [output])
    assert np.allclose(made.predict(pd.DataFrame({"a": [1.0, 2.0]})), answers)


def test_a_curve_without_times_is_refused() -> None:
    with pytest.raises(PackageError, match="Survival gives probabilities at times"):
        lifelines_outputs(Survival(), [OutputSpec("free", "numbers")])
    assert lifelines_outputs(Survival(), [OutputSpec("week", "number")]) is None


class Trainset:
    """Three items; user ``u`` has rated item 30."""

    ur = {0: [(2, 5.0)]}
    all_items = staticmethod(lambda: range(3))
    to_raw_iid = staticmethod(lambda item: np.int64(10 * item + 10))

    def to_inner_uid(self, user: str) -> int:
        if user != "u":
            raise ValueError("unknown")
        return 0


class Recommender:
    """Rates items by their number."""

    trainset = Trainset()

    def predict(self, _: str, item: int) -> Any:
        return SimpleNamespace(est=item)


def test_the_best_items_are_those_that_the_user_has_not_rated() -> None:
    made = surprise_outputs(Recommender(), [OutputSpec("items", "json", top=2)])
    assert made.predict(pd.DataFrame({"who": ["u", "new"]})) == [[20, 10], [30, 20]]
    assert surprise_outputs(Recommender(), [OutputSpec("stars", "number")]) is None
