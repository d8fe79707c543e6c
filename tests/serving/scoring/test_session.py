"""A session: answers, rejected rows, and what is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scored_packages import (
    SUMS,
    Rule,
    ScoredPackage,
    rows,
    scored_package,
    served_solution,
    session,
    solution_package,
)
from serving_helpers import start, wait_ready

from packager.data.rows.column_converter import RowError
from packager.errors import PackageError
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.model.hosted import SolutionMemberError
from packager.model.paths import Root
from packager.model.row_blocks import BadRows, BlockAnswers, RowBlock
from packager.scoring.answers import flag_lists
from packager.scoring.encode import BlockEncoder
from serving.scoring.session import ScoringSession, scoring_session
from tests.support.solution_samples import loaded_solution


@pytest.fixture
def made(tmp_path: Path) -> ScoredPackage:
    return scored_package(tmp_path)


def block(made: ScoredPackage, table: pa.Table, first: int = 0) -> RowBlock:
    return BlockEncoder(made.manifest, DEFAULT_OPTIONS, "rows").encode(table, first)


def answers(
    made: ScoredPackage, own: ScoringSession, table: pa.Table, bad: BadRows = "fail"
) -> BlockAnswers:
    checked = own.check(block(made, table, 500), bad)
    return own.answer(checked, 500, bad)


def test_answers_are_those_of_the_model(made: ScoredPackage) -> None:
    table = rows(200)
    found = answers(made, session(made.root, made.manifest), table)
    frame = table.select(["size", "rank", "colour", "new"]).to_pandas()
    assert found.predictions.labels == Rule().predict(frame).tolist()
    assert found.predictions.probabilities is not None
    assert np.array_equal(found.predictions.probabilities, Rule().predict_proba(frame))
    assert {name for name, _ in found.flags} == {
        "size:missing",
        "size:out_of_range",
        "colour:missing",
        "colour:unseen",
    }
    assert found.rejected == []


def with_sizes(*sizes: float | None) -> pa.Table:
    table = rows(len(sizes))
    return table.set_column(1, "size", pa.array(sizes, pa.float64()))


def test_a_row_that_the_model_raises_on_is_named_or_rejected(made: ScoredPackage) -> None:
    own = session(made.root, made.manifest)
    table = with_sizes(0.5, 13.0, 0.25, 13.0)
    with pytest.raises(PackageError, match=r"^row 501: .*13 brings bad luck"):
        answers(made, own, table)
    found = answers(made, own, table, "skip")
    assert [row for row, _ in found.rejected] == [1, 3]
    assert "13 brings bad luck" in found.rejected[0][1]
    assert len(found.predictions.labels) == 2


def test_an_invalid_row_is_named_or_rejected(made: ScoredPackage) -> None:
    own = session(made.root, made.manifest)
    table = with_sizes(0.5, float("inf"), 13.0, 1.0)
    with pytest.raises(RowError, match=r"^row 501, column \"size\": expected"):
        answers(made, own, table)
    found = answers(made, own, table, "null")
    assert [row for row, _ in found.rejected] == [1, 2]
    wanted = 'column "size": expected a finite float64 number, got Infinity'
    assert found.rejected[0][1] == wanted


@pytest.mark.server
@pytest.mark.slow
def test_the_session_of_a_solution_answers_as_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = served_solution(tmp_path / "package")
    table = rows(60).select(["size", "rank", "colour", "new"])
    monkeypatch.chdir(package.root / "code")
    with scoring_session(Root(package.root)) as own:
        asked = BlockEncoder(package.manifest, DEFAULT_OPTIONS, "rows").encode(table, 0)
        found = own.answer(own.check(asked, "fail"), 0, "fail")
    server = start(package, tmp_path)
    try:
        wait_ready(server)
        told = server.predict(table.to_pylist()).json["predictions"]
    finally:
        assert server.stop() == 0
    assert [one["prediction"] for one in told] == found.predictions.labels
    assert [one["flags"] for one in told] == flag_lists(found.flags, 60).to_pylist()


@pytest.mark.slow
@pytest.mark.parametrize("bad", ["fail", "skip", "null"])
def test_a_member_that_ends_is_named_and_no_row_is_rejected(tmp_path: Path, bad: BadRows) -> None:
    made = solution_package(tmp_path)
    with loaded_solution(tmp_path / "solution", SUMS) as solution:
        own = session(made.root, made.manifest, solution)
        said = "^member 'double' ended with signal SIGKILL; another process starts"
        with pytest.raises(SolutionMemberError, match=said):
            answers(made, own, with_sizes(0.5, 666.0, 1.0), bad)


def test_a_row_that_a_member_raises_on_is_rejected(tmp_path: Path) -> None:
    made = solution_package(tmp_path)
    with loaded_solution(tmp_path / "solution", SUMS) as solution:
        own = session(made.root, made.manifest, solution)
        table = with_sizes(0.5, 777.0, 1.0)
        found = answers(made, own, table, "skip")
        assert [row for row, _ in found.rejected] == [1]
        assert "member 'double': the model raised ValueError: no 777" in found.rejected[0][1]
        ranks = table["rank"].to_pylist()
        assert found.predictions.labels == [1.0 + ranks[0], 2.0 + ranks[2]]


@pytest.mark.slow
def test_rows_are_counted_once_and_only_those_with_an_answer(made: ScoredPackage) -> None:
    own = session(made.root, made.manifest)
    answers(made, own, rows(200))
    answers(made, own, with_sizes(0.5, 13.0), "skip")
    counters = {
        (name, tuple(sorted(labels.items()))): v for name, labels, v in own.tally.finished()
    }
    by_slice = {
        dict(labels)["slice"]: value
        for (name, labels), value in counters.items()
        if name == "model_slice_predictions_total"
    }
    assert by_slice["__all__"] == 201
    assert sum(value for name, value in by_slice.items() if name != "__all__") == 201
    flagged = [v for (n, labels), v in counters.items() if n == "model_feature_anomalies_total"]
    assert sum(flagged) > 0
    assert own.tally.finished() == []


@pytest.mark.slow
def test_the_counters_of_a_part_do_not_depend_on_the_parts_before(made: ScoredPackage) -> None:
    fresh, used = (session(made.root, made.manifest) for _ in range(2))
    for seed in range(20):
        answers(made, used, rows(177, seed))
        used.tally.finished()
    for own in (fresh, used):
        answers(made, own, rows(201, 99))
    assert fresh.tally.finished() == used.tally.finished()


class Counting(Rule):
    """Counts the rows that it is asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        self.asked += len(frame)
        return super().predict_proba(frame)


@pytest.mark.slow
def test_rows_that_the_model_raises_on_are_found_by_halves(made: ScoredPackage) -> None:
    model = Counting()
    own = session(made.root, made.manifest, model)
    bad = range(7, 2_000, 50)
    table = with_sizes(*(13.0 if row in bad else 0.5 for row in range(2_000)))
    found = answers(made, own, table, "skip")
    assert [row for row, _ in found.rejected] == [*bad]
    assert len(found.predictions.labels) == 2_000 - len(bad)
    assert model.asked <= 15 * 2_000  # one bad row after the other, over 40 times
