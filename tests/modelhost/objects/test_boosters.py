"""Boosters answer as their libraries do, with labels that the package names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny_models import LABELS, NUMBERS, ROWS, THREE, lightgbm_booster, loaded, xgboost_booster
from xgboost import DMatrix, train

from modelhost.errors import PackageError
from modelhost.output_spec import OutputSpec


@pytest.mark.parametrize("make", [lightgbm_booster, xgboost_booster])
def test_two_classes(tmp_path: Path, make: object) -> None:
    booster = make()  # type: ignore[operator]
    model = loaded(tmp_path, booster, "classification", ("no", "yes"))
    found = model.predict(ROWS)
    asked = booster.predict(DMatrix(ROWS) if make is xgboost_booster else ROWS)
    assert found.probabilities is not None
    assert (found.probabilities[:, 1] == asked).all()
    assert model.classes == ("no", "yes")
    assert set(found.labels) == {"no", "yes"}
    assert loaded(tmp_path, booster, "classification").classes == (0, 1)


@pytest.mark.parametrize(
    "booster",
    [
        lambda: lightgbm_booster("multiclass", THREE, num_class=3),
        lambda: xgboost_booster("multi:softprob", THREE, num_class=3),
    ],
)
def test_several_classes(tmp_path: Path, booster: object) -> None:
    model = loaded(tmp_path, booster(), "classification")  # type: ignore[operator]
    found = model.predict(ROWS)
    assert model.classes == (0, 1, 2)
    assert found.probabilities is not None
    assert found.labels == found.probabilities.argmax(axis=1).tolist()


def test_an_objective_of_labels_gives_labels_alone(tmp_path: Path) -> None:
    booster = xgboost_booster("multi:softmax", THREE, num_class=3)
    found = loaded(tmp_path, booster, "classification", ("x", "y", "z")).predict(ROWS)
    assert found.probabilities is None
    assert found.labels == ["xyz"[int(one)] for one in booster.predict(DMatrix(ROWS))]


def test_a_booster_with_a_best_round_answers_with_all_of_its_trees(tmp_path: Path) -> None:
    pairs = DMatrix(ROWS, LABELS)
    noise = DMatrix(ROWS, 1 - LABELS)
    booster = train(
        {"nthread": 1}, pairs, 8, evals=[(noise, "v")], early_stopping_rounds=3, verbose_eval=False
    )
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    found = loaded(tmp_path, booster, "regression").predict(ROWS)
    assert found.labels == booster.predict(pairs).tolist()


def test_columns_are_taken_by_name_and_an_absent_one_is_named(tmp_path: Path) -> None:
    booster = xgboost_booster("reg:squarederror", NUMBERS)
    model = loaded(tmp_path, booster, "regression")
    assert model.predict(ROWS[["c", "a", "b"]]) == model.predict(ROWS)
    with pytest.raises(ValueError, match="the booster takes column 'c', which is not there"):
        model.predict(ROWS[["a", "b"]])


def test_a_booster_of_an_array_takes_columns_in_order(tmp_path: Path) -> None:
    booster = train({"nthread": 1}, DMatrix(ROWS.to_numpy(), NUMBERS), 3)
    model = loaded(tmp_path, booster, "regression")
    assert (model.feature_names, model.feature_count) == (None, 3)
    asked = booster.predict(DMatrix(ROWS.to_numpy())).tolist()
    assert model.predict(ROWS.set_axis(["x0", "x1", "x2"], axis=1)).labels == asked


def test_categories_are_those_of_the_training(tmp_path: Path) -> None:
    import lightgbm
    import xgboost

    rows = ROWS.assign(k=pd.Categorical(list("xyz") * 40))
    one = lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, NUMBERS), 3)
    assert loaded(tmp_path, one, "regression").predict(rows).labels == one.predict(rows).tolist()
    pairs = xgboost.DMatrix(rows, NUMBERS, enable_categorical=True)
    two = xgboost.train({"nthread": 1}, pairs, 3)
    assert loaded(tmp_path, two, "regression").predict(rows).labels == two.predict(pairs).tolist()


@pytest.mark.parametrize(
    ("booster", "task", "message"),
    [
        (lambda: lightgbm_booster("regression", NUMBERS), "classification", "gives a number"),
        (lambda: xgboost_booster("reg:squarederror", NUMBERS), "classification", "gives a number"),
        (lambda: lightgbm_booster("multiclass", THREE, num_class=3), "regression", "gives 3 numb"),
    ],
)
def test_the_other_task_is_refused(
    tmp_path: Path, booster: object, task: object, message: str
) -> None:
    with pytest.raises(PackageError, match=message) as caught:
        loaded(tmp_path, booster(), task)  # type: ignore[operator, arg-type]
    assert "set task = " in caught.value.hint


def test_estimators_are_served_as_they_are(tmp_path: Path) -> None:
    from lightgbm import LGBMClassifier

    fitted = LGBMClassifier(n_estimators=3, verbose=-1).fit(ROWS, LABELS)
    assert loaded(tmp_path, fitted, "classification").native.__class__ is LGBMClassifier
    named = loaded(tmp_path, fitted, "classification", ("no", "yes")).predict(ROWS)
    assert named.labels == np.array(["no", "yes"])[fitted.predict(ROWS)].tolist()


def test_several_numbers_and_scores_are_those_of_the_booster(tmp_path: Path) -> None:
    quantiles = xgboost_booster(
        "reg:quantileerror", NUMBERS, quantile_alpha=np.array([0.1, 0.9]), max_depth=2
    )
    levels = OutputSpec("z", "quantiles", levels=(0.1, 0.9))
    found = loaded(tmp_path, quantiles, "outputs", outputs=(levels,)).predict(ROWS[["c", "b", "a"]])
    assert [one["0.9"] for one in found.labels] == quantiles.predict(DMatrix(ROWS))[:, 1].tolist()
    ranker = lightgbm_booster("regression", NUMBERS)
    score = OutputSpec("z", "score")
    found = loaded(tmp_path, ranker, "outputs", outputs=(score,)).predict(ROWS)
    assert found.labels == ranker.predict(ROWS).tolist()


@pytest.mark.parametrize("make", [lightgbm_booster, xgboost_booster])
def test_a_declared_label_has_probabilities(tmp_path: Path, make: Any) -> None:
    label = OutputSpec("y", "label", ("no", "yes"))
    model = loaded(tmp_path, make(), "outputs", outputs=(label,))
    found = model.predict(ROWS)
    assert model.outputs[0].classes == ("no", "yes")
    assert found.probabilities is not None
    assert found.labels == [("no", "yes")[int(row[1] > 0.5)] for row in found.probabilities]
