from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from worker_projects import Project

from packager.errors import PackageError, UsageError
from packager.manifest.evaluation import Golden


def train_elsewhere(project: Project, rows: pd.DataFrame, **columns: Any) -> None:
    import joblib
    from sklearn.tree import DecisionTreeClassifier

    project.root.models.mkdir()
    features = rows.drop(columns="label").assign(**columns)
    tree = DecisionTreeClassifier(random_state=0)
    joblib.dump(tree.fit(features, rows["label"]), project.root.model)


@pytest.mark.slow
def test_a_model_trained_elsewhere_alone_tells_columns_and_classes(
    project: Project, rows: pd.DataFrame
) -> None:
    train_elsewhere(project, rows)
    result = project.train(project.job(recipe="none", target=None, source=False))
    assert [(c.name, c.kind) for c in result.schema_.features] == [
        ("size", "any"),
        ("count", "any"),
        ("new", "any"),
    ]
    assert result.schema_.classes == ("big", "small")
    assert result.evaluation is None
    assert [entry.path for entry in result.model] == ["model"]
    assert sorted(path.name for path in project.out.iterdir()) == ["result.json"]


@pytest.mark.slow
def test_a_model_trained_elsewhere_is_measured_on_the_data_given(
    project: Project, rows: pd.DataFrame
) -> None:
    train_elsewhere(project, rows)
    project.data(rows[["label", "new", "size", "count"]])
    result = project.train_here(project.job(recipe="none"))
    assert [column.name for column in result.schema_.features] == ["size", "count", "new"]
    assert result.evaluation is not None
    assert result.evaluation.overall.values["accuracy"] == 1


@pytest.mark.slow
def test_data_that_does_not_fit_a_model_trained_elsewhere_is_refused(
    project: Project, rows: pd.DataFrame
) -> None:
    train_elsewhere(project, rows)
    project.data(rows.assign(id=range(80)))
    with pytest.raises(UsageError, match="the model wasn't trained on column 'id'") as caught:
        project.train_here(project.job(recipe="none"))
    assert caught.value.hint == "exclude what it doesn't take: exclude = ['id']"
    project.data(rows.drop(columns="new"))
    with pytest.raises(UsageError, match="expected the model's feature 'new'"):
        project.train_here(project.job(recipe="none"))


@pytest.mark.parametrize("key", ["monitoring_exclude", "monitoring_include"])
def test_monitoring_without_data_is_refused(project: Project, rows: pd.DataFrame, key: str) -> None:
    train_elsewhere(project, rows)
    job = project.job(recipe="none", target=None, source=False, **{key: ("new",)})
    with pytest.raises(UsageError, match="expected data to compare live rows with"):
        project.train_here(job)


def test_slices_without_data_are_refused(project: Project, rows: pd.DataFrame) -> None:
    train_elsewhere(project, rows)
    job = project.job(recipe="none", target=None, source=False, slices_columns=("new",))
    with pytest.raises(UsageError, match="expected data to find the slices in"):
        project.train_here(job)


ROWS = ({"size": 0.5, "count": 3, "new": True}, {"size": -0.5, "count": 1, "new": False})


@pytest.mark.slow
def test_rows_that_came_with_the_model_become_examples_with_its_answers(
    project: Project, rows: pd.DataFrame
) -> None:
    train_elsewhere(project, rows)
    job = project.job(recipe="none", target=None, source=False, examples=ROWS)
    project.train_here(job)
    found = Golden.load(project.out / "golden.json")
    assert found.rows == ROWS
    assert all(answer["prediction"] in ("big", "small") for answer in found.expected)
    assert (project.out / "smoke_test.json").read_bytes() == found.dump()


@pytest.mark.slow
def test_such_rows_replace_made_up_examples_of_data(project: Project, rows: pd.DataFrame) -> None:
    train_elsewhere(project, rows)
    project.data(rows)
    project.train_here(project.job(recipe="none", examples=ROWS, query_model=True))
    assert Golden.load(project.out / "golden.json").rows == ROWS
    assert Golden.load(project.out / "smoke_test.json").rows != ROWS


@pytest.mark.slow
def test_a_row_that_the_model_fails_on_is_named(project: Project, rows: pd.DataFrame) -> None:
    train_elsewhere(project, rows)
    wrong = (*ROWS, {"size": "wide", "count": 1, "new": False})
    job = project.job(recipe="none", target=None, source=False, examples=wrong)
    with pytest.raises(PackageError, match="input example, row 2: expected a prediction") as caught:
        project.train_here(job)
    assert caught.value.hint
