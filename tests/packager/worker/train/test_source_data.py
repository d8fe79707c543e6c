"""Labels that are read as null, columns for training only, and declared features."""

from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import Project

from packager.errors import PackageError, UsageError
from packager.worker.job import Job, TrainingResult
from packager.worker.train.dataset import prepare
from packager.worker.train.source_data import read_source

COUNTED = """
    class Counted:
        def __init__(self, names):
            self.names = names

        def predict(self, frame):
            assert list(frame.columns) == self.names, list(frame.columns)
            return ["big"] * len(frame)

    def train(features, target, *, params, seed):
        weights = features.pop("weight")
        assert len(weights) == len(target)
        return Counted(list(features.columns))
"""


def prepared(project: Project, job: Job):
    return prepare(read_source(project.root, job.reader), job, project.root)


def labels(project: Project, words: dict[str, int], filled: int = 100) -> None:
    cells = ["yes", "no"] * (filled // 2)
    cells += [word for word, count in words.items() for _ in range(count)]
    text = "".join(f"{place},{cell}\n" for place, cell in enumerate(cells))
    project.root.source.mkdir(parents=True, exist_ok=True)
    (project.root.source / "rows.csv").write_text(f"x,label\n{text}")


def test_labels_that_are_read_as_null_stop_the_training(project: Project) -> None:
    labels(project, {"None": 40, "": 3})
    with pytest.raises(UsageError) as caught:
        prepared(project, project.job())
    assert "read as null in 40 of 143 rows: 40 with the text 'None', 3 with an empty cell" in (
        caught.value.message
    )
    assert 'label = { kind = "string" }' in caught.value.hint
    assert 'label = { null = ["None"] }' in caught.value.hint


def test_both_hints_go_on_as_they_say(project: Project) -> None:
    labels(project, {"None": 40, "": 3})
    classes = {"columns": {"label": {"kind": "string"}}}
    found = prepared(project, project.job(reader=classes))
    assert len(found.train) + len(found.test) == 140
    assert found.unlabelled == {"": 3}
    absent = {"columns": {"label": {"null": ["None"]}}}
    found = prepared(project, project.job(reader=absent))
    assert len(found.train) + len(found.test) == 100
    assert found.unlabelled == {"": 3, "None": 40}


def test_a_handful_and_empty_cells_are_reported(project: Project, capsys) -> None:
    labels(project, {"NA": 5, "": 60})
    assert prepared(project, project.job()).unlabelled == {"": 60, "NA": 5}
    told = capsys.readouterr().err
    assert "65 rows without 'label' are left out: 5 with the text 'NA', 60 with an empty" in told


@pytest.mark.slow
def test_columns_for_training_only_reach_train_and_nothing_else(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train=COUNTED)
    project.data(rows.assign(weight=0.5))
    job = project.job(train_only=("weight",), repeat=True)
    result = project.train(job)
    assert "weight" not in [column.name for column in result.schema_.features]
    assert result.schema_.extras == ()


@pytest.mark.slow
def test_a_recipe_that_requests_an_excluded_column_gets_it_and_is_reported(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train=COUNTED)
    project.data(rows.assign(weight=0.5))
    ended = project.start(project.job(exclude=("weight",)))
    assert ended.code == 0, ended.stderr
    assert "train reads the excluded column 'weight'" in ended.stderr
    schema = TrainingResult.load(project.out / "result.json").schema_
    assert "weight" not in [column.name for column in schema.features]


@pytest.mark.slow
def test_a_model_that_was_fitted_on_them_is_reported(project: Project, rows: pd.DataFrame) -> None:
    project.code(
        train="""
        from sklearn.tree import DecisionTreeClassifier

        def train(features, target, *, params, seed):
            return DecisionTreeClassifier().fit(features[["size", "weight"]], target)
        """
    )
    project.data(rows.assign(weight=0.5))
    with pytest.raises(PackageError) as caught:
        project.train_here(project.job(train_only=("weight",)))
    assert "only train gets 'weight'" in caught.value.hint


def test_features_may_be_named(project: Project, rows: pd.DataFrame) -> None:
    project.data(rows)
    found = prepared(project, project.job(include=("size",)))
    assert found.features == ("size",)
    with pytest.raises(UsageError, match=r"\[data\] include: expected a column of the data"):
        prepared(project, project.job(include=("sise",)))


@pytest.mark.slow
def test_a_file_beside_the_data_is_said_not_to_be_packaged(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        train="""
        from pathlib import Path

        def train(features, target, *, params, seed):
            return Path("data/names.txt").read_text()
        """
    )
    project.data(rows)
    ended = project.start(project.job())
    assert ended.code == 1
    assert "data/names.txt is not packaged; the folder that holds the data" in ended.error["hint"]
