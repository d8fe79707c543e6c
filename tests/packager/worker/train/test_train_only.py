"""Columns that the train function gets and the model doesn't."""

from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import RECIPE

from packager.errors import PackageError
from packager.model.hosted import ModelHost
from packager.worker.processes.host_command import training_host
from packager.worker.train.train_only import with_train_only, without_train_only

ROWS = pd.DataFrame({"x": [1.0, 2.0], "weight": [1, 2], "id": [7, 8], "label": ["a", "b"]})


def trained(host, train_only: list[str], excluded: list[str]) -> str:
    """What the recipe raises in the end: it tells what it was given."""

    def call(names):
        host.train(RECIPE, ROWS, names, ["label"])

    with pytest.raises(PackageError) as caught:
        with_train_only(call, ["x"], train_only, excluded)
    return caught.value.message


@pytest.fixture
def host(project):
    """A process that runs the recipe which the test writes."""
    with ModelHost(training_host(project.root, project.root.path)) as started:
        yield started


def test_the_features_come_first_and_no_other_column_is_given(project, host):
    project.code(
        train="def train(features, target, *, params, seed): raise ValueError(list(features))"
    )
    assert trained(host, ["weight"], ["id"]) == "the recipe raised ValueError: ['x', 'weight']"
    assert trained(host, [], ["id", "weight"]) == "the recipe raised ValueError: ['x']"


def test_an_excluded_column_that_train_requests_by_name_is_given_and_said(project, host, capsys):
    project.code(
        train="""
        def train(features, target, *, params, seed):
            read = features["weight"].tolist(), features["id"].tolist(), list(features)
            raise ValueError(read)
        """
    )
    read = ([1, 2], [7, 8], ["x", "weight", "id"])
    assert trained(host, [], ["id", "weight"]) == f"the recipe raised ValueError: {read}"
    said = capsys.readouterr().err
    assert (
        "train reads the excluded column 'weight': the recipe gets it, the model does not" in said
    )
    assert "train_only = [...]" in said


def test_a_column_that_is_nowhere_is_an_error_of_the_recipe(project, host):
    project.code(train="def train(features, target, *, params, seed): return features['gone']\n")
    assert trained(host, [], ["id"]) == "the recipe raised KeyError: 'gone'"


def test_a_model_fitted_on_such_a_column_gets_the_way_to_leave_it_out():
    with pytest.raises(PackageError) as caught, without_train_only(["weight", "other"]):
        raise PackageError("the model raised: feature 'weight' is missing")
    assert "features.drop(columns=['weight'])" in caught.value.hint
    with pytest.raises(PackageError) as caught, without_train_only(["other"]):
        raise PackageError("no such thing", "as before")
    assert caught.value.hint == "as before"
