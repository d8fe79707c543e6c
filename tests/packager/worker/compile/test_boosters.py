"""Boosters, and other libraries' objects, through the compile room: equal, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xgboost
from compile_samples import Sample, assert_equal, judged
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from tiny_models import (
    LABELS,
    NUMBERS,
    ROWS,
    THREE,
    lightgbm_booster,
    loaded,
    xgboost_booster,
)

from modelhost.predictions import Scalar, Task


def made(
    tmp_path: Path, booster: Any, task: Task, classes: tuple[Scalar, ...] | None = None
) -> Sample:
    return judged(loaded(tmp_path, booster, task, classes), ROWS, tmp_path / "form")


BOOSTERS: dict[str, tuple[Callable[[], Any], Task, tuple[Scalar, ...] | None]] = {
    "lightgbm two": (lightgbm_booster, "classification", ("no", "yes")),
    "lightgbm three": (
        lambda: lightgbm_booster("multiclass", THREE, num_class=3),
        "classification",
        None,
    ),
    "lightgbm number": (lambda: lightgbm_booster("regression", NUMBERS), "regression", None),
    "xgboost two": (xgboost_booster, "classification", ("no", "yes")),
    "xgboost three": (
        lambda: xgboost_booster("multi:softprob", THREE, num_class=3),
        "classification",
        ("x", "y", "z"),
    ),
    "xgboost number": (
        lambda: xgboost_booster("reg:squarederror", NUMBERS),
        "regression",
        None,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.sample(3)
def test_a_booster_is_compiled_and_answers_as_itself(tmp_path: Path, name: str) -> None:
    make, task, classes = BOOSTERS[name]
    sample = made(tmp_path, make(), task, classes)
    assert (sample.verdict.verdict, sample.verdict.strategy) == ("equal", "encoders + treelite")
    assert assert_equal(sample, sample.rows()) == len(sample.held_out)


@pytest.mark.slow
def test_a_booster_with_a_best_round_is_compiled_with_all_of_its_trees(tmp_path: Path) -> None:
    noise = [(xgboost.DMatrix(ROWS, 1 - LABELS), "noise")]
    booster = xgboost.train(
        {"nthread": 1, "objective": "reg:squarederror"},
        xgboost.DMatrix(ROWS, LABELS),
        8,
        evals=noise,
        early_stopping_rounds=3,
        verbose_eval=False,
    )
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    sample = made(tmp_path, booster, "regression")
    assert sample.verdict.verdict == "equal"
    assert assert_equal(sample, sample.rows())


@pytest.mark.slow
def test_a_booster_with_categories_is_compiled_or_refused_by_name(tmp_path: Path) -> None:
    import lightgbm

    rows = ROWS.assign(k=pd.Categorical(list("xyz") * 40))
    one = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(rows, NUMBERS), 3)
    sample = judged(loaded(tmp_path, one, "regression"), rows, tmp_path / "one")
    assert sample.verdict.verdict == "equal"
    pairs = xgboost.DMatrix(rows, NUMBERS, enable_categorical=True)
    two = xgboost.train({"nthread": 1}, pairs, 3)
    refused = judged(loaded(tmp_path, two, "regression"), rows, tmp_path / "two").verdict
    assert (refused.verdict, refused.reason) == (
        "refused",
        "text reaches xgboost.core.Booster",
    )


@pytest.mark.slow
def test_clusters_are_compiled_unless_they_have_names(tmp_path: Path) -> None:
    fitted = KMeans(3, n_init=1, random_state=0).fit(ROWS)
    plain = made(tmp_path, fitted, "classification")
    assert (plain.verdict.verdict, plain.verdict.strategy) == (
        "equal",
        "encoders + native estimator",
    )
    assert assert_equal(plain, plain.rows())
    assert made(tmp_path, fitted, "classification", ("x", "y", "z")).verdict.verdict == "refused"


def test_scores_of_outliers_are_refused_by_name(tmp_path: Path) -> None:
    fitted = IsolationForest(n_estimators=5, random_state=0).fit(ROWS)
    verdict = made(tmp_path, fitted, "regression").verdict
    assert (verdict.verdict, verdict.reason) == (
        "refused",
        "no compiled form is known for scores of IsolationForest",
    )
