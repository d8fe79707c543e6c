"""Values that a model can't take are found by probing it, whatever its reaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worker_projects import Project

from packager.data.frames import infer_columns
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Schema
from packager.worker.processes.resilient_model import Reply, Row, RowOutcome
from packager.worker.train.rejected_values import (
    MAX_CALLS,
    MAX_CELLS,
    attribute_failure,
    missing_values,
    with_rejected_values,
)

FRAME = pd.DataFrame(
    {
        "a": [0.5, 1.5] * 50,
        "n": [1, 2] * 50,
        "color": ["red", "blue"] * 50,
        "text": [f"some words {i}" for i in range(100)],
        "at": pd.date_range("2024-01-01", periods=100),
        "flag": [True, False] * 50,
    }
)
SCHEMA = Schema(features=infer_columns(FRAME))
BASE: Row = {
    "a": 0.5,
    "n": 1,
    "color": "red",
    "text": "some words 1",
    "at": "2024-01-02T00:00:00",
    "flag": True,
}
BASES = (BASE, {**BASE, "a": 1.5})


class Answering:
    """In place of a process: ``judge`` says what comes of a row."""

    def __init__(self, judge: Any) -> None:
        self.judge = judge
        self.may_end = True
        self.asked: list[Row] = []

    def query(self, rows: Sequence[Row]) -> Reply:
        (row,) = rows
        self.asked.append(row)
        return Reply(self.judge(row))


def found(judge: Any) -> dict[str, Column]:
    schema = with_rejected_values(SCHEMA, Answering(judge), BASES)  # type: ignore[arg-type]
    return {column.name: column for column in schema.features}


def refused(judge: Any) -> dict[str, tuple[str, ...]]:
    return {name: column.refuses for name, column in found(judge).items() if column.refuses}


def test_a_model_that_takes_everything_is_queried_once_a_kind() -> None:
    asker = Answering(lambda _: "answered")
    assert with_rejected_values(SCHEMA, asker, BASES) == SCHEMA  # type: ignore[arg-type]
    assert len(asker.asked) == 5
    assert asker.asked[0] == dict.fromkeys(BASE)
    assert asker.asked[3]["a"] == -1.7976931348623157e308
    assert asker.asked[4]["n"] == 2**63 - 1


@given(st.sets(st.sampled_from(sorted(BASE))))
def test_exactly_the_columns_that_are_the_reason_are_found(columns: set[str]) -> None:
    def judge(row: Row) -> RowOutcome:
        return "raises" if any(row[name] is None for name in columns) else "answered"

    assert refused(judge) == dict.fromkeys(columns, ("null",))


def test_kinds_are_distinguished() -> None:
    def judge(row: Row) -> RowOutcome:
        if row["color"] not in ("red", "blue"):
            return "raises"  # null and empty text too
        if row["a"] is not None and abs(row["a"]) > 1e300:
            return "raises"
        if row["n"] is not None and row["n"] < 0:
            return "ends"
        return "hangs" if row["text"] == "" else "answered"

    columns = found(judge)
    assert {name: column.refuses for name, column in columns.items()} == {
        "a": ("extreme",),
        "n": ("extreme",),
        "color": ("null", "unseen", "empty"),
        "text": ("empty",),
        "at": (),
        "flag": (),
    }
    fatal = {name: column.fatal for name, column in columns.items() if column.fatal}
    assert fatal == {"n": ("extreme",), "text": ("empty",)}


def test_codes_are_probed_with_a_number_between_them() -> None:
    frame = pd.DataFrame(
        {
            "store": [11, 25, 93],
            "count": [1, 2, 3],
            "wide": pd.array([2**64 - 1, 5, 6], "UInt64"),
            "some": pd.array([4, None, 6], "Int64"),
        }
    )
    schema = Schema(features=infer_columns(frame))
    gaps = missing_values(schema, frame)
    assert gaps == {"store": 12, "wide": 7, "some": 5}
    base = {"store": 11, "count": 1, "wide": 5, "some": 4}
    asker = Answering(lambda row: "raises" if row["store"] not in (11, 25, 93) else "answered")
    described = with_rejected_values(schema, asker, [base], gaps)  # type: ignore[arg-type]
    assert described.features[0].refuses == ("null", "unseen", "extreme")
    assert not any(column.refuses for column in described.features[1:])


def test_what_one_base_row_is_answered_with_is_not_refused() -> None:
    def judge(row: Row) -> RowOutcome:
        return "raises" if row["n"] is None and row["a"] == 0.5 else "answered"

    assert refused(judge) == {}


def test_no_answer_to_null_is_a_refusal_and_to_a_far_number_it_is_none() -> None:
    def judge(row: Row) -> RowOutcome:
        far = row["a"] is not None and abs(row["a"]) > 1e300
        return "no answer" if row["a"] is None or far else "answered"

    assert refused(judge) == {"a": ("null",)}


def test_a_null_that_training_had_is_answered_with_null() -> None:
    frame = pd.DataFrame({"a": [0.5, None] * 5})
    schema = Schema(features=infer_columns(frame))
    asker = Answering(lambda row: "no answer" if row["a"] is None else "answered")
    assert with_rejected_values(schema, asker, [{"a": 0.5}]) == schema  # type: ignore[arg-type]


def test_where_no_more_processes_may_end_all_columns_in_question_are_blamed() -> None:
    names = [f"x{place}" for place in range(8)]

    def test(some: Sequence[str]) -> RowOutcome:
        return "ends" if "x5" in some else "answered"

    assert attribute_failure(names, test, lambda: True) == {"x5": "ends"}
    left = iter((True, True))
    assert attribute_failure(names, test, lambda: next(left, False)) == dict.fromkeys(
        ["x4", "x5"], "ends"
    )
    assert attribute_failure(names, test, lambda: False) == dict.fromkeys(names, "ends")


@pytest.mark.slow
def test_the_rows_that_are_queried_are_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({f"x{place}": [0.0, 1.0] for place in range(3_000)})
    schema = Schema(features=infer_columns(frame))
    base = dict.fromkeys(frame, 0.5)
    asker = Answering(lambda row: "raises" if None in row.values() else "answered")
    with_rejected_values(schema, asker, [base, base])  # type: ignore[arg-type]
    assert len(asker.asked) <= min(MAX_CALLS, MAX_CELLS // 3_000)
    assert (
        "not all columns were tested for values that the model rejects" in capsys.readouterr().err
    )


MODEL = """
    import os, time

    class Model:
        classes_ = ["big", "small"]

        def predict(self, frame):
            print("printed by the model")
            if frame["size"].isna().any():
                os._exit(3)
            if (frame["count"] > 10**9).any():
                raise RuntimeError("too many")
            if not frame["code"].isin(["k-1", "k-2", "k-3"] + [f"r-{i}" for i in range(80)]).all():
                raise KeyError("code")
            return ["big" if size > 4 else "small" for size in frame["size"]]

    def train(features, target, *, params, seed):
        return Model()
"""


@pytest.mark.slow
def test_a_model_that_exits_or_knows_only_its_own_codes_is_built(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train="from model import Model, train\n", model=MODEL)
    project.data(rows.assign(code=[f"r-{place}" for place in range(80)]))
    ended = project.start(project.job(query_model=True))
    assert ended.code == 0, ended.stderr
    result = json.loads((project.out / "result.json").read_bytes())
    columns = {column["name"]: column for column in result["schema"]["features"]}
    assert columns["size"]["refuses"] == columns["size"]["fatal"] == ["null"]
    assert (columns["count"]["refuses"], columns["count"]["fatal"]) == (["extreme"], [])
    assert columns["code"]["refuses"] == ["null", "unseen", "empty"]
    assert columns["new"]["refuses"] == []
    golden = Golden.load(project.out / "golden.json")
    known = {f"r-{place}" for place in range(80)}
    assert golden.rows == () or {row["code"] for row in golden.rows} <= known
    real = Golden.load(project.out / "smoke_test.json")
    assert len(real.rows) == len(real.expected) == 8
    assert {row["code"] for row in real.rows} <= known
    assert not list(Path(project.out).glob("asking-*"))
