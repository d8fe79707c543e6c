from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import FOREST, Project

from packager.errors import PackageError, UsageError
from packager.manifest.data_roles import Split
from packager.manifest.outputs import Output
from packager.worker.job import TrainingResult

pytestmark = pytest.mark.slow


def test_rows_without_a_target_leave_no_trace_in_the_labels_type(project: Project) -> None:
    project.code(train=FOREST)
    labels = [None if i % 9 == 0 else i % 2 for i in range(60)]
    project.data(pd.DataFrame({"x": range(60), "label": labels}))
    ended = project.start(project.job())
    assert ended.code == 0, ended.stderr
    assert "7 rows without 'label' are left out" in ended.stderr
    result = TrainingResult.load(project.out / "result.json")
    assert result.schema_.classes == (0, 1)
    assert result.train_rows + result.test_rows == 53


def test_parquet_keeps_its_types_up_to_the_golden_rows(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        train="""
        class Checked:
            def __init__(self, dtypes):
                self.dtypes = dtypes

            def predict(self, frame):
                assert [str(dtype) for dtype in frame.dtypes] == self.dtypes
                return ["big"] * len(frame)

        def train(features, target, *, params, seed):
            return Checked([str(dtype) for dtype in features.dtypes])
        """
    )
    typed = rows.assign(
        small=rows["size"].astype("float32") / 3,
        short=rows["count"].astype("int16"),
        color=pd.Categorical(["red", "blue"] * 40),
        at=pd.date_range("2024-01-01", periods=80, freq="h", tz="Europe/Berlin"),
        day=pd.date_range("2024-01-01", periods=80, freq="D"),
    )
    project.data(typed, "rows.parquet")
    result = project.train_here(project.job())
    assert [column.dtype for column in result.schema_.features][3:6] == [
        "float32",
        "int16",
        "category",
    ]


def test_groups_stay_together_and_time_divides(project: Project, rows: pd.DataFrame) -> None:
    project.code(
        train="""
        from pathlib import Path

        class Seen:
            def __init__(self, seen):
                self.seen = seen

            def predict(self, frame):
                return ["big" if group in self.seen else "small" for group in frame["group"]]

        def train(features, target, *, params, seed):
            return Seen(set(features["group"]))
        """
    )
    days = pd.date_range("2024-01-01", periods=80).strftime("%Y-%m-%d")
    project.data(rows.assign(group=[i // 8 for i in range(80)], day=days, label="big"))
    job = project.job(split=Split(by=("group",), test=0.4))
    with pytest.raises(PackageError, match="labels like 'small', expected those of 'label': 'big'"):
        project.train_here(job)
    by_time = project.job(split=Split(time="day", start="2024-03-01"))
    result = project.train_here(by_time)
    assert (result.train_rows, result.test_rows) == (60, 20)


def test_held_out_rows_from_a_file_have_the_types_of_training(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train=FOREST)
    code = ["007", "x1"] * 40
    project.code(
        train="""
        class Kinds:
            def predict(self, frame):
                assert str(frame["code"].dtype) in ("str", "object")
                assert frame["size"].dtype == "float64"
                return ["big" if code == "007" else "small" for code in frame["code"]]

        def train(features, target, *, params, seed):
            return Kinds()
        """
    )
    project.data(rows.assign(code=code))
    held_out = pd.DataFrame({"code": ["007", "007"], "size": [1, 2], "label": ["big", "small"]})
    held_out = held_out.assign(count=1, new=True)
    project.data(held_out, "later.csv", held_out=True)
    result = project.train_here(project.job(split=Split(file="later.csv")))
    assert (result.train_rows, result.test_rows) == (80, 2)
    assert result.evaluation is not None
    assert result.evaluation.overall.values["accuracy"] == 0.5
    project.data(held_out.drop(columns="new"), "later.csv", held_out=True)
    with pytest.raises(UsageError, match=r"expected column 'new' in 'later.csv', which lacks it"):
        project.train_here(project.job(split=Split(file="later.csv")))


def test_rows_without_a_target_do_not_change_the_type_of_an_output(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        train="""
        import numpy as np

        class Never:
            def predict(self, frame):
                return np.zeros((len(frame), 2))

        def train(features, target, *, params, seed):
            assert [str(one) for one in target.dtypes] == ["bool", "int64"], target.dtypes
            return Never()
        """
    )
    project.data(rows.assign(hot=[None, True, False, True] * 20, big=[None, 1, 0, 0] * 20))
    output = Output(name="y", kind="labels", target=("hot", "big"), classes=("hot", "big"))
    job = project.job()
    serve = job.serve.model_copy(update={"outputs": (output,)})
    given = {"task": "outputs", "target": None, "serve": serve}
    result = project.train_here(job.model_copy(update=given))
    assert result.train_rows + result.test_rows == 60
    assert result.evaluation is not None
    assert result.evaluation.overall.values["f1_micro"] == 0
