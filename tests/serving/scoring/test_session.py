"""A session: answers, rejected rows, and what is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scored_packages import Rule, ScoredPackage, rows, scored_package, session

from packager.data.rows.column_converter import RowError
from packager.errors import PackageError
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.model.row_blocks import BadRows, BlockAnswers, RowBlock
from packager.scoring.encode import BlockEncoder
from serving.scoring.session import ScoringSession


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


def test_the_counters_of_a_part_do_not_depend_on_the_parts_before(made: ScoredPackage) -> None:
    fresh, used = (session(made.root, made.manifest) for _ in range(2))
    for seed in range(20):
        answers(made, used, rows(177, seed))
        used.tally.finished()
    for own in (fresh, used):
        answers(made, own, rows(201, 99))
    assert fresh.tally.finished() == used.tally.finished()
