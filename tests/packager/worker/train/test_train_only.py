"""Columns that the train function gets and the model doesn't."""

from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import RECIPE

from packager.errors import PackageError
from packager.worker.train.train_only import with_train_only, without_train_only

ROWS = pd.DataFrame({"x": [1.0, 2.0], "weight": [1, 2], "id": [7, 8], "label": ["a", "b"]})
GIVEN = "def train(features, target, *, params, seed): return list(features)\n"


def trained(train_only: list[str], excluded: list[str]):
    return with_train_only(RECIPE, ROWS, "label", ["x"], train_only, excluded)[0]


def test_the_features_come_first_and_no_other_column_is_given(project):
    project.code(train=GIVEN)
    assert trained(["weight"], ["id"]) == ["x", "weight"]
    assert trained([], ["id", "weight"]) == ["x"]


def test_an_excluded_column_that_train_requests_by_name_is_given_and_said(project, capsys):
    project.code(
        train="""
        def train(features, target, *, params, seed):
            return features["weight"].tolist(), features["id"].tolist(), list(features)
        """
    )
    assert trained([], ["id", "weight"]) == ([1, 2], [7, 8], ["x", "weight", "id"])
    said = capsys.readouterr().err
    assert (
        "train reads the excluded column 'weight': the recipe gets it, the model does not" in said
    )
    assert "train_only = [...]" in said


def test_a_column_that_is_nowhere_is_an_error_of_the_recipe(project):
    project.code(train="def train(features, target, *, params, seed): return features['gone']\n")
    with pytest.raises(PackageError, match="the recipe raised KeyError: 'gone'"):
        trained([], ["id"])


def test_a_recipe_cannot_change_the_rows(project):
    project.code(
        train="""
        def train(features, target, *, params, seed):
            features["x"] = 0
            target[:] = "z"
            return 1
        """
    )
    before = ROWS.copy()
    trained([], [])
    pd.testing.assert_frame_equal(ROWS, before)


def test_a_model_fitted_on_such_a_column_gets_the_way_to_leave_it_out():
    with pytest.raises(PackageError) as caught, without_train_only(["weight", "other"]):
        raise PackageError("the model raised: feature 'weight' is missing")
    assert "features.drop(columns=['weight'])" in caught.value.hint
    with pytest.raises(PackageError) as caught, without_train_only(["other"]):
        raise PackageError("no such thing", "as before")
    assert caught.value.hint == "as before"
